/** What would happen to a call, step by step, decided by the same functions that serve it and without sending anything. */
import { type Clock, systemClock } from '../clock.ts'
import type { Config } from '../config/schema.ts'
import { type Caller, callerKey } from '../identity/index.ts'
import { type Instance, openInstance } from '../instances/index.ts'
import { candidatesFor } from '../instances/pool.ts'
import { limitsMet } from '../limits/rules/facts.ts'
import type { PriceBook } from '../prices/index.ts'
import { openPrices } from '../prices/open.ts'
import { findGrant, type Grant, requireDeployment } from './authorize/grant.ts'
import { describeLimit } from './explain/limits.ts'
import { type Destination, describeDestination, detailsOf } from './explain/members.ts'
import { policyTexts } from './explain/policy.ts'
import { buildPlan, type Plan } from './plan.ts'
import { asRefusal, listed, Refusal } from './refusals.ts'
import { findRoute, type Route } from './resolve/route.ts'

export interface ExplainQuestion {
  readonly method: string
  /** Path and query, as they would stand in the request line. */
  readonly url: string
  /** Null for a call without a token. */
  readonly caller: Caller | null
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  /** What the body's `model` says; null when there is no body. */
  readonly model: string | null
}

export interface ExplainStep {
  readonly stage: 'resolve' | 'authenticate' | 'authorize' | 'answer' | 'receive' | 'locate' | 'admit' | 'dispatch'
  readonly verdict: 'pass' | 'refuse'
  readonly text: string
  /** What belongs to it, a line each: limits, members. */
  readonly details?: readonly string[]
  /** Code of the refusal. */
  readonly refusal?: string
}

/**
 * The steps up to the first refusal, or all of them. Limits are named, not asked: whether there is room is known to the process that
 * serves.
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
    const walk = new Walk(config, { plan: buildPlan(config, instances), prices: openPrices(config.prices), clock })
    walk.to(question)
    return walk.steps
  } finally {
    for (const instance of instances.values()) void instance.close()
  }
}

interface WalkParts {
  readonly plan: Plan
  readonly prices: PriceBook
  readonly clock: Clock
}

class Walk {
  readonly steps: ExplainStep[] = []
  readonly #config: Config
  readonly #parts: WalkParts

  constructor(config: Config, parts: WalkParts) {
    this.#config = config
    this.#parts = parts
  }

  to(question: ExplainQuestion): void {
    const route = this.#step('resolve', () => findRoute(question.method, question.url), describeRoute)
    if (route === null) return
    const caller = this.#step('authenticate', () => requireCaller(question.caller), describeCaller)
    if (caller === null) return
    const named = question.headers['x-gatehouse-workload'] ?? null
    const authorized = (): Grant => findGrant(caller, route, route.workload ?? named, this.#parts.plan)
    const grant = this.#step('authorize', authorized, granted => describeGrant(granted, caller), policyTexts)
    if (grant === null) return
    if (route.operation.answeredHere) {
      this.#step('answer', () => modelsOf(grant, route), describeModels)
      return
    }
    const received = this.#step(
      'receive',
      () => receivedOf(route, grant, question.model),
      describeReceived,
      sharesOf(grant),
    )
    if (received === null) return
    this.#onwards(route, { method: question.method, caller, grant, deployment: received.deployment })
  }

  #onwards(route: Route, { method, caller, grant, deployment }: Standing): void {
    const located = locateText(route, method, grant, this.#config)
    if (located !== null) this.steps.push({ stage: 'locate', verdict: 'pass', text: located })
    const limits = limitsMet(this.#config, { caller, workload: grant.workload.name, deployment })
    const { currency } = this.#parts.prices
    const met = limits.anywhere.map(fact => describeLimit(fact, currency))
    const text = admitText(met.length, route, this.#config)
    this.steps.push({ stage: 'admit', verdict: 'pass', text, ...(met.length === 0 ? {} : { details: met }) })
    const parts = { config: this.#config, prices: this.#parts.prices, nowMs: this.#parts.clock() }
    this.#step(
      'dispatch',
      () => destinationOf({ grant, route, method, deployment }),
      describeDestination,
      destination => detailsOf(destination, limits, parts),
    )
  }

  #step<T>(
    stage: ExplainStep['stage'],
    work: () => T,
    say: (result: T) => string,
    detail: (result: T) => readonly string[] = () => [],
  ): T | null {
    try {
      const result = work()
      const details = detail(result)
      this.steps.push({ stage, verdict: 'pass', text: say(result), ...(details.length === 0 ? {} : { details }) })
      return result
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      const { code, message, status } = asRefusal(error)
      this.steps.push({ stage, verdict: 'refuse', text: `${status}: ${message}`, refusal: code })
      return null
    }
  }
}

interface Standing {
  readonly method: string
  readonly caller: Caller
  readonly grant: Grant
  readonly deployment: string | null
}

function requireCaller(caller: Caller | null): Caller {
  if (caller === null) throw new Refusal('token_missing', { reason: 'The request carries no token.' })
  return caller
}

interface Received {
  readonly deployment: string | null
}

function receivedOf(route: Route, grant: Grant, model: string | null): Received {
  if (route.deployment !== null || route.operation.deployment === 'none') return { deployment: route.deployment }
  if (model === null || model === '') {
    throw new Refusal('model_missing', { allowed: listed(grant.workload.deployments) })
  }
  requireDeployment(grant.workload, model)
  return { deployment: model }
}

function describeReceived({ deployment }: Received): string {
  if (deployment === null) return 'The operation runs on no deployment.'
  return `Deployment ${deployment}, allowed for the workload.`
}

/** Where shares and copies of such calls go. */
function sharesOf({ workload, target }: Grant): (received: Received) => readonly string[] {
  return ({ deployment }) => {
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
}

function percentOf(share: number): string {
  return `${Number((share * 100).toFixed(2))} %`
}

/** Null for calls that name no object: they may go anywhere. */
function locateText(
  { operation, objectId }: Route,
  method: string,
  { workload }: Grant,
  config: Config,
): string | null {
  const { object, lists, refersBy } = operation
  const others =
    config.objects.unknown === 'refuse'
      ? 'any other is answered 404'
      : 'one that no call made is looked for on the first member'
  if (object !== null) {
    return `The ${object.replaceAll('_', ' ')} ${objectId ?? ''} must have been made by workload ${workload.name}; ${others}.`
  }
  if (lists !== null && method !== 'POST')
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

/** As `answerModels` lists them. @throws Refusal deployment_not_allowed, deployment_unknown */
function modelsOf({ workload, target }: Grant, { objectId }: Route): readonly string[] {
  if (objectId === null) return [...workload.deployments].filter(name => candidatesFor(target, name) !== null)
  requireDeployment(workload, objectId)
  if (candidatesFor(target, objectId) !== null) return [objectId]
  throw new Refusal('deployment_unknown', { target: target.name, deployment: objectId })
}

function describeModels(names: readonly string[]): string {
  return `Answered by the gateway itself, with what the workload may use there: ${names.length === 0 ? 'nothing' : names.join(', ')}.`
}

function destinationOf(asked: Omit<Destination, 'candidates'>): Destination {
  const { grant, deployment } = asked
  const candidates = candidatesFor(grant.target, deployment)
  if (candidates !== null) return { ...asked, candidates }
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

function describeCaller(caller: Caller): string {
  return `The ${caller.kind} ${callerKey(caller)}.`
}

function describeGrant(grant: Grant, caller: Caller): string {
  const { name, capture, priority } = grant.workload
  const rule = grant.workload.bound(caller)
  return `Workload ${name}, bound by the rule "${rule?.text ?? ''}"; target ${grant.target.name}; capture ${capture}; priority ${priority}.`
}
