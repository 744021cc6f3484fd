/** Calls as a chaos run makes them: every operation, caller, address form and fault, and clients that disconnect. */
import type { FaultKind } from '../../packages/simulator/src/azure/faults.ts'
import type { Random } from '../support/random.ts'
import { bodyBytesMax, firstByteMs, metadataWorkload } from './world.ts'

export type Operation = 'chat/completions' | 'completions' | 'embeddings' | 'responses'

/**
 * When the client disconnects: this many turns of the event loop after its request was sent, or after this many bytes
 * of the answer.
 */
export type Leave =
  | { readonly at: 'half-sent' }
  | { readonly at: 'sent'; readonly turns: number }
  | { readonly at: 'bytes'; readonly bytes: number }

export interface Plan {
  /** Sent in the `user-agent`, which the record repeats: calls are found again even if the client never saw an id. */
  readonly mark: string
  /** Name in the directory; `expired` and `garbage` for tokens that are refused, null for no token. */
  readonly as: string | null
  readonly method: string
  /** Path and query. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  readonly operation: Operation
  readonly stream: boolean
  /** True when the gateway requests usage for itself and removes it from the answer again. */
  readonly hidesUsage: boolean
  readonly fault: FaultKind | null
  /** True when the backend must answer 400, because the version does not know the option that the client set. */
  readonly isRejected: boolean
  /** Code of the refusal that the gateway must give; null when the call is to reach a backend. */
  readonly refusal: string | null
  readonly leave: Leave | null
}

interface Caller {
  readonly as: string
  readonly workload: string
  readonly targets: readonly string[]
  readonly deployments: readonly string[]
  /** True when the caller is bound only to this workload, so that the call does not have to name it. */
  readonly isBoundToOne: boolean
}

const thinker = 'thinker'
const chatDeployments = ['gpt-4o', 'gpt-4o-mini']
const everywhere = ['main', 'dev-openai-instance-1', 'dev-openai-instance-2']
const embedding = 'text-embedding-3-small'

const callers: readonly Caller[] = [
  {
    as: 'alice',
    workload: 'hr-bot',
    targets: everywhere,
    deployments: [...chatDeployments, embedding, 'instruct'],
    isBoundToOne: true,
  },
  {
    as: 'bob',
    workload: 'code-assistant',
    targets: ['main', 'dev-openai-instance-2'],
    deployments: [...chatDeployments, 'instruct'],
    isBoundToOne: true,
  },
  {
    as: 'carol',
    workload: 'hr-bot',
    targets: everywhere,
    deployments: [...chatDeployments, embedding, 'instruct'],
    isBoundToOne: false,
  },
  { as: 'carol', workload: 'code-assistant', targets: ['main'], deployments: chatDeployments, isBoundToOne: false },
  {
    as: 'expert-finder-app',
    workload: 'expert-finder',
    targets: ['main'],
    deployments: ['gpt-4o-mini', embedding],
    isBoundToOne: true,
  },
]

/** Names of the callers that `planOf` uses. */
export const callersOfPlans: readonly string[] = [...new Set(callers.map(caller => caller.as)), 'dave']

const subjects = [
  'parental leave',
  'a remote desk',
  'the travel policy',
  'a sorting function',
  'unit tests',
  'the difference between a list and a set',
  'photosynthesis',
  'the Rhine',
  'onboarding in the first week',
  'a database index',
  'sick notes',
  'recursion',
  'Überstunden und Gleitzeit',
  'the café rules',
  '東京',
  'overtime 🕒',
  'expense reports',
  'why the sky is blue',
  'regular expressions',
  'notice periods',
] as const
const questions = [
  'Explain',
  'Summarise',
  'Write a detailed guide to',
  'List five points on',
  'Compare two views of',
  'Tell me about',
] as const

const datedOld = ['2023-05-15', '2024-02-01', '2024-06-01'] as const
const datedNew = ['2024-09-01-preview', '2024-10-21', '2025-03-01-preview'] as const

const weather = {
  type: 'function',
  function: {
    name: 'look_up_leave',
    description: 'Finds the days of leave that are left.',
    parameters: {
      type: 'object',
      properties: { person: { type: 'string' }, year: { type: 'integer' } },
      required: ['person', 'year'],
    },
  },
} as const

export interface PlanOptions {
  /** Calls bring faults of their own; default true. Without them, all failures come from the instances. */
  readonly faults?: boolean
  /** Some calls go to a model that reasons; default false. */
  readonly thinks?: boolean
  /** Every call goes to the pool; default false: some name an instance. */
  readonly poolOnly?: boolean
}

/** One random call. Of a hundred about eight are refused, thirty meet a fault, and twenty lose their client. */
export function planOf(random: Random, number: number, options: PlanOptions = {}): Plan {
  const mark = `chaos/${number}`
  if (random.chance(0.08)) return refusedPlan(random, mark)
  const planned = ask(random, options)
  const fault =
    options.faults !== false && random.chance(0.3) ? faultFor(random, planned.operation, planned.stream) : null
  const leave = random.chance(0.2) ? leaveOf(random, planned.stream) : null
  return {
    ...planned,
    mark,
    method: 'POST',
    headers: { ...planned.headers, ...(fault === null ? {} : { 'x-simulator-fault': fault.header }) },
    fault: fault?.kind ?? null,
    refusal: null,
    leave,
  }
}

/** A stream of several choices that takes a while and is longer than what the gateway buffers before it writes. */
export function longPlan(random: Random, number: number): Plan {
  const body = { model: 'gpt-4o-mini', ...question(random, 'chat/completions'), n: 6, stream: true }
  return { ...plain(`chaos/${number}`), body: JSON.stringify(body), stream: true, hidesUsage: true }
}

/** Embeddings, for which the gateway may send a hedge to a second member. */
export function embeddingPlan(random: Random, number: number): Plan {
  const operation = 'embeddings'
  const path = `/main/hr-bot/openai/v1/${operation}`
  return {
    ...plain(`chaos/${number}`),
    operation,
    path,
    body: JSON.stringify({ model: embedding, ...question(random, operation) }),
  }
}

type PlannedCall = Pick<Plan, 'as' | 'path' | 'headers' | 'body' | 'operation' | 'stream' | 'hidesUsage' | 'isRejected'>

function ask(random: Random, { poolOnly = false, thinks = false }: PlanOptions): PlannedCall {
  const chosen = random.pick(callers)
  const caller = poolOnly ? { ...chosen, targets: ['main'] } : chosen
  const operation = operationFor(random, caller)
  const able = caller.deployments.filter(name => abilities[operation].includes(name))
  const speaks = operation === 'chat/completions' || operation === 'responses'
  const isThinker = thinks && speaks && caller.workload !== metadataWorkload && random.chance(0.2)
  const deployment = isThinker ? thinker : random.pick(able)
  const stream = operation !== 'embeddings' && random.chance(0.55)
  const form = addressFor(random, caller, operation, deployment)
  const options: StreamOptions =
    stream && operation !== 'responses' ? streamOptions(random, form.takesStreamOptions) : {}
  const asks = options.stream_options?.include_usage === true
  const body = {
    ...(form.isDated && operation !== 'responses' && random.chance(0.5) ? {} : { model: deployment }),
    ...question(random, operation, isThinker),
    ...(stream ? { stream: true } : {}),
    ...options,
  }
  return {
    as: caller.as,
    path: form.path,
    headers: form.headers,
    body: JSON.stringify(body),
    operation,
    stream,
    hidesUsage: stream && operation !== 'responses' && form.takesStreamOptions && !asks,
    isRejected: !form.takesStreamOptions && options.stream_options !== undefined,
  }
}

const abilities: Readonly<Record<Operation, readonly string[]>> = {
  'chat/completions': chatDeployments,
  responses: chatDeployments,
  completions: ['instruct'],
  embeddings: [embedding],
}

function operationFor(random: Random, caller: Caller): Operation {
  const often: readonly Operation[] = [
    'chat/completions',
    'chat/completions',
    'chat/completions',
    'chat/completions',
    'chat/completions',
    'responses',
    'responses',
    'completions',
    'embeddings',
  ]
  const operation = random.pick(often)
  return caller.deployments.some(name => abilities[operation].includes(name)) ? operation : 'chat/completions'
}

interface Address {
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly isDated: boolean
  readonly takesStreamOptions: boolean
}

function addressFor(random: Random, caller: Caller, operation: Operation, deployment: string): Address {
  const isDated = random.chance(0.6)
  const version =
    operation === 'responses' || deployment === thinker
      ? '2025-03-01-preview'
      : random.chance(0.3)
        ? random.pick(datedOld)
        : random.pick(datedNew)
  const under = operation === 'responses' ? 'openai/' : `openai/deployments/${deployment}/`
  const rest = isDated ? `${under}${operation}?api-version=${version}` : `openai/v1/${operation}`
  const takesStreamOptions = !isDated || version >= '2024-09-01'
  const shared = { isDated, takesStreamOptions }
  if (random.chance(0.6)) {
    return { ...shared, path: `/${random.pick(caller.targets)}/${caller.workload}/${rest}`, headers: {} }
  }
  const named = caller.isBoundToOne && random.chance(0.5) ? {} : { 'x-gatehouse-workload': caller.workload }
  const path = isDated || random.chance(0.5) ? `/${rest}` : `/v1/${operation}`
  return { ...shared, path, headers: named }
}

interface StreamOptions {
  readonly stream_options?: { readonly include_usage: boolean }
}

function streamOptions(random: Random, taken: boolean): StreamOptions {
  // Versions that do not know the option answer 400: rare, and the client's own doing.
  if (!taken && !random.chance(0.1)) return {}
  if (random.chance(0.6)) return {}
  return { stream_options: { include_usage: random.chance(0.7) } }
}

function question(random: Random, operation: Operation, isThinker = false): object {
  const text = `${random.pick(questions)} ${random.pick(subjects)}, and then ${random.pick(subjects)}. (${random.below(1e9)})`
  switch (operation) {
    case 'chat/completions':
      return {
        messages: [
          ...(random.chance(0.4) ? [{ role: 'system', content: 'You answer in plain words.' }] : []),
          { role: 'user', content: text },
        ],
        ...(random.chance(0.15) ? { n: 2 + random.below(3) } : {}),
        ...(random.chance(0.15) ? { tools: [weather], tool_choice: random.pick(['auto', 'required']) } : {}),
        ...(random.chance(0.2) ? maximum(random, isThinker) : {}),
      }
    case 'completions':
      return {
        prompt: random.chance(0.7) ? text : [text, `${random.pick(questions)} ${random.pick(subjects)}`],
        max_tokens: 30,
      }
    case 'embeddings':
      return { input: random.chance(0.5) ? text : [text, random.pick(subjects)], dimensions: 64 }
    case 'responses':
      return {
        input: text,
        ...(random.chance(0.3) ? { instructions: 'Answer briefly.' } : {}),
        store: random.chance(0.3),
      }
    default:
      return operation satisfies never
  }
}

/** Models that reason use another name for the field, and spend most of it before the first word. */
function maximum(random: Random, isThinker: boolean): object {
  return isThinker ? { max_completion_tokens: 50 + random.below(500) } : { max_tokens: 5 + random.below(60) }
}

/** Most events of a stream before its fault. */
export const eventsBeforeFaultMax = 5

interface PlannedFault {
  readonly kind: FaultKind
  readonly header: string
}

function faultFor(random: Random, operation: Operation, stream: boolean): PlannedFault {
  const after = random.below(eventsBeforeFaultMax + 1)
  const every: readonly PlannedFault[] = [
    // Every member of a pool meets the fault of a call: one that excluded all of them for long would hide every other
    // fault.
    { kind: '429', header: `429;retry-after=0;retry-after-ms=${random.pick([1, 5, 40])}` },
    { kind: '401', header: '401' },
    { kind: '408', header: '408' },
    { kind: '500', header: '500' },
    { kind: '503', header: random.pick(['503', '503;retry-after=0']) },
    { kind: 'content-filter', header: 'content-filter' },
    {
      kind: 'slow-first-byte',
      header: `slow-first-byte;ms=${random.chance(0.1) ? 2 * firstByteMs : random.below(60)}`,
    },
    { kind: 'stall', header: random.chance(0.2) ? `stall;after=${after}` : `stall;ms=40;after=${after}` },
    { kind: 'cut', header: `cut;after=${after}` },
    { kind: 'error-frame', header: `error-frame;after=${after}` },
    { kind: 'no-usage', header: 'no-usage' },
    { kind: 'malformed-frames', header: `malformed-frames;after=${after}` },
    { kind: 'split-bytes', header: 'split-bytes' },
  ]
  if (stream && operation === 'chat/completions' && random.chance(0.08)) {
    return { kind: 'content-filter', header: `content-filter;after=${2 + after}` }
  }
  return random.pick(every)
}

function leaveOf(random: Random, stream: boolean): Leave {
  const choice = random.share()
  if (choice < 0.1) return { at: 'half-sent' }
  if (choice < 0.35) return { at: 'sent', turns: random.below(12) }
  return { at: 'bytes', bytes: 1 + random.below(stream ? 12_000 : 600) }
}

const chatBody = '{"model":"gpt-4o","messages":[{"role":"user","content":"Hello"}]}'
const hrChat = '/main/hr-bot/openai/v1/chat/completions'

/** Calls that the gateway must refuse: the code, and the change to the valid call. */
const refused: readonly (readonly [code: string, change: Partial<Plan>])[] = [
  ['token_missing', { as: null }],
  ['token_malformed', { as: 'garbage' }],
  ['token_expired', { as: 'expired' }],
  ['caller_not_bound', { as: 'dave' }],
  ['caller_not_bound', { path: '/main/code-assistant/openai/v1/chat/completions' }],
  ['caller_unbound', { as: 'dave', path: '/v1/chat/completions' }],
  ['workload_missing', { as: 'carol', path: '/v1/chat/completions' }],
  ['workload_unknown', { path: '/main/no-such-bot/openai/v1/chat/completions' }],
  ['target_unknown', { path: '/nowhere/hr-bot/openai/v1/chat/completions' }],
  ['target_not_allowed', { as: 'bob', path: '/dev-openai-instance-1/code-assistant/openai/v1/chat/completions' }],
  ['deployment_not_allowed', { body: chatBody.replace('gpt-4o', 'gpt-5') }],
  ['deployment_not_allowed', { path: '/main/hr-bot/openai/deployments/o3/chat/completions?api-version=2024-10-21' }],
  ['model_missing', { body: '{"messages":[]}' }],
  ['body_not_json', { body: 'Hello' }],
  ['body_not_json', { body: chatBody.slice(0, -4) }],
  ['body_duplicate_key', { body: chatBody.replace('{', '{"model":"gpt-4o-mini",') }],
  ['body_too_large', { body: chatBody.replace('Hello', 'x'.repeat(bodyBytesMax)) }],
  ['route_unknown', { path: '/main/hr-bot/openai/v1/chat/nothing' }],
  ['method_not_allowed', { method: 'DELETE' }],
  ['path_malformed', { path: '/main//hr-bot/openai/v1/chat/completions' }],
  ['credential_in_query', { path: `${hrChat}?api-key=0123456789` }],
]

function refusedPlan(random: Random, mark: string): Plan {
  const [code, change] = random.pick(refused)
  return { ...plain(mark), refusal: code, ...change }
}

/** A chat call that alice may make. */
export function plain(mark: string): Plan {
  return {
    mark,
    as: 'alice',
    method: 'POST',
    path: hrChat,
    headers: {},
    body: chatBody,
    operation: 'chat/completions',
    stream: false,
    hidesUsage: false,
    isRejected: false,
    fault: null,
    refusal: null,
    leave: null,
  }
}
