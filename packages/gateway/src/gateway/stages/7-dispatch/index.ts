/**
 * Dispatch: sends the call to a member of its target, and to another one while that is safe (`safeToReplay`). The host
 * comes from the instance's configuration; method, checked path, filtered header fields and body come from the call.
 */
import { type Candidate, type Candidates, candidatesFor, havingAll, type Target } from '../../../instances/pool.ts'
import type { Admitted } from '../../exchange.ts'
import { Refusal } from '../../refusals.ts'
import type { Relayed } from '../../relayed.ts'
import type { BodyHold } from '../4-receive/budget.ts'
import type { ReceivedRequest } from '../4-receive/request.ts'
import { TargetMembers } from './members.ts'
import { prefixHash } from './prefix.ts'
import { Sender, type SenderParts } from './sender.ts'
import { suitedTo } from './suited.ts'

/**
 * @param hold counts the bytes of the body where a member gets it in another form.
 * @throws Refusal deployment_unknown, call_unsuited, pool_exhausted, pool_unavailable, credential_unavailable,
 *   ledger_unwritable, bodies_full, and those of `admit` for limits of instances; ClientLeft. A backend that does not
 *   answer is an ending, not an error.
 */
export async function dispatch(exchange: Admitted, hold: BodyHold, parts: SenderParts): Promise<Relayed> {
  const { request, grant, home } = exchange
  const { target } = grant
  const having = servingAll(target, request)
  const loose = home?.loose ?? null
  const mustStay = home !== null && loose === null
  const candidates = mustStay ? having : suitedTo(having, exchange, target)
  const pinned = home === null ? null : memberAt(candidates, home.instance)
  if (mustStay && pinned !== null) requireSuited(pinned, exchange, target)
  if (mustStay && pinned === null) throw unknownDeployment(target, request.deployment ?? '')
  const members = new TargetMembers({
    target,
    candidates,
    home: pinned,
    mayLeaveHome: loose !== null,
    prefixHash: target.prefixBytes === null ? -1 : prefixHash(request, target.prefixBytes),
    clock: parts.clock,
  })
  const sender = new Sender(exchange, members, hold, parts)
  for (let candidate = sender.first() ?? (await sender.wait()); candidate !== null; candidate = sender.next()) {
    const relayed = await sender.send(candidate)
    if (relayed !== null) return relayed
  }
  return sender.conclude()
}

/** Members that have the deployment and also those that the call's tools name. @throws Refusal deployment_unknown */
export function servingAll(target: Target, { deployment, toolDeployments }: ReceivedRequest): Candidates {
  const candidates = candidatesFor(target, deployment)
  if (candidates === null) throw unknownDeployment(target, deployment ?? '')
  if (toolDeployments.length === 0) return candidates
  const having = havingAll(target, candidates, toolDeployments)
  if (having !== null) return having
  // Names the first deployment that no member has; or the last one, where each has a member but no member has all.
  const lacking = toolDeployments.find(name => havingAll(target, candidates, [name]) === null)
  throw unknownDeployment(target, lacking ?? (toolDeployments.at(-1) as string))
}

function unknownDeployment({ name }: Target, deployment: string): Refusal {
  return new Refusal('deployment_unknown', { target: name, deployment }, { param: 'model' })
}

function memberAt(candidates: Candidates, home: string | null): Candidate | null {
  return candidates.all.find(({ instance }) => instance.name === home) ?? null
}

/** The objects of the call live on this member. @throws Refusal call_unsuited when the member lacks what it brings. */
function requireSuited(home: Candidate, exchange: Admitted, { lacks }: Target): void {
  if (lacks !== null) suitedTo({ tiers: [[home]], all: [home] }, exchange, { name: home.instance.name, lacks })
}
