/**
 * The request as a sentence. Each stage takes what the one before it found; whatever ends the sentence early is an answer
 * to the client and a record in the ledger.
 */
import type { Clock } from '../clock.ts'
import type { Config } from '../config/schema.ts'
import type { GroupDirectory, Verifier } from '../identity/index.ts'
import type { Journal } from '../ledger/index.ts'
import type { Limits } from '../limits/index.ts'
import type { Objects } from '../objects/index.ts'
import type { PriceBook } from '../prices/index.ts'
import type { EndedCall } from '../telemetry/calls.ts'
import type { Log } from '../telemetry/log.ts'
import type { TokenCounter } from '../tokens/index.ts'
import { admit } from './admit/index.ts'
import { answerList } from './answers/lists.ts'
import { answerModels } from './answers/models.ts'
import { withGroups } from './authenticate/groups.ts'
import { authenticate } from './authenticate/index.ts'
import { authorize } from './authorize/index.ts'
import type { Call } from './call.ts'
import type { Copies } from './copies/index.ts'
import type { Cors } from './cors.ts'
import { dispatch } from './dispatch/index.ts'
import { steer } from './dispatch/steer.ts'
import { conclude, refuse } from './endings.ts'
import type { FollowUps } from './follow-ups/index.ts'
import type { Guards } from './guards.ts'
import { locate } from './locate/index.ts'
import type { Plan } from './plan.ts'
import { BodyHold } from './receive/budget.ts'
import { type ReceiveLimits, receive } from './receive/index.ts'
import type { Account } from './record/index.ts'
import { Refusal } from './refusals.ts'
import type { Route } from './resolve/index.ts'

/** What the stages need of the house. */
export interface GatewayParts {
  /** `createResolver` of resolve/. */
  readonly resolve: (method: string, url: string) => Route
  readonly plan: Plan
  readonly verifier: Verifier
  /** Null where tokens alone say who is in which group. */
  readonly groups: GroupDirectory | null
  readonly journal: Journal
  readonly counter: TokenCounter
  readonly clock: Clock
  readonly log: Log
  readonly receiveLimits: ReceiveLimits
  readonly guards: Guards
  readonly limits: Limits
  readonly prices: PriceBook
  readonly objects: Objects
  readonly copies: Copies
  readonly followUps: FollowUps
  /** 0..1, 1 excluded: decides who is part of a share. */
  readonly random: () => number
  /** `objects.unknown`. */
  readonly unknownObjects: 'refuse' | 'allow'
  /** `objects.encryptedReasoning`. */
  readonly encryptedReasoning: 'pin' | 'drop'
  readonly totalMs: number
  /** For the protected-resource metadata. */
  readonly identity: Config['identity']['entra']
  /** For `WWW-Authenticate`; null takes the Host header. */
  readonly publicUrl: string | null
  /** Null where no page of a browser may call. */
  readonly cors: Cors | null
  readonly trustForwardedFor: boolean
  /** When the disk refuses: true goes on without a record and counts what was lost. */
  readonly continueUnrecorded: boolean
  /** Marks records as the demonstration's history. */
  readonly demonstration: boolean
  /** Told of each record that the journal could not take. */
  readonly lost: (id: string) => void
  /** Told of each call that has ended, for the metrics. */
  readonly ended: (call: EndedCall) => void
  /** Instances that refuse the gateway's own credential now. */
  readonly credentialsRefused: () => number
  /** True when no call passes without meeting a limit: for readiness while the store of the limits is down. */
  readonly limitedThroughout: boolean
}

export async function serve(call: Call, parts: GatewayParts): Promise<void> {
  const account = newAccount(call, parts)
  const hold = new BodyHold(parts.guards.bodies)
  try {
    requireOrdinary(call)
    const route = parts.resolve(call.method, call.url)
    account.route = route
    const { caller: verified, token } = await authenticate(call.req, parts.verifier)
    account.caller = verified
    account.token = token
    const named = workloadHeader(call)
    const found = withGroups(verified, route, named, parts)
    const caller = found instanceof Promise ? await found : found
    account.caller = caller
    const grant = authorize(caller, route, named, parts.plan)
    account.grant = grant
    hold.caller = caller
    if (route.operation.answeredHere) return await conclude(account, await answerModels(account), parts)
    account.asked = steer(await receive(call, route, grant, hold, parts.receiveLimits), grant, parts.random)
    // Before anything is reserved: what belongs to somebody else does not exist, whatever limits say.
    const home = await locate(account, parts)
    if (route.objectId !== null) account.owing = parts.followUps.of(route.objectId)
    account.lease = await admit(account, parts)
    await learnBeforeEnd(account, parts)
    const isList = route.operation.lists !== null && call.method !== 'POST'
    const relayed = await (isList ? answerList(account, home?.instance ?? null, parts) : dispatch(account, home, parts))
    await conclude(account, relayed, parts)
  } catch (error) {
    await refuse(account, error, parts)
  } finally {
    // The body may be sent again, or counted, until now.
    hold.release()
  }
}

/** Once a response is deleted, nobody can say what it used: that is asked before. */
async function learnBeforeEnd({ call, route, token }: Account, { followUps }: GatewayParts): Promise<void> {
  if (call.method !== 'DELETE' || route === null || route.objectId === null) return
  if (route.operation.tells !== null && route.operation.endsObject) await followUps.askNow(route.objectId, token)
}

function newAccount(call: Call, parts: GatewayParts): Account {
  return {
    call,
    demonstration: parts.demonstration,
    trustForwardedFor: parts.trustForwardedFor,
    plan: parts.plan,
    route: null,
    caller: null,
    token: '',
    grant: null,
    asked: null,
    lease: null,
    limitHeaders: null,
    instance: null,
    copy: null,
    owing: null,
    charges: null,
    isOpen: false,
  }
}

/** @throws Refusal request_malformed, upgrade_unsupported, expectation_failed */
function requireOrdinary({ req, fault, expectsContinue }: Call): void {
  if (fault !== null) throw new Refusal('request_malformed', { reason: fault })
  const { upgrade, expect } = req.headers
  // Other upgrades (h2c, which some clients try with every call) may be ignored: RFC 9110 section 7.8.
  if (upgrade !== undefined && /websocket/i.test(upgrade)) {
    // RFC 9110 section 15.5.22 wants to be told what is spoken instead. Clients fall back to HTTP at once on this status alone.
    const headers = ['connection', 'close, upgrade', 'upgrade', 'HTTP/1.1']
    throw new Refusal('upgrade_unsupported', { protocol: upgrade }, { headers })
  }
  if (expect !== undefined && !expectsContinue) throw new Refusal('expectation_failed')
}

function workloadHeader(call: Call): string | null {
  const value = call.req.headers['x-gatehouse-workload']
  // Node joins repeated ones with a comma, which is no workload's name.
  return typeof value === 'string' && value !== '' ? value : null
}
