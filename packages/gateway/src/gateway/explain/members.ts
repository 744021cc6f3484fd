/**
 * The destination of a call in words: the members in their order, when a member is skipped, and the price of the
 * deployment.
 */
import type { Config, InstanceConfig } from '../../config/schema/index.ts'
import type { Candidate, Candidates, Target } from '../../instances/pool.ts'
import type { LimitsMet } from '../../limits/rules/facts.ts'
import type { Price, PriceBook } from '../../prices/index.ts'
import type { Route } from '../stages/1-resolve/route.ts'
import type { Grant } from '../stages/3-authorize/grant.ts'
import { describeLimit } from './limits.ts'

export interface Destination {
  readonly grant: Grant
  readonly route: Route
  readonly method: string
  readonly deployment: string | null
  readonly candidates: Candidates
}

export function describeDestination({ grant, route, method, candidates }: Destination): string {
  const { target } = grant
  const { object, lists } = route.operation
  const names = candidates.all.map(({ instance }) => instance.name).join(', ')
  const paths = new Set(candidates.all.map(({ instance }) => instance.backend.path(route.address, null)))
  const path = `as ${[...paths].join(' or ')}`
  if (object !== null) return `Sent to the instance where the ${inWords(object)} lives (${names}), ${path}.`
  if (lists !== null && method !== 'POST') return `Put together from what ${names} list, ${path}.`
  return `Sent to ${orderOf(target, candidates)}, ${path}.`
}

/** `east, then one of sweden, france (weighted); at most 3 are tried`. */
function orderOf(target: Target, { tiers }: Candidates): string {
  const steps = tiers.map(tier => {
    const names = tier.map(({ instance }) => instance.name)
    return names.length === 1 ? names.join() : `one of ${names.join(', ')} (${target.strategy})`
  })
  const several = tiers.flat().length > 1
  const attempts = Math.min(target.attemptsMax, tiers.flat().length)
  return (
    steps.join(', then ') +
    (several ? `; at most ${attempts} ${attempts === 1 ? 'is' : 'are'} tried, while that is safe` : '')
  )
}

/** A line for each member, then the lines of the pool. */
export function detailsOf(
  destination: Destination,
  limits: LimitsMet,
  parts: { readonly config: Config; readonly prices: PriceBook; readonly nowMs: number },
): readonly string[] {
  const { candidates, deployment, grant } = destination
  // Uploads, and other calls that create an object without a deployment, go to the first member.
  const all = isFirstOnly(destination) ? candidates.all.slice(0, 1) : candidates.all
  const priorities = new Map(grant.target.members.map(({ instance, priority }) => [instance.name, priority]))
  const members = all.flatMap(candidate => {
    const { name } = candidate.instance
    const priority = all.length > 1 ? `priority ${priorities.get(name)}` : null
    const own = limits.at(name).map(fact => `  ${describeLimit(fact, parts.prices.currency)}`)
    return [`${name}: ${memberText(candidate, priority)}`, ...own]
  })
  const price = deployment === null ? [] : [priceText(candidates.all[0], deployment, parts)]
  return [...members, ...breakerTexts(all, parts.config), ...poolTexts(grant.target, parts.config), ...price]
}

function isFirstOnly({ route, method, deployment }: Destination): boolean {
  const { object, lists } = route.operation
  return deployment === null && object === null && (lists === null || method === 'POST')
}

function memberText(candidate: Candidate, priority: string | null): string {
  const { instance, lane, alias, spillAt, returnAt, weight } = candidate
  const texts = [
    instance.origin,
    instance.backend.isNamed ? `kind ${instance.backend.kind}` : null,
    `credential ${instance.credential.kind}`,
    priority,
    weight === 1 ? null : `weight ${weight}`,
    alias === null ? null : `as its deployment ${alias}`,
    lane.kind === 'provisioned' ? 'provisioned' : null,
    spillAt === null
      ? null
      : `spills from ${percent(spillAt)} utilisation, takes calls back below ${percent(returnAt)}`,
  ]
  return texts.filter(text => text !== null).join(', ')
}

/** One line for members with the same settings. */
function breakerTexts(candidates: readonly Candidate[], config: Config): string[] {
  const texts = Map.groupBy(candidates, ({ instance }) => {
    const breaker = config.instances[instance.name]?.breaker
    return breaker === undefined ? '' : breakerText(breaker)
  })
  return [...texts].map(([text, members]) => {
    const names = members.map(({ instance }) => instance.name)
    return `${names.join(' and ')} ${names.length === 1 ? 'is' : 'are each'} not used ${text}.`
  })
}

function breakerText({ open, failures, failureShare, window, retryAfterMax }: InstanceConfig['breaker']): string {
  const afterFailures = `for ${open / 1_000} s after ${failures} failures in a row or ${percent(failureShare)} within ${window / 1_000} s`
  return `${afterFailures}, and for the Retry-After of a 429 up to ${retryAfterMax / 1_000} s`
}

function poolTexts(target: Target, config: Config): string[] {
  const { hedge } = target
  const { waitingLine } = config.limits
  const texts = [
    target.prefixBytes === null
      ? null
      : `Calls that begin alike (${target.prefixBytes} bytes of the prompt) go to the same member.`,
    hedge === null
      ? null
      : `A second member is called for ${[...hedge.operations].join(', ')} above the ${hedge.afterPercentile}th percentile of latency, for at most ${percent(hedge.maxShare)} of calls; both are billed.`,
    waitingLine.length === 0 || target.members.length < 2
      ? null
      : `While no member takes calls, a call waits in line up to ${waitingLine.maxWait / 1_000} s.`,
  ]
  return texts.filter(text => text !== null)
}

function priceText(
  candidate: Candidate | undefined,
  deployment: string,
  { prices, nowMs }: { readonly prices: PriceBook; readonly nowMs: number },
): string {
  const name = candidate?.alias ?? deployment
  const model = candidate?.instance.deployments.get(name)?.model ?? name
  const price = prices.priceOf(null, model, nowMs)
  return price === null
    ? `No price of model ${model}: the call is reported without a cost. prices.models takes one.`
    : `Priced as model ${model}, unless the answer names another one with a price: ${ratesOf(price)} ${prices.currency} per million tokens (${price.name}).`
}

/** `input 2.5, cached input 1.25, output 10`: only the rates that differ. */
function ratesOf(price: Price): string {
  const perMillion = (nano: number): string => String(Number((nano / 1_000).toFixed(6)))
  const rates: readonly (readonly [string, number, number | null])[] = [
    ['input', price.inputNano, null],
    ['cached input', price.cachedInputNano, price.inputNano],
    ['output', price.outputNano, null],
    ['reasoning', price.reasoningNano, price.outputNano],
    ['audio input', price.audioInputNano, price.inputNano],
    ['audio output', price.audioOutputNano, price.outputNano],
  ]
  return rates
    .filter(([, nano, standard]) => nano !== standard)
    .map(([name, nano]) => `${name} ${perMillion(nano)}`)
    .join(', ')
}

function percent(share: number): string {
  return `${Number((share * 100).toFixed(2))} %`
}

function inWords(kind: string): string {
  return kind.replaceAll('_', ' ')
}
