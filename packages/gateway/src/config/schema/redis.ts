/** Section `redis`: what replicas share. */
import { z } from 'zod'
import { duration, guid, name, secret } from './common.ts'

export const redis = z.strictObject({
  url: z
    .string()
    .regex(/^rediss?:\/\/\S+$/, 'a Redis URL, as redis://localhost:6379 or rediss://cache.example.net:6380')
    .describe(`Address of Redis 7 or Valkey; rediss:// for TLS. A password comes from \${env:NAME} or \${file:PATH}.`)
    .meta(secret),
  username: z.string().min(1).optional().describe('User (ACL). Default: that of the URL, or none.'),
  password: z.string().min(1).optional().describe('Password. Default: that of the URL, or none.').meta(secret),
  credential: z
    .union(
      [
        z.literal('managed-identity').describe("The gateway's own managed identity."),
        z.strictObject({ managedIdentity: guid.describe('Client id of a user-assigned managed identity.') }),
      ],
      { error: 'managed-identity or { managedIdentity: CLIENT-ID }' },
    )
    .optional()
    .describe(
      'Sign in with tokens of Microsoft Entra ID instead of a password, as for Azure Managed Redis. The user is the object id in the token.',
    ),
  cluster: z.boolean().default(false).describe('True for a Redis cluster: the URL names one of its nodes.'),
  keyPrefix: name
    .default('gatehouse')
    .describe('First part of every key. Gateways with the same one share limits and objects.'),
  timeout: duration('10ms', '10s', '250ms').describe('Time for an answer; after it the store counts as down.'),
})
