/**
 * Every answer that the gateway gives in place of a backend: a catalogue with code, status, type, whether a retry
 * helps, and the public words. `{name}` is filled from the refusal's details. docs/refusals.md has a section for each
 * code; a test compares the two. Private details go into `cause` and from there to the log, never to the client.
 */

import { recordable } from './recordable.ts'

export interface RefusalSpec {
  readonly status: number
  /** `type` of OpenAI's error object. */
  readonly type:
    | 'invalid_request_error'
    | 'authentication_error'
    | 'permission_error'
    | 'rate_limit_error'
    | 'insufficient_quota'
    | 'server_error'
  /** `never`: the same call fails again, and the answer tells SDKs so. `later`: it may succeed. */
  readonly retry: 'never' | 'later'
  readonly say: string
}

const invalid = { type: 'invalid_request_error', retry: 'never' } as const
const unauthenticated = { status: 401, type: 'authentication_error', retry: 'never', say: '{reason}' } as const
const forbidden = { status: 403, type: 'permission_error', retry: 'never' } as const
const limited = { status: 429, type: 'rate_limit_error', retry: 'later' } as const
const unavailable = { status: 503, type: 'server_error', retry: 'later' } as const

export const refusals = {
  // before there is a call
  request_malformed: {
    ...invalid,
    status: 400,
    say: 'The request is not well formed: {reason}. Check the client, or the proxy in front of this gateway.',
  },
  headers_too_large: {
    ...invalid,
    status: 431,
    say: 'The header fields are larger than the {most} bytes that are accepted. Send the token once, and leave out what is not needed.',
  },
  headers_timeout: {
    ...invalid,
    status: 408,
    say: 'The request did not arrive in time. Open the connection when the request is ready to be sent.',
  },
  expectation_failed: {
    ...invalid,
    status: 417,
    say: 'The header Expect asks for something else than 100-continue, which is all that can be met. Leave it out.',
  },

  // resolve
  path_malformed: { ...invalid, status: 400, say: 'The address is not well formed: {reason}.' },
  route_unknown: {
    ...invalid,
    status: 404,
    say: 'Nothing answers at {path}. {advice}',
  },
  method_not_allowed: { ...invalid, status: 405, say: '{operation} takes {allowed}, not {method}.{advice}' },
  credential_in_query: {
    ...invalid,
    status: 400,
    say: 'The query carries the credential "{parameter}". Send a Microsoft Entra token in the Authorization header instead.',
  },
  upgrade_unsupported: {
    ...invalid,
    status: 426,
    say: 'Upgrading to {protocol} is not offered at this address. Call it with plain HTTP; answers can be streamed as server-sent events.',
  },

  // authenticate
  token_missing: unauthenticated,
  token_ambiguous: unauthenticated,
  token_malformed: unauthenticated,
  token_algorithm: unauthenticated,
  token_signature: unauthenticated,
  token_issuer: unauthenticated,
  token_tenant: unauthenticated,
  token_audience: unauthenticated,
  token_expired: unauthenticated,
  token_not_yet_valid: unauthenticated,
  token_claims: unauthenticated,
  token_client: unauthenticated,
  keys_unavailable: {
    ...unavailable,
    say: 'The keys of the sign-in service cannot be read at the moment, so the token cannot be verified. Try again shortly.',
  },

  groups_unavailable: {
    status: 503,
    type: 'server_error',
    retry: 'later',
    say: 'Your groups decide whether you may call, your token does not list them, and they cannot be looked up right now. Try again shortly.',
  },

  // authorize
  workload_missing: {
    ...invalid,
    status: 400,
    say: 'The call names no workload, and you may use {count}: {workloads}. Name one in the x-gatehouse-workload header, or call /TARGET/WORKLOAD/openai/….',
  },
  workload_unknown: { ...invalid, status: 404, say: 'There is no workload "{workload}".{others}' },
  target_unknown: {
    ...invalid,
    status: 404,
    say: 'There is no instance or pool "{target}". Workload "{workload}" may use: {allowed}.',
  },
  caller_not_bound: { ...forbidden, say: 'You ({caller}) may not call as workload "{workload}".{lacking}{others}' },
  caller_unbound: { ...forbidden, say: 'You ({caller}) may not call as any workload.{lacking}' },
  caller_groups_overage: {
    ...forbidden,
    say: 'Workload "{workload}" is bound to groups, and your token lists none because you are in too many. Ask for an app role, or have the group assigned to the application.',
  },
  target_not_allowed: { ...forbidden, say: 'Workload "{workload}" may not use "{target}". It may use: {allowed}.' },
  deployment_not_allowed: {
    ...forbidden,
    say: 'Workload "{workload}" may not use deployment "{deployment}". It may use: {allowed}.',
  },
  operation_not_allowed: {
    ...forbidden,
    say: 'Workload "{workload}" may not use {operation}. Its `operations` do not name it.',
  },

  tool_not_allowed: {
    ...forbidden,
    say: 'Workload "{workload}" may not use the tool {tool}. It may use: {allowed}. Leave it out, or ask your platform team to list it in workloads.{workload}.tools.',
  },
  data_source_not_allowed: {
    ...forbidden,
    say: 'Workload "{workload}" may not use {source} ({reason}). Leave it out, or ask your platform team to change workloads.{workload}.dataSources.',
  },
  outside_url_not_allowed: {
    ...forbidden,
    say: 'Workload "{workload}" may not have Azure fetch {url}. Send the content itself (a data: address), or the id of an uploaded file.',
  },
  service_tier_not_allowed: {
    ...forbidden,
    say: 'Workload "{workload}" may not ask for the service tier {tier}. It may ask for: {allowed}. Leave service_tier out, or ask your platform team.',
  },
  option_not_allowed: {
    ...forbidden,
    say: 'Workload "{workload}" may not use "{option}" (workloads.{workload}.{setting}). {advice}, or ask your platform team.',
  },

  batch_line_refused: {
    ...forbidden,
    say: 'Line {line} of the file is refused, and the file with it: {reason}',
  },
  deployment_aliased: {
    ...forbidden,
    say: 'Deployment "{deployment}" is called "{there}" on instance "{instance}", where the file would lie, and lines of a batch go as they are. Upload it through a target where the deployment has its own name.',
  },

  // receive
  purpose_not_allowed: {
    ...forbidden,
    say: 'A file of purpose "{purpose}" is not taken in parts, because its lines are looked at. Upload it whole, to files.',
  },
  body_not_json: { ...invalid, status: 400, say: 'The body is not a JSON object ({reason}).' },
  body_too_deep: { ...invalid, status: 400, say: 'The body nests deeper than {most} levels.' },
  body_too_complex: {
    ...invalid,
    status: 400,
    say: 'The body has more than {most} {what}, which no call needs. Send it in several calls, or leave out what is not used.',
  },
  body_duplicate_key: {
    ...invalid,
    status: 400,
    say: 'The body has "{key}" more than once, so that it is not certain which one the model would see. Send it once.',
  },
  body_key_spelling: {
    ...invalid,
    status: 400,
    say: 'The body has "{key}", which some readers take for "{meant}" and others do not. Write it "{meant}", or leave it out.',
  },
  body_type: {
    ...invalid,
    status: 415,
    say: 'Content-Type "{type}" is not accepted here: {reason}.',
  },
  body_too_large: { ...invalid, status: 413, say: 'The body is larger than the {most} bytes that are accepted.' },
  body_ratio: {
    ...invalid,
    status: 413,
    say: 'The body unpacks to more than {most} times its size, and to more than a mebibyte. Send it without Content-Encoding.',
  },
  bodies_full: {
    ...unavailable,
    say: 'The gateway holds as many bytes of bodies as it may for {whose}. Try again in a moment, with fewer large calls at once.',
  },
  body_encoding: {
    ...invalid,
    status: 415,
    say: 'Content-Encoding "{encoding}" is not accepted. Send the body plain, or as gzip, deflate or br.',
  },
  body_undecodable: { ...invalid, status: 400, say: 'The body is not valid {encoding}.' },
  body_timeout: { ...invalid, status: 408, say: 'The body did not arrive within {seconds} seconds.' },
  model_missing: {
    ...invalid,
    status: 400,
    say: 'The body has no "model". Name a deployment there: {allowed}.',
  },
  maximum_missing: {
    ...invalid,
    status: 400,
    say: 'Workload {workload} asks for a maximum in every call. Set "{param}".',
  },
  maximum_too_large: {
    ...invalid,
    status: 400,
    say: 'The call sets a maximum of {asked} tokens; workload {workload} allows {most} for one answer.',
  },
  deployment_unknown: {
    ...invalid,
    status: 404,
    say: 'No instance of "{target}" has deployment "{deployment}".',
  },
  call_unsuited: {
    ...invalid,
    status: 400,
    say: 'The call brings {part}, which no instance of "{target}" takes: they speak the API of {kinds}. Leave it out, or call another target.',
  },

  // objects
  object_unknown: {
    ...invalid,
    status: 404,
    say: 'There is no {kind} "{id}", or workload "{workload}" did not create it.',
  },
  object_elsewhere: {
    ...invalid,
    status: 400,
    say: 'The {kind} "{id}" lives on instance "{instance}", which {reason}.',
  },
  objects_apart: {
    ...invalid,
    status: 400,
    say: 'The {kind} "{id}" and the {otherKind} "{otherId}" live on different instances, and no call can use both. Create one of them again in a call that names the other, or through a target that is one instance. Leave out items and encrypted content that came from one of the two instances.',
  },
  objects_unavailable: {
    ...unavailable,
    say: 'The gateway cannot look up who owns the objects of this call right now. Try again shortly.',
  },

  // admit
  token_limit_reached: {
    ...limited,
    say: 'Limit "{rule}" of {limit} tokens {window} has no room for this call now: it may need {asked}{made}, and {remaining} are left (workload "{workload}"). Try again in {seconds} seconds.',
  },
  request_limit_reached: {
    ...limited,
    say: 'Limit "{rule}" of {limit} calls {window} is used up (workload "{workload}"). Try again in {seconds} seconds.',
  },
  concurrency_limit_reached: {
    ...limited,
    say: 'Limit "{rule}" of {limit} calls at once is reached (workload "{workload}"). Try again when one of them has ended.',
  },
  budget_exhausted: {
    ...limited,
    type: 'insufficient_quota',
    retry: 'never',
    say: 'Budget "{rule}" has {remaining} of {limit} {window} left, and this call may need {asked}{made} (workload "{workload}"). It renews at {renewsAt}; ask your platform team if it should be larger.',
  },
  cost_limit_reached: {
    ...limited,
    say: 'Budget "{rule}" of {limit} {window} is reserved by running calls: this call may need {asked}{made}, and {remaining} are left (workload "{workload}"). What they do not use is back when they end: try again in {seconds} seconds.',
  },
  request_exceeds_limit: {
    ...invalid,
    status: 400,
    say: 'This call may need {asked}{made}, and limit "{rule}" of workload "{workload}" is {limit} {window} in all: it can never pass. Send a shorter prompt or a smaller maximum of tokens.',
  },
  limits_unavailable: {
    ...unavailable,
    say: 'The store of the limits cannot be asked at the moment, and calls with limits are refused meanwhile. Try again shortly.',
  },

  // dispatch and relay: no member, or the backend did not answer
  pool_exhausted: {
    ...limited,
    say: 'No member of "{target}" has capacity for deployment "{deployment}" at the moment. Try again in {seconds} seconds.',
  },
  pool_unavailable: {
    ...unavailable,
    say: 'No member of "{target}" with deployment "{deployment}" answers at the moment. Try again in {seconds} seconds.',
  },
  instance_drained: {
    ...unavailable,
    say: 'An operator has drained every member of "{target}" with deployment "{deployment}": it gets no new calls until it is restored. Try again later, or ask your platform team.',
  },
  credential_unavailable: {
    ...unavailable,
    say: 'The gateway could not sign in to instance "{instance}". Try again shortly; the operator finds the reason in the log.',
  },
  credential_refused: {
    ...unavailable,
    say: 'Instance "{instance}" does not let this gateway in. That is not your token: the operator finds the reason in the log. Try again later.',
  },
  backend_unreachable: {
    status: 502,
    type: 'server_error',
    retry: 'later',
    say: 'Instance "{instance}" could not be reached.',
  },
  backend_broke: {
    status: 502,
    type: 'server_error',
    retry: 'later',
    say: 'Instance "{instance}" closed the connection before it answered.',
  },
  backend_redirected: {
    status: 502,
    type: 'server_error',
    retry: 'never',
    say: 'Instance "{instance}" answered with a redirect, which is not followed.',
  },
  connect_timeout: {
    status: 504,
    type: 'server_error',
    retry: 'later',
    say: 'Instance "{instance}" did not accept a connection in time.',
  },
  first_byte_timeout: {
    status: 504,
    type: 'server_error',
    retry: 'later',
    say: 'Instance "{instance}" did not begin to answer in time.',
  },
  total_timeout: {
    status: 504,
    type: 'server_error',
    retry: 'later',
    say: 'The call took longer than the {seconds} seconds that are allowed.',
  },

  // the gateway itself
  ledger_unwritable: {
    ...unavailable,
    say: 'Calls cannot be recorded at the moment, and unrecorded calls are not let through. Try again shortly.',
  },
  shutting_down: { ...unavailable, say: 'This gateway is shutting down. Try again: another one will answer.' },
  internal_error: {
    status: 500,
    type: 'server_error',
    retry: 'later',
    say: 'The gateway failed. Quote the request id to its operator.',
  },
} as const satisfies Record<string, RefusalSpec>

export type RefusalCode = keyof typeof refusals
/** A refusal as a detail stands for its own words. */
export type RefusalDetails = Readonly<Record<string, string | number | Refusal>>

export interface RefusalOptions extends ErrorOptions {
  readonly param?: string
  readonly retryAfterMs?: number
  readonly headers?: readonly string[]
}

/** Thrown by any stage; `serve` renders it. `param` names the offending parameter in OpenAI's error object. */
export class Refusal extends Error {
  readonly code: RefusalCode
  readonly status: number
  readonly details: RefusalDetails
  readonly param: string | null
  /** Time until a retry may help, in ms. Becomes Retry-After and retry-after-ms. Null when it is unknown. */
  readonly retryAfterMs: number | null
  /** Further header fields of the answer, names and values in turn. */
  readonly headers: readonly string[]
  constructor(code: RefusalCode, details: RefusalDetails = {}, options: RefusalOptions = {}) {
    super(fill(refusals[code].say, details), options)
    this.name = 'Refusal'
    this.code = code
    this.status = refusals[code].status
    this.details = details
    this.param = options.param ?? null
    this.retryAfterMs = options.retryAfterMs ?? null
    this.headers = options.headers ?? []
  }

  /**
   * The words for the record, which more people may read than bodies: what they quote of the client's body is left out
   * unless it is a name. At most 1,000 characters.
   */
  get recorded(): string {
    const words = fill(refusals[this.code].say, this.details, recordable)
    return words.length <= recordedMax ? words : `${words.slice(0, recordedMax - 1)}…`.toWellFormed()
  }
}

const recordedMax = 1_000

/**
 * Anything that a stage threw, as a refusal. Other errors are the gateway's own fault: 500, with the cause for the log.
 */
export function asRefusal(error: unknown): Refusal {
  return error instanceof Refusal ? error : new Refusal('internal_error', {}, { cause: error })
}

/** OpenAI's error object (openapi: `ErrorResponse`), as bytes. */
export function refusalBody(refusal: Refusal): Buffer {
  const { type } = refusals[refusal.code]
  return Buffer.from(
    JSON.stringify({ error: { message: refusal.message, type, param: refusal.param, code: refusal.code } }),
  )
}

const shownMax = 200
/** Details that are sentences. */
const longDetails: ReadonlySet<string> = new Set(['advice', 'lacking', 'others', 'reason'])
/** Longest list of names, in characters. It leaves room for " and 9999 more". */
const listedMax = 180

/** Names for a refusal's words: `gpt-4o, gpt-4o-mini, and 18 more`. Only whole names; the first one is always there. */
export function listed(names: Iterable<string>): string {
  const all = [...names]
  let text = all[0] ?? ''
  let shown = 1
  for (; shown < all.length && text.length + 2 + (all[shown] as string).length <= listedMax; shown += 1) {
    text += `, ${all[shown]}`
  }
  if (shown >= all.length) return text
  const whole = text.length <= listedMax ? text : `${text.slice(0, listedMax - 1)}…`
  return `${whole}, and ${all.length - shown} more`
}

const asItIs = (_key: string, value: string): string => value

/** Values come from callers: long ones are cut (and end in …), control characters are removed. */
function fill(words: string, details: RefusalDetails, shown: (key: string, value: string) => string = asItIs): string {
  return words.replace(/\{(\w+)\}/g, (_, key: string) => {
    const value = details[key] ?? ''
    const text = value instanceof Refusal ? (shown === asItIs ? value.message : value.recorded) : String(value)
    const characters = Array.from(shown(key, text), c => (/\p{Cc}/u.test(c) ? ' ' : c))
    const most = longDetails.has(key) ? 600 : shownMax
    return characters.length <= most ? characters.join('') : `${characters.slice(0, most - 1).join('')}…`
  })
}
