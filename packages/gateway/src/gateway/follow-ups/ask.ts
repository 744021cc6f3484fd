/** One follow-up: a GET of the object on its instance, with the gateway's credential. */
import { callerWithoutToken } from '../../identity/index.ts'
import { type Candidate, candidatesFor, singleOf } from '../../instances/pool.ts'
import type { Debt } from '../../objects/index.ts'
import { bodyFor } from '../backend/body.ts'
import type { GivenUp } from '../backend/failures.ts'
import { nothingAdded } from '../backend/replay.ts'
import { requestFor } from '../backend/request.ts'
import { noCuts } from '../backend/sending.ts'
import { signIn } from '../backend/sign-in.ts'
import { ownCall } from '../call.ts'
import { conclude } from '../endings.ts'
import {
  type Exchange,
  type FollowUp,
  newExchange,
  noteCaller,
  noteDebt,
  noteGrant,
  noteInstance,
  noteRequest,
  noteRoute,
} from '../exchange.ts'
import type { Observer } from '../observe/observer.ts'
import type { Plan } from '../plan/index.ts'
import type { Grant } from '../stages/3-authorize/grant.ts'
import { requestWithoutBody } from '../stages/4-receive/request.ts'
import { Unattended } from '../stages/8-relay/unattended.ts'
import { openRecord } from '../stages/9-record/open.ts'
import type { FollowUpGateway } from './gateway.ts'

/** Options of one follow-up. */
export interface AskOptions {
  /** Reads the answer when it is not the object itself; null for the object. */
  readonly observer: Observer | null
  /** Longest time for the answer, in ms. */
  readonly answerMsMax: number
  begun(question: { giveUp(reason: GivenUp): void }): void
}

/**
 * A follow-up is an exchange of its own, in the name of the caller whose call began the work, with a record that names
 * that call. Its usage is charged where the usage of a client's own GET would be: in `conclude`.
 * @param token the verified token of a call that waits for the answer, for instances whose credential is `caller`;
 *   empty without one.
 * @returns false when the instance cannot be called now. @throws Refusal credential_unavailable, ledger_unwritable
 */
export async function askForEnd(
  exchange: FollowUp,
  token: string,
  gateway: FollowUpGateway,
  asking: AskOptions,
): Promise<boolean> {
  const { call, route, request, owing, plan } = exchange
  const candidate = memberOf(owing, plan)
  if (candidate === null) return false
  const { instance, lane } = candidate
  if (instance.credential.kind === 'caller' && token === '') return false
  const { clock, totalMs } = gateway
  // A drained instance still finishes the work that it has begun.
  if (!lane.answers(clock())) return false
  const attempt = lane.begin(clock())
  let isSent = false
  try {
    const credential = await signIn(instance, token)
    noteInstance(exchange, instance)
    await openRecord(exchange, gateway)
    const answerMsMax = Math.min(totalMs, asking.answerMsMax)
    const question = new Unattended({ call, request, clock, answerMsMax, observer: asking.observer })
    const sending = {
      call,
      route,
      request,
      target: singleOf(instance),
      forwards: plan.forwards,
      workload: null,
      cuts: noCuts,
      trace: null,
    }
    const outgoing = requestFor(sending, candidate, credential, bodyFor(sending, candidate))
    isSent = true
    asking.begun(question)
    await conclude(exchange, await question.send(outgoing, candidate, attempt, nothingAdded), gateway)
    return true
  } finally {
    if (!isSent) attempt.withdraw(clock())
  }
}

const folders = { response: 'responses', batch: 'batches' } as const satisfies Record<Debt['kind'], string>

/**
 * The exchange of a follow-up, as if the caller that began the work asked through the same address.
 * @param file the file of a batch's answers, which is fetched instead of the object; null for the object.
 */
export function exchangeOf(debt: Debt, id: string, gateway: FollowUpGateway, file: string | null = null): FollowUp {
  const { apiVersion, target, workload } = debt
  const root = `/${target}/${workload}/openai/${apiVersion === null ? 'v1/' : ''}`
  const below =
    file === null
      ? `${folders[debt.kind]}/${encodeURIComponent(debt.objectId)}`
      : `files/${encodeURIComponent(file)}/content`
  const path = root + below
  const url = apiVersion === null ? path : `${path}?api-version=${encodeURIComponent(apiVersion)}`
  const call = ownCall({ id, startedAtMs: gateway.clock(), method: 'GET', url })
  const settings = { plan: gateway.plan, demonstration: gateway.demonstration, isProxy: null }
  const exchange: Exchange = newExchange(call, settings, { of: debt.recordId, kind: 'follow_up' })
  noteRoute(exchange, gateway.resolve('GET', url))
  noteCaller(exchange, callerWithoutToken(debt.caller), '')
  noteRequest(exchange, { ...requestWithoutBody(debt.deployment), requestedModel: null })
  noteDebt(exchange, debt)
  const grant = grantOf(debt, gateway.plan)
  if (grant !== null) noteGrant(exchange, grant)
  return exchange
}

/** Null when a reload has removed the workload or the target. The record then takes the workload from the debt. */
function grantOf(debt: Debt, plan: Plan): Grant | null {
  const workload = plan.workloads.get(debt.workload)
  const target = plan.targets.get(debt.target) ?? plan.targets.get(debt.instance)
  return workload === undefined || target === undefined ? null : { workload, target }
}

/** Null for an instance that is no longer in the configuration. */
function memberOf({ instance }: Debt, { targets }: Plan): Candidate | null {
  const target = targets.get(instance)
  if (target === undefined) return null
  return candidatesFor(target, null)?.all.find(one => one.instance.name === instance) ?? null
}
