/**
 * Explain: what would happen to a call, stage by stage, without sending anything. The stages and their order are those
 * of `stages/index.ts`; what they decide is decided by the functions that serve calls.
 */
import { type Clock, systemClock } from '../../clock.ts'
import type { Config } from '../../config/schema/index.ts'
import { type Caller, callerKey } from '../../identity/index.ts'
import { type Instance, openInstance } from '../../instances/index.ts'
import { candidatesFor } from '../../instances/pool.ts'
import { type LimitsMet, limitsMet } from '../../limits/rules/facts.ts'
import type { PriceBook } from '../../prices/index.ts'
import { openPrices } from '../../prices/open.ts'
import { ownCall } from '../call.ts'
import {
  type Authenticated,
  type Authorized,
  type Exchange,
  newExchange,
  noteCaller,
  noteRequest,
  noteRoute,
  type Received,
  type Resolved,
} from '../exchange.ts'
import { buildPlan } from '../plan/index.ts'
import { asRefusal, listed, Refusal } from '../refusals.ts'
import { findRoute, type Route } from '../stages/1-resolve/route.ts'
import { type Grant, requireDeployment } from '../stages/3-authorize/grant.ts'
import { authorize } from '../stages/3-authorize/index.ts'
import { requestWithoutBody } from '../stages/4-receive/request.ts'
import { type StageName, stages } from '../stages/index.ts'
import { describeLimit } from './limits.ts'
import { type Destination, describeDestination, detailsOf } from './members.ts'
import { policyTexts } from './policy.ts'

export interface ExplainQuestion {
  readonly method: string
  /** Path and query, as in the request line. */
  readonly url: string
  /** Null for a call without a token. */
  readonly caller: Caller | null
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  /** `model` of the body; null when there is no body. */
  readonly model: string | null
}

export interface ExplainStep {
  readonly stage: ExplainedStage
  readonly verdict: 'pass' | 'refuse'
  readonly text: string
  /** Limits, members and other particulars, a line each. */
  readonly details?: readonly string[]
  /** Code of the refusal. */
  readonly refusal?: string
}

/** Nothing can be said about the other stages before a call is sent. */
type ExplainedStage = Exclude<StageName, 'accept' | 'relay' | 'record'>

/**
 * The steps up to the first refusal, or all of them. Limits are only named: how much room they have is known to the
 * process that serves.
 *
 * @throws ConfigError when `prices.catalogue` has changed since the configuration was checked.
 */
export function explain(config: Config, question: ExplainQuestion, clock: Clock = systemClock): ExplainStep[] {
  const instances = new Map<string, Instance>(
    Object.entries(config.instances).map(([name, { probe: _, ...written }]) => [
      name,
      openInstance(name, written, config.gateway.timeouts, { clock }),
    ]),
  )
  try {
    const { method, url, headers } = question
    const call = ownCall({ id: '', startedAtMs: clock(), method, url, headers })
    const plan = buildPlan(config, instances)
    const exchange = newExchange(call, { plan, demonstration: false, isProxy: null })
    return walk(exchange, { config, question, prices: openPrices(config.prices), nowMs: call.startedAtMs })
  } finally {
    for (const instance of instances.values()) void instance.close()
  }
}

interface ExplainScene {
  readonly config: Config
  readonly question: ExplainQuestion
  readonly prices: PriceBook
  readonly nowMs: number
}

/** The text for a stage that lets the call pass. */
interface Passed {
  readonly text: string
  readonly details?: readonly string[]
  /** True when the call ends at this stage. */
  readonly ends?: boolean
}

type Explainer<E extends Exchange> = (exchange: E, scene: ExplainScene) => Passed | null

/** Each explainer notes what its stage finds, and gets an exchange as its stage gets it. */
const explainers: {
  readonly resolve: Explainer<Exchange>
  readonly authenticate: Explainer<Resolved>
  readonly authorize: Explainer<Authenticated>
  readonly answer: Explainer<Authorized>
  readonly receive: Explainer<Authorized>
  readonly locate: Explainer<Received>
  readonly admit: Explainer<Received>
  readonly dispatch: Explainer<Received>
} = {
  resolve(exchange) {
    const route = findRoute(exchange.call.method, exchange.call.url)
    noteRoute(exchange, route)
    return { text: describeRoute(route) }
  },
  authenticate(exchange, { question: { caller } }) {
    if (caller === null) throw new Refusal('token_missing', { reason: 'The request carries no token.' })
    noteCaller(exchange, caller, '')
    return { text: `The ${caller.kind} ${callerKey(caller)}.` }
  },
  authorize(exchange) {
    const { grant, caller } = authorize(exchange)
    return { text: describeGrant(grant, caller), details: policyTexts(grant) }
  },
  answer({ route, grant }) {
    return route.operation.answeredHere ? { text: describeModels(modelsOf(grant, route)), ends: true } : null
  },
  receive(exchange, { question }) {
    const deployment = deploymentOf(exchange, question.model)
    noteRequest(exchange, requestWithoutBody(deployment))
    return { text: describeDeployment(deployment), details: sharesOf(exchange.grant, deployment) }
  },
  locate(exchange, { config }) {
    const text = locateText(exchange, config)
    return text === null ? null : { text }
  },
  admit(exchange, { config, prices }) {
    const details = limitsOf(exchange, config).anywhere.map(fact => describeLimit(fact, prices.currency))
    return { text: admitText(details.length, exchange.route, config), details }
  },
  dispatch(exchange, { config, prices, nowMs }) {
    const destination = destinationOf(exchange)
    const details = detailsOf(destination, limitsOf(exchange, config), { config, prices, nowMs })
    return { text: describeDestination(destination), details }
  },
}

function walk(exchange: Exchange, scene: ExplainScene): ExplainStep[] {
  const steps: ExplainStep[] = []
  for (const { name } of stages) {
    if (!isExplained(name)) continue
    try {
      // The order of the table gives each stage what the stages before it have noted.
      const explainer = explainers[name] as Explainer<Exchange>
      const passed = explainer(exchange, scene)
      if (passed === null) continue
      const { text, details = [], ends = false } = passed
      steps.push({ stage: name, verdict: 'pass', text, ...(details.length === 0 ? {} : { details }) })
      if (ends) break
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      const { code, message, status } = asRefusal(error)
      steps.push({ stage: name, verdict: 'refuse', text: `${status}: ${message}`, refusal: code })
      break
    }
  }
  return steps
}

function isExplained(name: StageName): name is ExplainedStage {
  return Object.hasOwn(explainers, name)
}

/** @throws Refusal model_missing, deployment_not_allowed */
function deploymentOf({ route, grant }: Authorized, model: string | null): string | null {
  if (route.deployment !== null || route.operation.deployment === 'none') return route.deployment
  if (model === null || model === '') {
    throw new Refusal('model_missing', { allowed: listed(grant.workload.deployments) })
  }
  requireDeployment(grant.workload, model)
  return model
}

function limitsOf({ caller, grant, request }: Received, config: Config): LimitsMet {
  return limitsMet(config, { caller, workload: grant.workload.name, deployment: request.deployment })
}

function describeDeployment(deployment: string | null): string {
  if (deployment === null) return 'The operation runs on no deployment.'
  return `Deployment ${deployment}, allowed for the workload.`
}

/** The deployments that get a share or a copy of such calls. */
function sharesOf({ workload, target }: Grant, deployment: string | null): readonly string[] {
  const canary = workload.canary.get(deployment ?? '')
  const shadow = workload.shadow.get(deployment ?? '')
  const texts = [
    canary === undefined
      ? null
      : `Canary: ${percentOf(canary.share)} of these calls go to ${canary.deployment} instead; the rest is explained here.`,
    shadow === undefined
      ? null
      : `Shadow: a copy of ${percentOf(shadow.share)} of these calls goes to ${shadow.deployment} of ${(shadow.target ?? target).name}; its answer is discarded.`,
  ]
  return texts.filter(text => text !== null)
}

function percentOf(share: number): string {
  return `${Number((share * 100).toFixed(2))} %`
}

/** Null for a call that names no object: it may go anywhere. */
function locateText({ call, route, grant }: Received, config: Config): string | null {
  const { operation, objectId } = route
  const { workload } = grant
  const { object, lists, refersBy } = operation
  const others =
    config.objects.unknown === 'refuse'
      ? 'any other is answered 404'
      : 'one that no call made is looked for on the first member'
  if (object !== null) {
    return `The ${object.replaceAll('_', ' ')} ${objectId ?? ''} must have been made by workload ${workload.name}; ${others}.`
  }
  if (lists !== null && call.method !== 'POST')
    return `The list shows what workload ${workload.name} made, and nothing else.`
  if (refersBy.length === 0) return null
  return `Objects that the body names must have been made by workload ${workload.name}; ${others}. Without one, any member may serve.`
}

function admitText(count: number, { operation }: Route, { limits }: Config): string {
  const { length, maxWait } = limits.waitingLine
  if (count === 0) return 'Meets no limit.'
  const free =
    operation.usage === 'none' ? ' The operation bills no tokens: requests and calls in flight alone count.' : ''
  const met = count === 1 ? 'Meets one limit' : `Meets ${count} limits, of which the tightest answers`
  const waits = length === 0 ? '' : `; where it is used up, a call may wait in line up to ${maxWait / 1_000} s`
  return `${met}${waits}. Counters are in ${limits.store === 'memory' ? 'memory' : 'Redis'}.${free}`
}

/** The models that `answerModels` lists. @throws Refusal deployment_not_allowed, deployment_unknown */
function modelsOf({ workload, target }: Grant, { objectId }: Route): readonly string[] {
  if (objectId === null) return [...workload.deployments].filter(name => candidatesFor(target, name) !== null)
  requireDeployment(workload, objectId)
  if (candidatesFor(target, objectId) !== null) return [objectId]
  throw new Refusal('deployment_unknown', { target: target.name, deployment: objectId })
}

function describeModels(names: readonly string[]): string {
  return `Answered by the gateway itself, with what the workload may use there: ${names.length === 0 ? 'nothing' : names.join(', ')}.`
}

/** @throws Refusal deployment_unknown */
function destinationOf({ call, route, grant, request: { deployment } }: Received): Destination {
  const candidates = candidatesFor(grant.target, deployment)
  if (candidates !== null) return { grant, route, method: call.method, deployment, candidates }
  throw new Refusal('deployment_unknown', { target: grant.target.name, deployment: deployment ?? '' })
}

function describeRoute(route: Route): string {
  const parts = [
    `Operation ${route.operation.name}`,
    route.target === null ? 'no target in the address' : `target ${route.target}`,
    route.workload === null ? 'no workload in the address' : `workload ${route.workload}`,
    route.deployment === null ? null : `deployment ${route.deployment}`,
    route.apiVersion === null ? null : `api-version ${route.apiVersion}`,
  ]
  return `${parts.filter(part => part !== null).join(', ')}.`
}

function describeGrant(grant: Grant, caller: Caller): string {
  const { name, capture, priority } = grant.workload
  const rule = grant.workload.bound(caller)
  return `Workload ${name}, bound by the rule "${rule?.text ?? ''}"; target ${grant.target.name}; capture ${capture}; priority ${priority}.`
}
