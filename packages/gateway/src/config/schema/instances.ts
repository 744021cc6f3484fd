/** Section `instances`: Azure OpenAI resources and their deployments. */
import { z } from 'zod'
import { backends } from '../../wire/backends.ts'
import { ownLimits } from './amounts.ts'
import { duration, guid, httpUrl, secret } from './common.ts'

const deployment = z.strictObject({
  model: z
    .string()
    .min(1)
    .describe(
      'Model of the deployment, as gpt-4o: chooses the tokenizer and, where an answer names no priced one, the price.',
    ),
  kind: z
    .enum(['standard', 'provisioned'])
    .default('standard')
    .describe('Pay as you go, or provisioned throughput (PTU).'),
  limits: ownLimits.optional().describe('Limits of this deployment on this instance; as of a rule with `instances`.'),
})

/** Scope of a managed identity's token where none is configured. */
export const standardScope = 'https://cognitiveservices.azure.com/.default'

const backendKinds = Object.keys(backends) as (keyof typeof backends)[]

export const instance = z.strictObject({
  kind: z
    .enum(backendKinds)
    .default('azure-openai')
    .describe(
      'The kind of server. `openai`: OpenAI itself, or a server with the same API, such as vLLM; the gateway signs in with a key, and its deployments have the names of its models.',
    ),
  endpoint: httpUrl.describe(
    'Endpoint of the Azure OpenAI resource, or of the OpenAI server (`https://api.openai.com`), without a path.',
  ),
  region: z.string().min(1).optional().describe('Azure region, for reports.'),
  credential: z
    .union(
      [
        z.literal('caller').describe("Pass the caller's own token on."),
        z.literal('managed-identity').describe("The gateway's own managed identity."),
        z.strictObject({ managedIdentity: guid.describe('Client id of a user-assigned managed identity.') }),
        z.strictObject({
          key: z.string().min(16).describe(`API key, from \${env:NAME} or \${file:PATH}.`).meta(secret),
        }),
      ],
      { error: `caller, managed-identity, { managedIdentity: CLIENT-ID } or { key: "\${env:NAME}" }` },
    )
    .default('managed-identity')
    .describe('How the gateway signs in to this instance.'),
  scope: z.string().min(1).default(standardScope).describe('Scope of the managed identity’s token.'),
  connectionsMax: z.int().min(1).max(65_535).default(10_000).describe('Connections to this instance at once.'),
  deployments: z.record(z.string().min(1).max(64), deployment).describe('Deployments by name.'),
  limits: ownLimits.optional().describe('Limits of all calls to this instance.'),
  breaker: z
    .strictObject({
      failures: z
        .int()
        .min(1)
        .max(1_000)
        .default(5)
        .describe('Failures in a row (5xx, timeouts, connection errors) after which a deployment is not used.'),
      failureShare: z
        .number()
        .min(0.05)
        .max(1)
        .default(0.5)
        .describe('Share of failed calls within `window`, of at least 20 calls, after which it is not used.'),
      window: duration('1s', '10m', '30s').describe('Time over which the share is counted.'),
      open: duration('100ms', '10m', '10s').describe('How long it is not used before one call tries again.'),
      retryAfterMax: duration('1s', '1h', '60s').describe(
        'Longest Retry-After that counts: Azure may say a day, and capacity comes back sooner.',
      ),
    })
    .prefault({})
    .describe('When the gateway stops using a deployment of this instance for a while.'),
  probe: z
    .strictObject({
      every: duration('1s', '1h', '30s').describe('Time between two probes.'),
      timeout: duration('100ms', '1m', '5s').describe('Time that a probe may take.'),
    })
    .optional()
    .describe(
      'Active probes (GET of the model list, which is not billed). Default: none; the results of calls show its health.',
    ),
})
