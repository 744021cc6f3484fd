/** Settings of feeds of the kind `application-insights`. */
import { z } from 'zod'
import { guid, secret } from '../common.ts'
import { requestTimeout, spanSettings } from './spans.ts'

export const applicationInsightsFeed = z.strictObject({
  kind: z
    .literal('application-insights')
    .describe('spans to Application Insights, as requests and dependencies. They never have prompts or completions.'),
  connectionString: z
    .string()
    .regex(
      /^(?=.*\bInstrumentationKey=)/is,
      'a connection string of the resource, as InstrumentationKey=...;IngestionEndpoint=https://...',
    )
    .describe(
      `Connection string of the resource, from \${env:NAME} or \${file:PATH}. It names the endpoint and the key.`,
    )
    .meta(secret),
  credential: z
    .union(
      [
        z.literal('connection-string').describe('The key of the connection string is all.'),
        z.literal('managed-identity').describe("A token of the gateway's own managed identity as well."),
        z.strictObject({ managedIdentity: guid.describe('Client id of a user-assigned managed identity.') }),
      ],
      { error: 'connection-string, managed-identity or { managedIdentity: CLIENT-ID }' },
    )
    .default('connection-string')
    .describe(
      'How the gateway signs in. A resource without local authentication needs an identity with the role Monitoring Metrics Publisher.',
    ),
  timeout: requestTimeout,
  ...spanSettings(200),
})
