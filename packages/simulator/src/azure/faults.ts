import { isRecord } from '../json.ts'
import {
  AzureError,
  badRequest,
  type CallDetails,
  deploymentNotFound,
  internalError,
  missingDeployment,
  throttled,
  timedOut,
  tokenRefused,
  unavailable,
} from './errors.ts'
import type { Route } from './http/routing.ts'

interface FaultFacts {
  /**
   * `refusal`: an error answer instead of the operation. `answer`: strikes while the answer is written, in a stream
   * after `after` events, in a whole answer in the middle of its body. `instance`: strikes the whole instance instead
   * of one call; a standing fault only.
   */
  readonly strikes: 'refusal' | 'answer' | 'instance'
  readonly about: string
}

/**
 * The kinds, for `x-simulator-fault: KIND[;option=value...]` and `POST /_simulator/faults`. Every kind has these
 * options: `probability`, 0 .. 1 (default 1); `times`, how often it strikes before it is used up (default: no end;
 * headers are counted by their whole text, so add a `key` to have a count of your own); `deployment` and `operation`,
 * to strike only these.
 */
export const faultKinds = {
  '429': {
    strikes: 'refusal',
    about: 'Throttled. `retry-after` seconds (default 1), `retry-after-ms` (default from it).',
  },
  '401': { strikes: 'refusal', about: 'The token is refused.' },
  '404': { strikes: 'refusal', about: 'DeploymentNotFound.' },
  '408': { strikes: 'refusal', about: 'The operation timed out.' },
  'missing-deployment': {
    strikes: 'refusal',
    about: '400: the deployment is missing, as some API versions say it instead of 404.',
  },
  '500': { strikes: 'refusal', about: 'InternalServerError.' },
  '503': { strikes: 'refusal', about: 'ServiceUnavailable. With `retry-after` seconds, the header too.' },
  'content-filter': {
    strikes: 'answer',
    about:
      'The prompt is refused with 400 and charged. With `after`, a chat stream ends there with finish_reason content_filter.',
  },
  'slow-first-byte': { strikes: 'answer', about: 'Nothing, not even the head, for `ms` (default 5000).' },
  stall: {
    strikes: 'answer',
    about: 'Silence after `after` events (default 3), for `ms` (default 0: until the client leaves).',
  },
  cut: { strikes: 'answer', about: 'The connection is destroyed after `after` events (default 3).' },
  'error-frame': {
    strikes: 'answer',
    about: 'A frame with an error after `after` events (default 3), then the end. Not streamed: 500.',
  },
  'no-usage': { strikes: 'answer', about: 'No usage is reported, asked for or not.' },
  'malformed-frames': {
    strikes: 'answer',
    about:
      'Broken JSON, a comment, an unknown field and an empty event after `after` events (default 3). Not streamed: JSON without its end.',
  },
  'unreachable-slow': { strikes: 'answer', about: 'The call is accepted and never answered.' },
  'refuse-connections': {
    strikes: 'instance',
    about:
      'An outage: connections are refused, those that stand are destroyed, until the fault is lifted or `ms` have passed (needed over HTTP).',
  },
  'split-bytes': { strikes: 'answer', about: 'Every byte of the body is a chunk of its own.' },
} as const satisfies Record<string, FaultFacts>

export type FaultKind = keyof typeof faultKinds

/** A fault that strikes. */
export interface Fault {
  readonly kind: FaultKind
  /** Events of a stream that pass before it strikes; null for the kind's default. */
  readonly after: number | null
  /** Milliseconds; null for the kind's default. */
  readonly ms: number | null
  readonly retryAfterSeconds: number | null
  readonly retryAfterMs: number | null
}

interface FaultRule extends Fault {
  readonly probability: number
  readonly times: number
  readonly deployment: string | null
  readonly operation: string | null
}

const numberOptions = ['probability', 'times', 'after', 'ms', 'retry-after', 'retry-after-ms'] as const
const textOptions = ['deployment', 'operation', 'key'] as const

/** Decides which fault strikes a call: the one in its header, else the first standing one that applies. */
export class FaultDesk {
  readonly #random: () => number
  #standing: { readonly rule: FaultRule; struck: number }[] = []
  readonly #struckByHeader = new Map<string, number>()

  constructor(random: () => number) {
    this.#random = random
  }

  /**
   * One fault, `{faults: [...]}` for several, or null for none; replaces the standing ones. Throws 400 for unknown
   * kinds and options.
   */
  set(fault: unknown): void {
    const several = isRecord(fault) && 'faults' in fault ? fault.faults : fault === null ? [] : [fault]
    if (!Array.isArray(several)) throw badRequest('Simulator: "faults" must be a list of faults.')
    this.#standing = several.map(each => ({ rule: readRule(each), struck: 0 }))
  }

  /** The standing fault that takes the whole instance down; null for none. */
  get outage(): Fault | null {
    return this.#standing.find(({ rule }) => faultKinds[rule.kind].strikes === 'instance')?.rule ?? null
  }

  liftOutage(): void {
    this.#standing = this.#standing.filter(({ rule }) => faultKinds[rule.kind].strikes !== 'instance')
  }

  standing(): readonly (FaultRule & { readonly struck: number })[] {
    return this.#standing.map(({ rule, struck }) => ({ ...rule, struck }))
  }

  /** Null when no fault strikes. Throws 400 when the header has an unknown kind or option. */
  choose(header: string | null, operation: string, deployment: string | null): Fault | null {
    if (header !== null) return this.#fromHeader(header, operation, deployment)
    const found = this.#standing.find(
      each => each.struck < each.rule.times && this.#strikes(each.rule, operation, deployment),
    )
    if (!found) return null
    found.struck += 1
    return found.rule
  }

  #fromHeader(header: string, operation: string, deployment: string | null): Fault | null {
    const rule = readRule(parseHeader(header))
    if (faultKinds[rule.kind].strikes === 'instance')
      throw badRequest(`Simulator: "${rule.kind}" is for the whole instance; set it with POST /_simulator/faults.`)
    if (!this.#strikes(rule, operation, deployment)) return null
    if (rule.times === Number.POSITIVE_INFINITY) return rule
    const struck = this.#struckByHeader.get(header) ?? 0
    if (struck >= rule.times) return null
    this.#struckByHeader.set(header, struck + 1)
    return rule
  }

  #strikes(rule: FaultRule, operation: string, deployment: string | null): boolean {
    if (faultKinds[rule.kind].strikes === 'instance') return false
    if (rule.deployment !== null && rule.deployment !== deployment) return false
    if (rule.operation !== null && rule.operation !== operation) return false
    return rule.probability >= 1 || this.#random() < rule.probability
  }
}

function parseHeader(header: string): Record<string, string> {
  const [kind = '', ...options] = header.split(';').map(part => part.trim())
  const pairs = options
    .filter(option => option !== '')
    .map(option => {
      const at = option.indexOf('=')
      return at < 0 ? ([option, ''] as const) : ([option.slice(0, at).trim(), option.slice(at + 1).trim()] as const)
    })
  return { ...Object.fromEntries(pairs), kind }
}

function readRule(fault: unknown): FaultRule {
  if (!isRecord(fault)) throw badRequest('Simulator: a fault is an object with "kind".')
  const { kind, ...options } = fault
  if (typeof kind !== 'string' || !isFaultKind(kind)) {
    throw badRequest(`Simulator: unknown fault ${JSON.stringify(kind)}; known: ${Object.keys(faultKinds).join(', ')}.`)
  }
  const known: readonly string[] = [...numberOptions, ...textOptions]
  const odd = Object.keys(options).find(option => !known.includes(option))
  if (odd !== undefined) throw badRequest(`Simulator: unknown option "${odd}"; known: ${known.join(', ')}.`)
  const narrowing = ['probability', 'times', 'deployment', 'operation', 'key'].find(option => option in options)
  if (faultKinds[kind].strikes === 'instance' && narrowing !== undefined)
    throw badRequest(`Simulator: "${kind}" is for the whole instance; "${narrowing}" cannot narrow it.`)
  return {
    kind,
    probability: numberOption(options, 'probability') ?? 1,
    times: numberOption(options, 'times') ?? Number.POSITIVE_INFINITY,
    after: numberOption(options, 'after'),
    ms: numberOption(options, 'ms'),
    retryAfterSeconds: numberOption(options, 'retry-after'),
    retryAfterMs: numberOption(options, 'retry-after-ms'),
    deployment: typeof options.deployment === 'string' ? options.deployment : null,
    operation: typeof options.operation === 'string' ? options.operation : null,
  }
}

function numberOption(options: Readonly<Record<string, unknown>>, name: (typeof numberOptions)[number]): number | null {
  const value = options[name]
  if (value === undefined || value === null) return null
  const number = typeof value === 'string' && value !== '' ? Number(value) : value
  if (typeof number !== 'number' || !Number.isFinite(number) || number < 0) {
    throw badRequest(`Simulator: option "${name}" must be a number of at least 0.`)
  }
  return number
}

function isFaultKind(kind: string): kind is FaultKind {
  return Object.hasOwn(faultKinds, kind)
}

/** The error answer of a fault that is a refusal; null for the other kinds. */
export function refusalOf(fault: Fault, route: Route, details: CallDetails): AzureError | null {
  switch (fault.kind) {
    case '429': {
      const seconds = fault.retryAfterSeconds ?? 1
      const retryAfterMs = fault.retryAfterMs ?? seconds * 1000
      const error = throttled({ details, rate: 'requests', retryAfterMs })
      if (fault.retryAfterSeconds === null) return error
      // The caller's value is sent as it is, also 0 and fractions.
      const headers = { ...error.headers, 'retry-after': String(seconds) }
      return new AzureError(429, error.code, error.message, error.body, headers)
    }
    case '401':
      return tokenRefused(route.apiVersion === null)
    case '404':
      return deploymentNotFound()
    case 'missing-deployment':
      return missingDeployment()
    case '408':
      return timedOut()
    case '500':
      return internalError()
    case '503': {
      const error = unavailable()
      if (fault.retryAfterSeconds === null) return error
      return new AzureError(503, error.code, error.message, error.body, {
        'retry-after': String(fault.retryAfterSeconds),
      })
    }
    case 'content-filter':
    case 'slow-first-byte':
    case 'stall':
    case 'cut':
    case 'error-frame':
    case 'no-usage':
    case 'malformed-frames':
    case 'unreachable-slow':
    case 'refuse-connections':
    case 'split-bytes':
      return null
    default:
      return fault.kind satisfies never
  }
}
