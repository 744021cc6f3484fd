/**
 * Judges answers that may be refusals: which ones are held, and what a held one means for the call and for its lane.
 */
import { dataSourceMembers } from '../../../wire/backends.ts'
import {
  mayBeRefusal,
  nothingAdded,
  type RefusedAddition,
  refusedAddition,
  refusesGateway,
  safeToReplay,
} from '../../backend/replay.ts'
import type { ReceivedRequest } from '../4-receive/request.ts'
import type { HeldRefusal } from './held-refusal.ts'
import type { Incoming } from './incoming.ts'

type Judged = Pick<Incoming, 'candidate' | 'attempt' | 'added' | 'isSent'>

/**
 * `answer`: the answer is about the request and goes to the client. `refusal`: the backend did not run the call, so
 * another member may be tried. Otherwise the instance refused something that the gateway added.
 */
export type Verdict = 'answer' | 'refusal' | RefusedAddition

/** True when an answer with this status refuses the gateway's own account, unless its body says otherwise. */
export function refusesByHead({ candidate }: Pick<Judged, 'candidate'>, status: number): boolean {
  return candidate.instance.backend.refusal(status, null) !== null
}

/** True for refusals that can be judged without their body. */
export function isJudgedByHead(judged: Pick<Judged, 'candidate'>, status: number): boolean {
  return status === 429 || status === 503 || refusesByHead(judged, status)
}

/**
 * True when an error with this status is held until its body has come. @param mayReplay another member, or another
 * refusal, may help.
 */
export function mayBeHeld(status: number, { candidate, added }: Judged, mayReplay: boolean): boolean {
  // Caused by the gateway's account, or by what it added: neither may reach the client, whether or not another member
  // is left.
  if (candidate.lane.credential !== null && candidate.instance.backend.refusing.has(status)) return true
  if (added !== nothingAdded && (status === 400 || status === 422)) return true
  return mayReplay && mayBeRefusal(status)
}

/** Judges a held answer that has come whole, and reports to the lane what the answer says about it. */
export function verdictOn(
  { candidate, attempt, added }: Judged,
  held: HeldRefusal,
  { json }: Pick<ReceivedRequest, 'json'>,
  nowMs: number,
): Verdict {
  const { error } = held
  const { status } = held.head
  const refused = added === nothingAdded ? null : refusedAddition(status, error, held.body(), added)
  if (refused !== null) return refused
  const { backend } = candidate.instance
  if (backend.lacksDeployment(status, error)) attempt.absent(nowMs)
  if (candidate.lane.credential !== null && backend.refusing.has(status)) {
    const asksOutside = json !== null && dataSourceMembers.some(member => json.scan.members.has(member))
    const scope = refusesGateway(status, error, backend, asksOutside)
    held.isOwnTrouble = scope !== null
    if (scope === null) attempt.letIn(nowMs)
    else attempt.refused(scope, error.code ?? error.type, nowMs)
  }
  return held.isOwnTrouble || safeToReplay({ kind: 'answered', status, error, backend }) ? 'refusal' : 'answer'
}

/**
 * Judges an attempt that broke before its answer went to the client. A refusal whose body does not come is judged by
 * its head.
 * @returns `refusal` for one of the gateway itself, `unanswered` when nothing was run, `broken` when the backend may
 *   have run the call.
 */
export function verdictOnBreak(
  { candidate, attempt, isSent }: Judged,
  held: HeldRefusal | null,
  nowMs: number,
): 'refusal' | 'unanswered' | 'broken' {
  if (held === null) return safeToReplay({ kind: 'unanswered', sent: isSent }) ? 'unanswered' : 'broken'
  const { status } = held.head
  if (!isJudgedByHead({ candidate }, status)) return 'broken'
  const scope = candidate.instance.backend.refusal(status, null)
  if (scope === null) return 'unanswered'
  held.isOwnTrouble = true
  attempt.refused(scope, null, nowMs)
  return 'refusal'
}
