/** What a client that calls an address where nothing answers should set instead, with the caller's own names. */
import { type Caller, readToken } from '../../../identity/index.ts'
import { findOperation } from '../../../wire/operations.ts'
import type { Exchange } from '../../exchange.ts'
import type { GatewayParts } from '../../parts.ts'
import type { Plan, Workload } from '../../plan/index.ts'
import { Refusal } from '../../refusals.ts'
import { baseUrl } from '../../render.ts'
import { mayCallAs } from '../3-authorize/grant.ts'
import { splitPath, splitUrl } from './path.ts'
import { namePattern } from './route.ts'

/** Which setting of a client made the address, as far as the address shows it. */
interface Intent {
  readonly setting: 'base_url' | 'endpoint' | 'either'
  /** At most two segments before the operation: the names that the client meant. */
  readonly names: readonly string[]
}

type AdviceParts = Pick<GatewayParts, 'verifier' | 'publicUrl'>

/**
 * The same refusal with the address that would have worked, where it is one for an address without this operation. The
 * configuration's names are given to a verified caller alone; without a token, the answer has no name that is not in
 * the request.
 */
export async function withAddress(error: unknown, exchange: Exchange, parts: AdviceParts): Promise<unknown> {
  if (!isOfAddress(error, exchange)) return error
  return addressed(error, exchange, await callerOf(exchange, parts), parts.publicUrl)
}

/** As `withAddress`, for a caller that is known. @param caller null without a valid token. */
export function addressed(
  error: Refusal,
  exchange: Exchange,
  caller: Caller | null,
  publicUrl: string | null,
): Refusal {
  const { call, plan } = exchange
  const intent = isOfAddress(error, exchange) ? intentOf(call.method, call.url) : null
  if (intent === null) return error
  const bound = caller === null ? [] : plan.workloadsOf(caller)
  // A call that is only explained has no Host.
  const isPlaceless = publicUrl === null && call.req.headers.host === undefined
  const base = `${isPlaceless ? 'https://GATEWAY' : baseUrl(call, publicUrl)}/${namesFor(intent, bound, plan)}`
  const advice = [adviceOf(intent, base), ...(bound.length > 1 ? [mayCallAs(bound)] : [])].join(' ')
  const { code, details } = error
  return new Refusal(code, { ...details, advice: code === 'route_unknown' ? advice : ` ${advice}` })
}

function isOfAddress(error: unknown, { route }: Exchange): error is Refusal {
  if (!(error instanceof Refusal) || route !== null) return false
  return error.code === 'route_unknown' || error.code === 'method_not_allowed'
}

function adviceOf({ setting }: Intent, base: string): string {
  switch (setting) {
    case 'base_url':
      return `Set base_url to ${base}/openai/v1.`
    case 'endpoint':
      return `Set the endpoint (azure_endpoint) to ${base}.`
    case 'either':
      return `Set base_url to ${base}/openai/v1, or the endpoint of a client of Azure OpenAI to ${base}.`
  }
}

/** Words of addresses that clients put in the wrong place. */
const joints: ReadonlySet<string> = new Set(['openai', 'v1', 'api', 'deployments'])

/** Null where the address shows no operation, so that nothing can be said of it. */
function intentOf(method: string, url: string): Intent | null {
  const { path } = splitUrl(url)
  const segments = path === '/' ? [] : splitPath(path)
  const areNames = (some: readonly string[]): boolean => some.every(one => namePattern.test(one) && !joints.has(one))
  for (const count of [0, 1, 2]) {
    const names = segments.slice(0, count)
    if (!areNames(names)) break
    const setting = settingFor(segments.slice(count), method)
    if (setting !== null) return { setting, names }
  }
  const names = segments.filter(segment => !joints.has(segment))
  return names.length <= 2 && areNames(names) ? { setting: 'either', names } : null
}

function settingFor(segments: readonly string[], method: string): Intent['setting'] | null {
  const begin = segments.findIndex(segment => segment === 'deployments' || !joints.has(segment))
  const below = begin === -1 ? [] : segments.slice(begin)
  const [form, setting, rest] =
    below[0] === 'deployments'
      ? (['deployment', 'endpoint', below.slice(2)] as const)
      : (['v1', 'base_url', below] as const)
  return findOperation(rest, method, form)?.methods.includes(method) ? setting : null
}

/** Null without a valid token. What is wrong with the token is not the matter here. */
async function callerOf({ call }: Exchange, { verifier }: AdviceParts): Promise<Caller | null> {
  try {
    const { token } = readToken(call.req.rawHeaders, [])
    return verifier.remembered(token) ?? (await verifier.verify(token))
  } catch {
    return null
  }
}

/** `TARGET/WORKLOAD`: as the client wrote them where it may use them, else the first ones that it may use. */
function namesFor({ names }: Intent, bound: readonly Workload[], plan: Plan): string {
  const workload = bound.find(({ name }) => names.includes(name)) ?? bound[0]
  if (workload === undefined) return names.length === 2 ? names.join('/') : 'TARGET/WORKLOAD'
  const named = names.find(name => plan.targets.has(name) && workload.targets.has(name))
  return `${named ?? workload.standardTarget.name}/${workload.name}`
}
