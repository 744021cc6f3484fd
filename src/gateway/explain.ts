/** What would happen to a call, step by step, decided by the same functions that serve it and without sending anything. */
import { systemClock } from '../clock.ts'
import type { Config } from '../config/schema.ts'
import { type Caller, callerKey } from '../identity/index.ts'
import { type Instance, openInstance } from '../instances/index.ts'
import { candidatesFor } from '../instances/pool.ts'
import { authorize, type Grant, requireDeployment } from './authorize/index.ts'
import { buildPlan, type Plan } from './plan.ts'
import { asRefusal, Refusal } from './refusals.ts'
import { type Route, resolve } from './resolve/index.ts'

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
  readonly stage: 'resolve' | 'authenticate' | 'authorize' | 'receive' | 'dispatch'
  readonly verdict: 'pass' | 'refuse'
  readonly text: string
  /** Code of the refusal. */
  readonly refusal?: string
}

/** The steps up to the first refusal, or all of them. */
export function explain(config: Config, question: ExplainQuestion): ExplainStep[] {
  const instances = new Map<string, Instance>(
    Object.entries(config.instances).map(([name, written]) => [
      name,
      openInstance(name, written, config.gateway.timeouts, { clock: systemClock }),
    ]),
  )
  const steps: ExplainStep[] = []
  try {
    walk(buildPlan(config, instances), question, steps)
  } finally {
    for (const instance of instances.values()) void instance.close()
  }
  return steps
}

function walk(plan: Plan, question: ExplainQuestion, steps: ExplainStep[]): void {
  const step = <T>(stage: ExplainStep['stage'], work: () => T, say: (result: T) => string): T | null => {
    try {
      const result = work()
      steps.push({ stage, verdict: 'pass', text: say(result) })
      return result
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      const { code, message, status } = asRefusal(error)
      steps.push({ stage, verdict: 'refuse', text: `${status}: ${message}`, refusal: code })
      return null
    }
  }
  const route = step('resolve', () => resolve(question.method, question.url), describeRoute)
  if (route === null) return
  const caller = step('authenticate', () => requireCaller(question.caller), describeCaller)
  if (caller === null) return
  const named = question.headers['x-gatehouse-workload'] ?? null
  const grant = step(
    'authorize',
    () => authorize(caller, route, named, plan),
    granted => describeGrant(granted, caller),
  )
  if (grant === null) return
  const deployment = step(
    'receive',
    () => deploymentOf(route, grant, question.model),
    found =>
      found === null ? 'The operation runs on no deployment.' : `Deployment ${found}, allowed for the workload.`,
  )
  if (deployment === null && route.operation.deployment === 'required') return
  step('dispatch', () => membersOf(grant, route, deployment), describeMembers)
}

function requireCaller(caller: Caller | null): Caller {
  if (caller === null) throw new Refusal('token_missing', { reason: 'The request carries no token.' })
  return caller
}

function deploymentOf(route: Route, grant: Grant, model: string | null): string | null {
  if (route.deployment !== null || route.operation.deployment === 'none') return route.deployment
  if (model === null || model === '') {
    throw new Refusal('model_missing', { allowed: [...grant.workload.deployments].join(', ') })
  }
  requireDeployment(grant.workload, model)
  return model
}

interface Members {
  readonly able: readonly Instance[]
  readonly path: string
  readonly stateful: boolean
}

function membersOf(grant: Grant, route: Route, deployment: string | null): Members {
  const { target } = grant
  const candidates = candidatesFor(target, deployment)
  if (candidates === null) {
    throw new Refusal('deployment_unknown', { target: target.name, deployment: deployment ?? '' })
  }
  const { stateful } = route.operation
  return {
    able: (candidates.tiers[0] ?? []).map(({ instance }) => instance).slice(0, stateful ? 1 : undefined),
    path: route.backendPath,
    stateful,
  }
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
  const rule = grant.workload.bound(caller)
  return `Workload ${grant.workload.name}, bound by the rule "${rule?.text ?? ''}"; target ${grant.target.name}; capture ${grant.workload.capture}.`
}

function describeMembers({ able, path, stateful }: Members): string {
  const names = able.map(instance => `${instance.name} (${instance.origin}, credential ${instance.credential.kind})`)
  const why = stateful
    ? ' (objects stay on the first member)'
    : able.length > 1
      ? ' (the one with the fewest calls)'
      : ''
  return `Sent to ${names.join(' or ')}${why}, as ${path}.`
}
