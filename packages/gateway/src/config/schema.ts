/**
 * The configuration: one YAML file, strict. This schema is the one source of the reference (docs/configuration.md), of the
 * JSON Schema for editors (gatehouse.schema.json) and of the types below. `describe` texts are the reference's texts.
 * Rules across fields live in `rules/`; reading, `${env:NAME}` and `${file:PATH}` in `load.ts`; messages in `messages.ts`.
 */
import { z } from 'zod'
import { standardTools, toolNames } from '../wire/tools.ts'

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

/** What a browser sends as `Origin`: of a page over TLS, or of one on the machine of its developer. */
const pageOrigin = z
  .string()
  .regex(
    /^(?:https:\/\/[a-z0-9._-]+|http:\/\/(?:localhost|127\.0\.0\.1|\[::1\]))(?::\d{1,5})?$/,
    'https://HOST or https://HOST:PORT in lower case without a path, or http://localhost:PORT',
  )
  .refine(text => URL.parse(text)?.origin === text, 'as browsers send it, without the port that the scheme has anyway')
  .meta({ title: 'origin' })

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

/** `500 USD`, `12.50 EUR`: an amount and a currency (ISO 4217). */
const money = z
  .string()
  .regex(/^\d{1,12}(?:\.\d{1,6})? [A-Z]{3}$/, 'an amount and a currency, as 500 USD or 12.50 EUR')
  .transform(moneyOf)
  .refine(({ nano }) => nano > 0 && nano <= 1e15, 'more than 0 and at most 1000000')
  .meta({ title: 'amount of money', range: '> 0 .. 1000000' })

/** `12.50 EUR` -> 12,500,000,000 nano-EUR. The text must have the form of `money`. */
export function moneyOf(text: string): { readonly nano: number; readonly currency: string } {
  const [amount = '0', currency = ''] = text.split(' ')
  const [whole = '0', fraction = ''] = amount.split('.')
  return { nano: Number(whole) * 1e9 + Number(fraction.padEnd(9, '0')), currency }
}

const aboveZero = 'at least 1; for no limit, leave it out'
const tokens = z.int().min(1, aboveZero).max(1_000_000_000_000)
const calls = z.int().min(1, aboveZero).max(1_000_000_000)

/** What can be limited; each at most once per rule. */
const amounts = {
  tokensPerMinute: tokens.optional().describe('Tokens in any 60 seconds (a sliding window).'),
  tokensPerHour: tokens
    .optional()
    .describe('Tokens in a calendar hour. Hours, days, weeks (from Monday) and months are those of `limits.timeZone`.'),
  tokensPerDay: tokens.optional().describe('Tokens in a calendar day.'),
  tokensPerWeek: tokens.optional().describe('Tokens in a calendar week.'),
  tokensPerMonth: tokens.optional().describe('Tokens in a calendar month.'),
  requestsPerSecond: calls.optional().describe('Calls in any second (a sliding window).'),
  requestsPerMinute: calls.optional().describe('Calls in any 60 seconds (a sliding window).'),
  callsInFlight: calls.optional().describe('Calls under way at once.'),
  costPerDay: money.optional().describe('Cost in a calendar day, in the currency of the price catalogue.'),
  costPerMonth: money.optional().describe('Cost in a calendar month.'),
}
const mode = z
  .enum(['enforce', 'shadow'])
  .default('enforce')
  .describe('`shadow` refuses nothing and reports what would have been refused: for trying a rule out.')

/** The amounts that a rule can limit, in the order of the reference. */
export const limitNames = Object.keys(amounts) as readonly LimitName[]
export type LimitName = keyof typeof amounts

const ownLimits = z.strictObject({ ...amounts, mode })
const workloadLimits = z.strictObject({
  ...amounts,
  mode,
  perCaller: ownLimits.optional().describe('The same for each caller within the workload.'),
})

/** Whom a limit can name. Groups and roles are for binding callers to workloads: a record does not keep them, so a restart could not count them again. */
const limitedCaller = z
  .union(
    [
      z.strictObject({ user: guid.describe('Object id of a person.') }),
      z.strictObject({ app: guid.describe('Application (client) id.') }),
      z.strictObject({ tenant: guid.describe('Every caller of this tenant.') }),
    ],
    { error: 'one caller with exactly one of: user, app, tenant' },
  )
  .meta({ title: 'limited caller' })

const limitRule = z.strictObject({
  ...amounts,
  mode,
  workloads: z.array(name).min(1).optional().describe('Calls of these workloads, counted together. Default: of all.'),
  callers: z.array(limitedCaller).min(1).optional().describe('Calls of these callers. Default: of all.'),
  deployments: z.array(z.string().min(1)).min(1).optional().describe('Calls on these deployments. Default: on all.'),
  instances: z
    .array(name)
    .min(1)
    .optional()
    .describe('Calls that go to these instances. A full instance is passed over while its pool has another one.'),
  per: z
    .array(z.enum(['workload', 'caller', 'deployment', 'instance']))
    .default([])
    .describe(
      'Counts each of these by itself, as [caller] for so much per person. Default: all matching calls together.',
    ),
  counter: name
    .optional()
    .describe('Rules that name the same counter share what was used. Default: a counter of its own.'),
})

const headerName = z
  .string()
  .max(128)
  .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, 'the name of a header field, as x-company-team')
  .toLowerCase()
  .meta({ title: 'header name' })

const gateway = z.strictObject({
  listen: listen.default('127.0.0.1:8080').describe('Address and port on which clients call. Port 0 takes a free one.'),
  publicUrl: httpUrl
    .optional()
    .describe(
      'Address that clients see, for the protected-resource metadata (RFC 9728). Default: from the Host header of the request.',
    ),
  cors: z
    .strictObject({
      origins: z
        .array(pageOrigin)
        .max(1_000)
        .default([])
        .describe(
          'Origins whose pages may call from a browser, exactly as browsers send them. There is no wildcard. A page needs a token as everybody does.',
        ),
    })
    .prefault({})
    .describe('Calls from pages in browsers (CORS). None are possible unless listed.'),
  bodyBytesMax: z
    .int()
    .min(1_024)
    .max(1_073_741_824)
    .default(33_554_432)
    .describe(
      'Largest request body, in bytes, also after decompression; larger ones are answered 413. Multipart uploads are streamed and count against `uploadBytesMax`.',
    ),
  bodyBytesInFlight: z
    .int()
    .min(65_536)
    .max(1_099_511_627_776)
    .default(536_870_912)
    .describe(
      'Bytes of request bodies in memory at once, of all calls under way: as they came, decompressed, and as they are sent. Bodies beyond it are not read on for up to 5 s, then answered 503. At least 3 times `bodyBytesMax`.',
    ),
  bodyBytesInFlightPerCaller: z
    .int()
    .min(65_536)
    .max(1_099_511_627_776)
    .default(268_435_456)
    .describe(
      'The same for the calls of one caller; bodies up to 16 KiB are not in this sum. At least 3 times `bodyBytesMax`.',
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
  forwardHeaders: z
    .array(headerName)
    .default([])
    .describe(
      'Request header fields that reach instances besides those known to be harmless (docs/clients.md lists them). Everything else that a client sends stays behind. Credentials, fields of the connection, and fields that name another deployment, another address or another caller cannot be listed. With care: a field such as x-policy-id chooses another content filter of the resource.',
    ),
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
      readOn: duration('0s', '10m', '10s').describe(
        'How long an answer is read on towards its usage after its client left, so that leaving early hides nothing that is billed. The instance goes on for that long; where the end is not reached, the call is charged at least at what was reserved, and marked `bounded`. `0s` switches it off.',
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
      operator: z
        .array(callerRule)
        .default([])
        .describe('May read figures and act: probe an instance. Reads no bodies.'),
    })
    .prefault({})
    .describe('Who may read what through the management API and the CLI. Nobody, unless listed.'),
  metricsWithoutToken: z
    .boolean()
    .default(false)
    .describe(
      'Answer /metrics without a token, for scrapers that have none. It names workloads, instances and rules; never people.',
    ),
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
      graph: z
        .strictObject({
          endpoint: httpUrl
            .default('https://graph.microsoft.com')
            .transform(url => url.replace(/\/+$/, ''))
            .describe('Microsoft Graph. Sovereign clouds have their own.'),
          managedIdentity: guid
            .optional()
            .describe('Client id of a user-assigned managed identity that asks. Default: the system-assigned one.'),
          remember: duration('1m', '1d', '10m').describe(
            'How long an answer counts: so long somebody who left a group keeps what it gives.',
          ),
          timeout: duration('100ms', '30s', '5s').describe('Time that a question may take; 503 beyond it.'),
        })
        .optional()
        .describe(
          'Where groups are looked up that a token does not list, because its audience is Microsoft’s own or because there are more than 200. The managed identity needs the application permissions User.Read.All and GroupMember.Read.All for people, and Application.Read.All for applications. Default: what the token says is all that counts.',
        ),
      signInClient: guid
        .default('04b07795-8ddb-461a-bbee-02f9e1bf7b46')
        .describe(
          'Public client id with which `gatehouse login` signs people in. The default is the well-known id of the Azure CLI.',
        ),
    })
    .describe('Microsoft Entra ID.'),
})

const deployment = z.strictObject({
  model: z
    .string()
    .min(1)
    .describe(
      'Model behind the deployment, as gpt-4o: chooses the tokenizer and, where an answer names no priced one, the price.',
    ),
  kind: z
    .enum(['standard', 'provisioned'])
    .default('standard')
    .describe('Pay as you go, or provisioned throughput (PTU).'),
  limits: ownLimits.optional().describe('Limits of this deployment on this instance; as of a rule with `instances`.'),
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
  limits: ownLimits.optional().describe('Limits of all calls to this instance.'),
  breaker: z
    .strictObject({
      failures: z
        .int()
        .min(1)
        .max(1_000)
        .default(5)
        .describe('Failures in a row (5xx, time-outs, connection errors) after which a deployment is left alone.'),
      failureShare: z
        .number()
        .min(0.05)
        .max(1)
        .default(0.5)
        .describe('Share of failed calls within `window`, of at least 20, after which it is left alone.'),
      window: duration('1s', '10m', '30s').describe('Over which the share is taken.'),
      open: duration('100ms', '10m', '10s').describe('How long it is left alone before one call tries again.'),
      retryAfterMax: duration('1s', '1h', '60s').describe(
        'Longest Retry-After that is believed: Azure may say a day, and capacity comes back sooner.',
      ),
    })
    .prefault({})
    .describe('When a deployment of this instance is left alone for a while.'),
  probe: z
    .strictObject({
      every: duration('1s', '1h', '30s').describe('Time between two probes.'),
      timeout: duration('100ms', '1m', '5s').describe('Time that a probe may take.'),
    })
    .optional()
    .describe(
      'Active probes (GET of the model list, which is not billed). Default: none; calls themselves tell how it fares.',
    ),
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
          .describe(
            'Lower is used first; a higher one when no lower one has the deployment, or none of these takes calls at the moment.',
          ),
        weight: z.int().min(1).max(1_000).default(1).describe('Share of calls within its priority.'),
        spillAtUtilization: z
          .number()
          .min(0.05)
          .max(1)
          .optional()
          .describe(
            'For provisioned deployments: from this utilisation on (azure-openai-deployment-utilization; 0.9 is 90 %) new calls go to the next priority, before a 429 happens. Default: only a 429 moves calls.',
          ),
        returnAtUtilization: z
          .number()
          .min(0)
          .max(1)
          .optional()
          .describe('Calls come back below this utilisation. Default: 0.1 less than `spillAtUtilization`.'),
        aliases: z
          .record(z.string().min(1).max(64), z.string().min(1).max(64))
          .default({})
          .describe(
            'Deployments that have another name on this instance: `gpt-4o: gpt-4o-ptu` sends calls for gpt-4o to its gpt-4o-ptu.',
          ),
      }),
    )
    .min(1)
    .describe(
      'Instances of the pool, each once. Deployments of the same name must have the same model in all of them.',
    ),
  strategy: z
    .enum(['weighted', 'least-loaded', 'lowest-latency', 'round-robin'])
    .default('weighted')
    .describe(
      'Choice among members of one priority. `weighted`: by weight, free capacity as last reported, calls in flight and recent latency.',
    ),
  attempts: z
    .int()
    .min(1)
    .max(10)
    .default(3)
    .describe('Members that one call tries at most, while trying again is safe. 1 never tries another one.'),
  affinity: z
    .strictObject({
      promptPrefixBytes: z
        .int()
        .min(64)
        .max(65_536)
        .default(4_096)
        .describe('Bytes of the prompt that decide: calls that begin alike go to the same member.'),
    })
    .optional()
    .describe("Keep calls with the same beginning on one member, so that Azure's prompt cache hits. Default: off."),
  hedge: z
    .strictObject({
      operations: z
        .array(z.enum(['embeddings']))
        .min(1)
        .default(['embeddings'])
        .describe('Operations that are safe to bill twice.'),
      afterPercentile: z
        .number()
        .min(50)
        .max(99.9)
        .default(95)
        .describe('A second member is asked when the first takes longer than this share of recent calls did.'),
      maxShare: z.number().min(0.001).max(0.5).default(0.05).describe('Most calls that are asked twice, as a share.'),
    })
    .optional()
    .describe('Ask a second member when the first is slow, and take the first answer. Both are billed. Default: off.'),
})

const workload = z.strictObject({
  callers: z.array(callerRule).min(1).describe('Who may call as this workload.'),
  targets: z.array(name).min(1).describe('Instances and pools that it may use.'),
  deployments: z.array(z.string().min(1)).min(1).describe('Deployments that it may use.'),
  tools: z
    .array(z.string().min(1))
    .default([...standardTools])
    .describe(
      `Tools that calls may bring, of ${toolNames.join(', ')}. The list replaces the default, which is what the client runs and what stays within the resource; mcp, web_search and others that reach outside of it must be named. container_network: a network for the containers of code_interpreter.`,
    ),
  dataSources: z
    .enum(['refuse', 'callerCredentials', 'allow'])
    .default('refuse')
    .describe(
      'Azure OpenAI On Your Data (`data_sources`), and batches from blob storage (`input_blob`). `callerCredentials`: data sources that bring a key or a token; `allow`: also those that the resource signs in to with its own identity, where a caller reads what the resource may read. Lines of a batch in blob storage are not looked at.',
    ),
  outsideUrls: z
    .enum(['allow', 'refuse'])
    .default('allow')
    .describe(
      'Addresses of images and files in a body (`image_url`, `file_url`), which Azure fetches from its own network, not from yours. `refuse` lets only data: addresses and ids of files pass.',
    ),
  serviceTiers: z
    .array(z.enum(['auto', 'default', 'flex', 'scale', 'priority']))
    .default(['auto', 'default'])
    .describe('Values of `service_tier` that calls may ask for. Others have other prices, so they must be named.'),
  background: z
    .enum(['allow', 'refuse'])
    .default('allow')
    .describe('Responses in the background (`background: true`).'),
  store: z
    .enum(['allow', 'refuse'])
    .default('allow')
    .describe(
      'Answers that Azure stores. With `refuse`, a Response must say `store: false`, since it is stored otherwise; a chat completion must not say `store: true`.',
    ),
  storedPrompts: z
    .enum(['refuse', 'allow'])
    .default('refuse')
    .describe(
      'Prompts and agents that are stored on the resource (`prompt`, `agent`): they bring models and tools of their own, which nobody looks at here.',
    ),
  operations: z
    .array(z.string().min(1).max(64))
    .min(1)
    .default(['standard'])
    .describe(
      'Operations that it may use: names as chat/completions, families as responses or files, `standard` for all but those that must be named: fine_tuning, evals, videos.',
    ),
  capture: z
    .enum(['full', 'metadata'])
    .default('full')
    .describe('What the ledger keeps: figures and bodies, or figures alone.'),
  limits: workloadLimits.optional().describe('Limits of the workload.'),
  output: z
    .strictObject({
      required: z
        .boolean()
        .default(false)
        .describe(
          'Refuse calls that set no maximum (`max_tokens`, `max_completion_tokens`, `max_output_tokens`) with 400.',
        ),
      standard: tokens
        .optional()
        .describe('Maximum of each answer that is put into calls that set none, tokens. Default: nothing is put in.'),
      most: tokens
        .optional()
        .describe('Largest maximum of one answer that a call may set, tokens; 400 beyond it. Default: any.'),
    })
    .optional()
    .describe(
      'How long answers may be at most, in chat, completions and responses. A call without a maximum is as long as the model likes: limits then reserve what such calls needed before. Lines of batch files keep to it too; a line must bring the maximum that a call would be given.',
    ),
  priority: name
    .default('standard')
    .describe('Priority class, one of `limits.priorityClasses`: who goes first where calls wait.'),
  canary: z
    .record(
      z.string().min(1).max(64),
      z.strictObject({
        deployment: z.string().min(1).max(64).describe('Where the share goes.'),
        percent: z.number().min(0.01).max(100).describe('Share of the calls.'),
      }),
    )
    .default({})
    .describe(
      'Sends a share of the calls for a deployment to another one, which the workload need not be allowed otherwise.',
    ),
  shadow: z
    .record(
      z.string().min(1).max(64),
      z.strictObject({
        deployment: z.string().min(1).max(64).describe('Where the copy goes.'),
        target: name.optional().describe('Instance or pool of the copy. Default: that of the call.'),
        percent: z.number().min(0.01).max(100).default(100).describe('Share of the calls that are copied.'),
      }),
    )
    .default({})
    .describe(
      'Sends a copy of calls for a deployment to another one as well. Its answer is discarded; it is billed and recorded as a copy.',
    ),
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
  unauthenticated: z
    .strictObject({
      perMinute: z
        .int()
        .min(0)
        .max(1_000_000)
        .default(60)
        .describe('Records of one client address in a minute. IPv6 addresses are counted by their first 64 bits.'),
      allPerMinute: z
        .int()
        .min(1)
        .max(1_000_000)
        .default(600)
        .describe('Records of all addresses together in a minute, and at most as many sums.'),
    })
    .prefault({})
    .describe(
      'How many calls without a valid token have a record of their own. Beyond it there is one record for each address, code and minute, with the number of calls (`summedCalls`).',
    ),
})

const log = z.strictObject({
  level: z
    .enum(['debug', 'info', 'warn', 'error', 'silent'])
    .default('info')
    .describe('Least severity that is logged, as JSON lines on standard error.'),
})

const redis = z.strictObject({
  url: z
    .string()
    .regex(/^rediss?:\/\/\S+$/, 'a Redis URL, as redis://localhost:6379 or rediss://cache.example.net:6380')
    .describe(`Address of Redis 7 or Valkey; rediss:// for TLS. A password comes from \${env:NAME} or \${file:PATH}.`),
  username: z.string().min(1).optional().describe('User (ACL). Default: that of the URL, or none.'),
  password: z.string().min(1).optional().describe('Password. Default: that of the URL, or none.'),
  cluster: z.boolean().default(false).describe('True for a Redis cluster: the URL names one of its nodes.'),
  keyPrefix: name
    .default('gatehouse')
    .describe('First part of every key. Gateways with the same one share limits and objects.'),
  timeout: duration('10ms', '10s', '250ms').describe('Time for an answer; beyond it the store counts as down.'),
})

const limits = z.strictObject({
  store: z
    .enum(['memory', 'redis'])
    .default('memory')
    .describe(
      'Where counters live: in this process, restored from the ledger at start; or in `redis`, shared by replicas.',
    ),
  whenStoreIsDown: z
    .enum(['refuse', 'local', 'allow'])
    .optional()
    .describe(
      'Needed with store redis. `refuse`: calls with limits get 503. `local`: each replica goes on with its share. `allow`: calls pass uncounted until the store is back, and are counted then.',
    ),
  leaseExpiry: duration('5s', '10m', '30s').describe(
    'With store redis: silence of a replica after which what it had reserved is given back (it has crashed).',
  ),
  timeZone: z
    .string()
    .min(1)
    .default('UTC')
    .describe('Time zone (IANA, as Europe/Berlin) of hours, days, weeks and months.'),
  cachedTokensShare: z
    .number()
    .min(0)
    .max(1)
    .default(1)
    .describe('What a cached prompt token counts in token limits: 1 as any other, 0 nothing.'),
  completionTokensAssumed: z
    .int()
    .min(1)
    .max(1_000_000)
    .default(1_000)
    .describe(
      'Completion tokens reserved for a call that gives no maximum, until its workload and deployment have taught better.',
    ),
  priorityClasses: z
    .array(name)
    .min(1)
    .default(['interactive', 'standard', 'batch'])
    .describe('Classes of workloads, the most urgent first.'),
  waitingLine: z
    .strictObject({
      length: z.int().min(0).max(100_000).default(0).describe('Calls that may wait at once; 0 lets none wait.'),
      maxWait: duration('10ms', '5m', '2s').describe(
        'Longest wait; then the call is refused as it would have been at once.',
      ),
      aging: duration('10ms', '5m', '1s').describe(
        'Each time this passes, a waiting call counts as one class more urgent: nobody starves.',
      ),
    })
    .prefault({})
    .describe('Where calls wait when capacity is short, instead of being refused at once. Off by default.'),
  rules: z
    .record(name, limitRule)
    .default({})
    .describe('Limits across workloads, by name. A rule without a selection is for everything.'),
})

const perMillion = z
  .number()
  .min(0)
  .max(1_000_000)
  .refine(amount => Number(amount.toFixed(6)) === amount, 'a price with at most six decimals')
/** Rates of one model; what is left out costs as what it is a part of. */
const rates = {
  input: perMillion.describe('Per million prompt tokens.'),
  cachedInput: perMillion.optional().describe('Per million cached prompt tokens. Default: as input.'),
  output: perMillion.default(0).describe('Per million completion tokens.'),
  reasoning: perMillion.optional().describe('Per million reasoning tokens. Default: as output.'),
  audioInput: perMillion.optional().describe('Per million audio prompt tokens. Default: as input.'),
  audioOutput: perMillion.optional().describe('Per million audio completion tokens. Default: as output.'),
  imageInput: perMillion.optional().describe('Per million image prompt tokens. Default: as input.'),
  imageOutput: perMillion.optional().describe('Per million image completion tokens. Default: as output.'),
}

/** What a model costs; the price catalogue has the same form. */
export const price = z.strictObject({
  ...rates,
  tiers: z
    .record(
      z.string().min(1).max(64),
      z.union([z.strictObject({ times: z.number().gt(0).max(100) }), z.strictObject(rates)], {
        error: 'a multiple of the price, as { times: 1.7 }, or rates of its own, as { input: 4.25, output: 17 }',
      }),
    )
    .default({})
    .describe(
      'Prices of service tiers, as priority and flex: a multiple of this price (`times`), or rates of their own. The tier that the answer names decides; a call of a tier without a price has no cost, and is reported as such.',
    ),
  longContext: z
    .strictObject({
      above: z.int().min(1).max(100_000_000).describe('Prompt tokens beyond which the whole call costs these rates.'),
      ...rates,
    })
    .optional()
    .describe(
      'Rates of calls with a long prompt, for models that charge more for them. Default: the same as all calls.',
    ),
  batchShare: z.number().min(0).max(1).default(0.5).describe('Part of the price that calls of a batch pay.'),
  validFrom: z.iso.date().default('1970-01-01').describe('First day of this price (UTC), as 2026-01-01.'),
})

export const currency = z
  .string()
  .regex(/^[A-Z]{3}$/, 'a currency (ISO 4217), as USD')
  .meta({ title: 'currency' })

const prices = z.strictObject({
  catalogue: z
    .string()
    .min(1)
    .optional()
    .describe(
      'YAML or JSON file that replaces the price catalogue that comes with Gatehouse, relative to the configuration file.',
    ),
  currency: currency
    .optional()
    .describe('Currency of `models` here and of cost limits. Default, and otherwise an error: that of the catalogue.'),
  models: z
    .record(
      z.string().min(1).max(128),
      z.union([price, z.array(price).min(1)], {
        error: 'a price with at least input and output, as { input: 2.5, output: 10 }, or a list of such prices',
      }),
    )
    .default({})
    .describe('Prices by model that go before the catalogue, per million tokens; several with different `validFrom`.'),
})

const followUp = z.strictObject({
  first: duration('1s', '1h', '5s').describe(
    'Time from the beginning of a background response or a batch to the first question how it ended. Pauses double from there.',
  ),
  every: duration('1s', '6h', '10m').describe('Longest pause between two questions about one object.'),
  longest: duration('1m', '30d', '3d').describe(
    'An object whose end nobody knows after this time is charged at what was reserved for it; until then that stays reserved.',
  ),
  atOnce: z.int().min(1).max(256).default(8).describe('Questions under way at a time.'),
})

const objects = z.strictObject({
  remember: duration('1d', '3650d', '90d').describe(
    'How long it is known who made a response, file, batch, vector store or conversation, and where. Azure keeps responses for 30 days.',
  ),
  followUp: followUp
    .prefault({})
    .describe('How the gateway asks what background responses and batches used, where no client asks.'),
  unknown: z
    .enum(['refuse', 'allow'])
    .default('refuse')
    .describe(
      'Objects that no call through this gateway made: 404, or looked for on the first member of the target and open to every workload that may use it.',
    ),
  encryptedReasoning: z
    .enum(['pin', 'drop'])
    .default('pin')
    .describe(
      'When the instance that encrypted the reasoning of a call cannot serve: its 429 or 503, or the call goes to another member without that reasoning, and without ids of items that it keeps.',
    ),
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
  limits: limits.prefault({}).describe('How much who may use.'),
  prices: prices.prefault({}).describe('What tokens cost.'),
  objects: objects.prefault({}).describe('Responses, files, batches and the like, which live on one instance.'),
  redis: redis
    .optional()
    .describe('What replicas share: limits (with `limits.store: redis`) and whose objects are whose.'),
  ledger: ledger.prefault({}).describe('Where records are kept.'),
  log: log.prefault({}).describe('What the process says about itself. Never a credential, never a prompt.'),
})

/** A configuration that was read and checked: defaults filled in, durations in milliseconds, GUIDs in lower case. */
export type Config = z.output<typeof configSchema>
/** A configuration as it is written. */
export type ConfigInput = z.input<typeof configSchema>
export type InstanceConfig = Config['instances'][string]
export type WorkloadConfig = Config['workloads'][string]
export type PoolConfig = Config['pools'][string]
export type LimitsConfig = Config['limits']
export type LimitAmounts = z.output<typeof ownLimits>
export type LimitRuleConfig = z.output<typeof limitRule>
export type PriceConfig = z.output<typeof price>
