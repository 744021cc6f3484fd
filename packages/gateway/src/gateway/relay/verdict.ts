/** What a head says about an answer that may be a refusal, and whose trouble a refused credential is. */
import type { BackendFacts } from '../../wire/backends.ts'
import { mayBeRefusal, refusesGateway } from '../backend/replay.ts'
import type { Asked } from '../receive/request.ts'
import type { HeldRefusal } from './held-refusal.ts'

/** True for the statuses that may refuse the gateway's own credential. */
export function isOfCredential(status: number): boolean {
  return status === 401 || status === 403
}

/** True for refusals whose body changes nothing. */
export function isJudgedByHead(status: number): boolean {
  return status === 429 || status === 503 || isOfCredential(status)
}

/** True when an error with this status is held until its body has come. */
export function mayBeHeld(
  status: number,
  about: { readonly hasOwnCredential: boolean; readonly hasAdditions: boolean; readonly mayReplay: boolean },
): boolean {
  // The gateway's own trouble, or caused by what it added: neither may reach the client, whether or not another member is left.
  if (isOfCredential(status)) return about.hasOwnCredential
  if (about.hasAdditions && (status === 400 || status === 422)) return true
  return about.mayReplay && mayBeRefusal(status)
}

/** Whether the answer refuses the gateway or what the caller asks for; as `refusesGateway`. */
export function refusesUs(
  { head, error }: HeldRefusal,
  backend: BackendFacts,
  { json }: Pick<Asked, 'json'>,
): 'certain' | 'likely' | 'no' {
  return refusesGateway(head.status, error, backend, json?.scan.members.has('data_sources') === true)
}
