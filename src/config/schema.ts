/**
 * The configuration: one YAML file, strict. This schema is the one source of the reference (docs/configuration.md), of the
 * JSON Schema for editors (gatehouse.schema.json) and of the types below. `describe` texts are the reference's texts.
 * Rules across fields live in `rules.ts`; reading, `${env:NAME}` and `${file:PATH}` in `load.ts`; messages in `messages.ts`.
 */
import { z } from 'zod'

const unitMs = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const

/** `500ms`, `30s`, `5m`, `12h`, `400d`, within bounds; read as milliseconds. */
function duration(least: string, most: string, standard: string) {
  return z
    .string()
    .regex(/^\d{1,9}(ms|s|m|h|d)$/, 'a whole number and a unit: ms, s, m, h or d, as in 30s')
    .transform(durationMs)
    .refine(ms => ms >= durationMs(least) && ms <= durationMs(most), `between ${least} and ${most}`)
    .prefault(standard)
    .meta({ title: 'duration', default: standard, range: `${least} .. ${most}` })
}

/** `30s` -> 30000. The text must have the form of `duration`. */
export function durationMs(text: string): number {
  const [, amount, unit] = /^(\d+)(ms|s|m|h|d)$/.exec(text) ?? []
  return Number(amount) * unitMs[(unit ?? 'ms') as keyof typeof unitMs]
}

/** Names appear in URLs, reports and metrics. */
const name = z
  .string()
  .regex(
    /^[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?$/,
    'lower-case letters, digits, dots, hyphens and underscores, at most 64, letter or digit at both ends',
  )
  .meta({ title: 'name' })

const guid = z
  .string()
  .regex(/^[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/, 'a GUID, as 11111111-2222-3333-4444-555555555555')
  .toLowerCase()
  .meta({ title: 'GUID' })

const listen = z
  .string()
  .regex(/^(\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]+):\d{1,5}$/, 'ADDRESS:PORT, as 0.0.0.0:8080 or [::]:8080')
  .refine(text => Number(text.slice(text.lastIndexOf(':') + 1)) <= 65_535, 'a port from 0 (any free one) to 65535')
  .meta({ title: 'ADDRESS:PORT' })

const httpUrl = z
  .url({ protocol: /^https?$/, error: 'an http(s) URL, as https://contoso.openai.azure.com' })
  .meta({ title: 'URL' })

/** One way to match a caller. Exactly one key each; a list of rules matches when one of them does. */
export const callerRule = z
  .union(
    [
      z.strictObject({ user: guid.describe('Object id (`oid`) of a person.') }),
      z.strictObject({
        app: guid.describe('Application (client) id, claim `appid` or `azp`, of an application calling as itself.'),
      }),
      z.strictObject({ group: guid.describe('Object id of a group, claim `groups`.') }),
      z.strictObject({ role: z.string().min(1).describe('App role, claim `roles`.') }),
      z.strictObject({ scope: z.string().min(1).describe('Delegated permission, claim `scp`.') }),
      z.strictObject({
        managedIdentity: z
          .string()
          .regex(/^\/subscriptions\/.+/i, 'the ARM id of a managed identity, as /subscriptions/…')
          .toLowerCase()
          .describe('ARM id of a managed identity, claim `xms_mirid`.'),
      }),
      z.strictObject({ tenant: guid.describe('Every verified caller of this tenant.') }),
    ],
    { error: 'one rule with exactly one of: user, app, group, role, scope, managedIdentity, tenant' },
  )
  .meta({ title: 'caller rule' })
export type CallerRule = z.infer<typeof callerRule>

const gateway = z.strictObject({
  listen: listen.default('127.0.0.1:8080').describe('Address and port on which clients call. Port 0 takes a free one.'),
  publicUrl: httpUrl
    .optional()
    .describe(
      'Address that clients see, for the protected-resource metadata (RFC 9728). Default: from the Host header of the request.',
    ),
  bodyBytesMax: z
    .int()
    .min(1_024)
    .max(1_073_741_824)
    .default(33_554_432)
    .describe(
      'Largest request body, in bytes, also after decompression; larger ones are answered 413. Multipart uploads are streamed and count against `uploadBytesMax`.',
    ),
  uploadBytesMax: z
    .int()
    .min(1_024)
    .max(10_737_418_240)
    .default(536_870_912)
    .describe('Largest multipart upload, in bytes; larger ones are answered 413 or cut.'),
  connectionsMax: z
    .int()
    .min(1)
    .max(1_000_000)
    .default(20_000)
    .describe('Client connections at once; further ones are closed.'),
  trustForwardedFor: z
    .boolean()
    .default(false)
    .describe('Take the client address from the last entry of X-Forwarded-For. Only behind a proxy that writes it.'),
  timeouts: z
    .strictObject({
      requestHeaders: duration('1s', '5m', '30s').describe(
        'Time in which a client must have sent its request headers.',
      ),
      requestBody: duration('1s', '1h', '2m').describe(
        'Time in which a client must have sent its request body; 408 beyond it. In an upload, the longest pause.',
      ),
      connect: duration('100ms', '2m', '10s').describe('Time to connect to a backend; 504 beyond it.'),
      firstByte: duration('1s', '1h', '5m').describe(
        'Time from sending a request to the first byte of the answer; 504 beyond it.',
      ),
      streamIdle: duration('1s', '1h', '2m').describe(
        'Longest silence between two chunks of an answer; the answer is cut beyond it.',
      ),
      total: duration('1s', '24h', '30m').describe('Longest duration of one exchange; 504 or a cut beyond it.'),
      keepAlive: duration('1s', '1h', '75s').describe('How long an idle client connection stays open.'),
      shutdownGrace: duration('1s', '1h', '60s').describe('How long SIGTERM waits for exchanges in flight.'),
    })
    .prefault({})
    .describe('How long each part of an exchange may take.'),
})

const admin = z.strictObject({
  listen: listen
    .default('127.0.0.1:8081')
    .describe('Address and port of the management API; another one than `gateway.listen`.'),
  roles: z
    .strictObject({
      viewer: z.array(callerRule).default([]).describe('May read figures: usage, records without bodies, instances.'),
      auditor: z.array(callerRule).default([]).describe('May read bodies as well: prompts and completions.'),
    })
    .prefault({})
    .describe('Who may read what through the management API and the CLI. Nobody, unless listed.'),
})

const identity = z.strictObject({
  entra: z
    .strictObject({
      authority: httpUrl
        .default('https://login.microsoftonline.com')
        .describe('Sign-in service. Sovereign clouds have their own.'),
      tenants: z.array(guid).min(1).describe('Tenant ids whose tokens are accepted.'),
      audiences: z
        .array(z.string().min(1))
        .min(1)
        .default(['https://cognitiveservices.azure.com', 'https://ai.azure.com'])
        .describe(
          'Accepted values of claim `aud`: resource URIs (a trailing slash does not matter) or client ids of own app registrations.',
        ),
      clients: z
        .array(guid)
        .optional()
        .describe(
          'When given, only tokens obtained by these client applications are accepted (claim `appid` or `azp`).',
        ),
      clockSkew: duration('0s', '10m', '60s').describe('Tolerance for `exp` and `nbf`.'),
      signInClient: guid
        .default('04b07795-8ddb-461a-bbee-02f9e1bf7b46')
        .describe(
          'Public client id with which `gatehouse login` signs people in. The default is the well-known id of the Azure CLI.',
        ),
    })
    .describe('Microsoft Entra ID.'),
})

const deployment = z.strictObject({
  model: z.string().min(1).describe('Model behind the deployment, as gpt-4o: chooses the tokenizer.'),
  kind: z
    .enum(['standard', 'provisioned'])
    .default('standard')
    .describe('Pay as you go, or provisioned throughput (PTU).'),
})

const instance = z.strictObject({
  endpoint: httpUrl.describe('Endpoint of the Azure OpenAI resource, without a path.'),
  region: z.string().min(1).optional().describe('Azure region, for reports.'),
  credential: z
    .union(
      [
        z.literal('caller').describe("Pass the caller's own token on."),
        z.literal('managed-identity').describe("The gateway's own managed identity."),
        z.strictObject({ managedIdentity: guid.describe('Client id of a user-assigned managed identity.') }),
        z.strictObject({ key: z.string().min(16).describe(`API key, from \${env:NAME} or \${file:PATH}.`) }),
      ],
      { error: `caller, managed-identity, { managedIdentity: CLIENT-ID } or { key: "\${env:NAME}" }` },
    )
    .default('managed-identity')
    .describe('How the gateway signs in to this instance.'),
  scope: z
    .string()
    .min(1)
    .default('https://cognitiveservices.azure.com/.default')
    .describe('Scope of the managed identity’s token.'),
  connectionsMax: z.int().min(1).max(65_535).default(10_000).describe('Connections to this instance at once.'),
  deployments: z.record(z.string().min(1).max(64), deployment).describe('Deployments by name.'),
})

const pool = z.strictObject({
  members: z
    .array(
      z.strictObject({
        instance: name.describe('Name of an instance.'),
        priority: z
          .int()
          .min(1)
          .max(100)
          .default(1)
          .describe('Lower is used first; a higher one only when no lower one has the deployment.'),
        weight: z.int().min(1).max(1_000).default(1).describe('Share of calls within its priority.'),
      }),
    )
    .min(1)
    .describe(
      'Instances of the pool, each once. Deployments of the same name must have the same model in all of them.',
    ),
})

const workload = z.strictObject({
  callers: z.array(callerRule).min(1).describe('Who may call as this workload.'),
  targets: z.array(name).min(1).describe('Instances and pools that it may use.'),
  deployments: z.array(z.string().min(1)).min(1).describe('Deployments that it may use.'),
  capture: z
    .enum(['full', 'metadata'])
    .default('full')
    .describe('What the ledger keeps: figures and bodies, or figures alone.'),
})

const ledger = z.strictObject({
  directory: z
    .string()
    .min(1)
    .default('./ledger')
    .describe('Directory of the journal and the store, relative to the configuration file. One process at a time.'),
  fsync: z
    .union([z.literal('batch'), duration('10ms', '1m', '1s')], { error: 'batch, or a duration from 10ms to 1m, as 1s' })
    .prefault('1s')
    .describe(
      '`batch`: every group of writes is on the disk before it counts. A duration: at this interval; a power cut (not a crash of the process) may lose that much.',
    ),
  whenUnwritable: z
    .enum(['refuse', 'continue'])
    .default('refuse')
    .describe('When the disk cannot be written: refuse calls with 503, or go on and count what was lost.'),
  retain: z
    .strictObject({
      records: duration('1d', '36500d', '400d').describe('How long figures are kept.'),
      bodies: duration('1d', '36500d', '30d').describe('How long bodies are kept; at most as long as figures.'),
    })
    .prefault({})
    .describe('How long the ledger keeps what.'),
})

const log = z.strictObject({
  level: z
    .enum(['debug', 'info', 'warn', 'error', 'silent'])
    .default('info')
    .describe('Least severity that is logged, as JSON lines on standard error.'),
})

export const configSchema = z.strictObject({
  gateway: gateway.prefault({}).describe('The data plane: what clients talk to.'),
  admin: admin.prefault({}).describe('The management API, on a listener of its own.'),
  identity: identity.describe('Whose tokens are accepted.'),
  instances: z.record(name, instance).describe('Azure OpenAI resources by name.'),
  pools: z
    .record(name, pool)
    .default({})
    .describe('Groups of instances by name. Pools and instances share one namespace.'),
  workloads: z.record(name, workload).describe('Use cases by name: who may call, and what.'),
  ledger: ledger.prefault({}).describe('Where records are kept.'),
  log: log.prefault({}).describe('What the process says about itself. Never a credential, never a prompt.'),
})

/** A configuration that was read and checked: defaults filled in, durations in milliseconds, GUIDs in lower case. */
export type Config = z.output<typeof configSchema>
/** A configuration as it is written. */
export type ConfigInput = z.input<typeof configSchema>
export type InstanceConfig = Config['instances'][string]
export type WorkloadConfig = Config['workloads'][string]
