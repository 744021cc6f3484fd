/** An explainer for each stage: it notes what its stage finds, and says it. */
import type { Config } from '../../config/schema/index.ts'
import { expectationsOf, requireAccepted } from '../../identity/claims.ts'
import { type Caller, callerKey, readToken } from '../../identity/index.ts'
import { type Candidates, candidatesFor, only } from '../../instances/pool.ts'
import { type LimitsMet, limitsMet } from '../../limits/rules/facts.ts'
import type { PriceBook } from '../../prices/index.ts'
import {
  type Authenticated,
  type Authorized,
  type Exchange,
  noteCaller,
  noteHome,
  noteRequest,
  noteRoute,
  type Received,
  type Resolved,
} from '../exchange.ts'
import { listed, Refusal } from '../refusals.ts'
import { findRoute, type Route } from '../stages/1-resolve/route.ts'
import { type Grant, requireDeployment } from '../stages/3-authorize/grant.ts'
import { authorize } from '../stages/3-authorize/index.ts'
import { BodyBudget, BodyHold } from '../stages/4-receive/budget.ts'
import { receive } from '../stages/4-receive/index.ts'
import { requestWithoutBody } from '../stages/4-receive/request.ts'
import { locate } from '../stages/5-locate/index.ts'
import { servingAll } from '../stages/7-dispatch/index.ts'
import { suitedTo } from '../stages/7-dispatch/suited.ts'
import type { StageName } from '../stages/index.ts'
import {
  admitText,
  describeDeployment,
  describeGrant,
  describeModels,
  describeRoute,
  locateText,
  sharesOf,
} from './describe.ts'
import { describeLimit } from './limits.ts'
import { isOfRule, type LiveParts, reachNow, roomFor, useOf } from './live.ts'
import { type Destination, describeDestination, detailsOf } from './members.ts'
import { policyTexts } from './policy.ts'
import type { ExplainQuestion } from './question.ts'
import { type ExplainSetting, pathOfTarget, settingAt, settingOfLimit } from './settings.ts'

/** Nothing can be said about the other stages before a call is sent. */
export type ExplainedStage = Exclude<StageName, 'accept' | 'relay' | 'record'>

/** Where a call goes that every stage lets pass. */
export interface Destined {
  readonly workload: string
  readonly target: string
  /** Null for operations without a deployment. */
  readonly deployment: string | null
  /** Instances in the order in which they are tried; those of one step share the calls. */
  readonly order: readonly (readonly DestinedMember[])[]
}

export interface DestinedMember {
  readonly instance: string
  /** The deployment's name there, where it has another one. */
  readonly alias: string | null
}

export interface ExplainScene {
  readonly config: Config
  readonly question: ExplainQuestion
  readonly prices: PriceBook
  readonly nowMs: number
  readonly live: LiveParts | null
}

/** The text for a stage that lets the call pass. */
interface Passed {
  readonly text: string
  readonly details?: readonly string[]
  readonly settings?: readonly ExplainSetting[]
  readonly destination?: Destined
  /** True when the call ends at this stage. */
  readonly ends?: boolean
}

export type Explainer<E extends Exchange> = (exchange: E, scene: ExplainScene) => Passed | null | Promise<Passed | null>

export const explainers: {
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
  authenticate(exchange, { config, question: { caller } }) {
    if (caller === null) {
      readToken(exchange.call.req.rawHeaders, config.identity.entra.audiences)
      return null
    }
    const { tenants, audiences, clients = null } = config.identity.entra
    // A caller that is described without a token has the usual audience.
    const audience = caller.audience === '' ? (audiences[0] ?? '') : caller.audience
    const described = { ...caller, audience }
    requireAccepted(described, expectationsOf({ tenants, audiences, clients }))
    noteCaller(exchange, described, '')
    return {
      text: `The ${caller.kind} ${callerKey(caller)}.`,
      details: groupsText(config),
      settings: [settingAt(config, ['identity', 'entra', 'tenants'])],
    }
  },
  authorize(exchange, { config }) {
    const { grant, caller } = authorize(exchange)
    return {
      text: describeGrant(grant, caller),
      details: policyTexts(grant),
      settings: settingsOfGrant(grant, caller, config),
    }
  },
  answer({ route, grant }, { config }) {
    if (!route.operation.answeredHere) return null
    const settings = [settingAt(config, ['workloads', grant.workload.name, 'deployments'])]
    return { text: describeModels(modelsOf(grant, route)), settings, ends: true }
  },
  async receive(exchange, { question, config }) {
    const { deployment } = await requestOf(exchange, question, config)
    const settings =
      deployment === null ? [] : [settingAt(config, ['workloads', exchange.grant.workload.name, 'deployments'])]
    return { text: describeDeployment(deployment), details: sharesOf(exchange.grant, deployment), settings }
  },
  async locate(exchange, { config, live }) {
    const text = locateText(exchange, config)
    if (live !== null) {
      const { unknown: unknownObjects, encryptedReasoning } = config.objects
      await locate(exchange, { objects: live.objects, unknownObjects, encryptedReasoning, followUps: noDebts })
      const { home } = exchange
      if (home !== null && home.instance !== null) return { text: `What the call names lives on ${home.instance}.` }
    } else noteHome(exchange, null, null)
    return text === null ? null : { text }
  },
  async admit(exchange, { config, prices, live }) {
    const met = limitsOf(exchange, config).anywhere
    const room = live === null ? null : await roomFor(exchange, live)
    const text = admitText(met.length, exchange.route, config)
    return {
      text: room?.note == null ? text : `${text} ${room.note}`,
      details: met.map(fact => `${describeLimit(fact, prices.currency)}${room === null ? '' : useOf(room, fact)}`),
      settings: met.map(fact => settingOfLimit(fact, prices.currency)),
    }
  },
  dispatch(exchange, { config, prices, nowMs, live }) {
    const destination = destinationOf(exchange)
    const { grant, deployment, candidates } = destination
    const closed = live === null ? [] : reachNow(exchange, candidates, live, nowMs)
    const details = detailsOf(destination, limitsOf(exchange, config), { config, prices, nowMs })
    return {
      text: describeDestination(destination),
      details: [...closed, ...details],
      settings: [settingAt(config, pathOfTarget(grant.target.name, config))],
      destination: {
        workload: grant.workload.name,
        target: grant.target.name,
        deployment,
        order: candidates.tiers.map(tier => tier.map(({ instance, alias }) => ({ instance: instance.name, alias }))),
      },
    }
  },
}

const noDebts = { openDebt: () => null }

function groupsText({ identity }: Config): readonly string[] {
  return identity.entra.graph === undefined
    ? []
    : ['Groups that a token does not list are looked up with Microsoft Graph.']
}

function settingsOfGrant({ workload }: Grant, caller: Caller, config: Config): readonly ExplainSetting[] {
  const rule = workload.bound(caller)
  return [
    ...(rule === null ? [] : [settingAt(config, ['workloads', workload.name, 'callers', rule.index])]),
    settingAt(config, ['workloads', workload.name, 'targets']),
  ]
}

/** The request as `receive` reads it, where the body is known; else one that asks for nothing but its deployment. */
async function requestOf(exchange: Authorized, question: ExplainQuestion, config: Config) {
  const { body = null, model, toolDeployments = [] } = question
  if (body === null) {
    const deployment = deploymentOf(exchange, model)
    for (const name of toolDeployments) requireDeployment(exchange.grant.workload, name, 'tools')
    noteRequest(exchange, requestWithoutBody(deployment, toolDeployments))
    return exchange.request
  }
  const { bodyBytesMax, uploadBytesMax, bodyBytesInFlight, bodyBytesInFlightPerCaller, timeouts } = config.gateway
  const hold = new BodyHold(new BodyBudget({ bytesMax: bodyBytesInFlight, callerBytesMax: bodyBytesInFlightPerCaller }))
  const receiveLimits = { bodyBytesMax, uploadBytesMax, timeoutMs: timeouts.requestBody }
  // 1 is beyond every share: the call stays with the deployment that it names.
  const received = await receive(exchange, hold, { receiveLimits, random: () => 1 })
  return received.request
}

/** @throws Refusal model_missing, deployment_not_allowed */
function deploymentOf({ route, grant }: Authorized, model: string | null): string | null {
  if (route.deployment !== null || route.operation.deployment === 'none') return route.deployment
  if (model === null || model === '') {
    throw new Refusal('model_missing', { allowed: listed(grant.workload.deployments) }, { param: 'model' })
  }
  requireDeployment(grant.workload, model)
  return model
}

function limitsOf({ caller, grant, request }: Received, config: Config): LimitsMet {
  return limitsMet(config, { caller, workload: grant.workload.name, deployment: request.deployment })
}

/** The limits that a refusal names, with their amounts; none where it is not about limits. */
export function limitsNamed(
  refusal: Refusal,
  { caller, grant, request }: Exchange,
  config: Config,
  currency: string,
): readonly ExplainSetting[] {
  if (caller === null || grant === null || request === null) return []
  const met = limitsMet(config, { caller, workload: grant.workload.name, deployment: request.deployment })
  const all = [...met.anywhere, ...grant.target.members.flatMap(({ instance }) => met.at(instance.name))]
  return all.filter(fact => isOfRule(refusal, fact)).map(fact => settingOfLimit(fact, currency))
}

/** The models that `answerModels` lists. @throws Refusal deployment_not_allowed, deployment_unknown */
function modelsOf({ workload, target }: Grant, { objectId }: Route): readonly string[] {
  if (objectId === null) return [...workload.deployments].filter(name => candidatesFor(target, name) !== null)
  requireDeployment(workload, objectId)
  if (candidatesFor(target, objectId) !== null) return [objectId]
  throw new Refusal('deployment_unknown', { target: target.name, deployment: objectId })
}

/** @throws Refusal deployment_unknown, call_unsuited */
function destinationOf(exchange: Received): Destination {
  const { call, route, grant, request, home } = exchange
  const { target } = grant
  const suited = suitedTo(servingAll(target, request), exchange, target)
  const pinned = home === null || home.loose !== null ? null : home.instance
  const candidates: Candidates | null = pinned === null ? suited : only(suited, one => one.instance.name === pinned)
  if (candidates !== null) return { grant, route, method: call.method, deployment: request.deployment, candidates }
  throw new Refusal(
    'deployment_unknown',
    { target: target.name, deployment: request.deployment ?? '' },
    { param: 'model' },
  )
}
