/**
 * Dispatch: sends the call to a member of its target, and to another one while that is safe (`safeToReplay`). The host
 * comes from the instance's configuration; method, checked path, filtered header fields and body come from the call.
 */
import {
  type Candidate,
  type Candidates,
  candidatesFor,
  havingAll,
  only,
  type Target,
} from '../../../instances/pool.ts'
import { scanObject } from '../../../wire/json-scan.ts'
import type { Admitted } from '../../exchange.ts'
import { Refusal } from '../../refusals.ts'
import type { Relayed } from '../../relayed.ts'
import type { ReceivedRequest } from '../4-receive/request.ts'
import { TargetMembers } from './members.ts'
import { prefixHash } from './prefix.ts'
import { Sender, type SenderParts } from './sender.ts'

/**
 * @throws Refusal deployment_unknown, call_unsuited, pool_exhausted, pool_unavailable, credential_unavailable,
 *   ledger_unwritable, and those of `admit` for limits of instances; ClientLeft. A backend that does not answer is an
 *   ending, not an error.
 */
export async function dispatch(exchange: Admitted, parts: SenderParts): Promise<Relayed> {
  const { request, grant, home } = exchange
  const having = servingAll(grant.target, request)
  const candidates = home === null && grant.target.isMixed ? suitedTo(having, exchange) : having
  const pinned = pinnedOf(candidates, home?.instance ?? null)
  if (pinned === undefined) throw unknownDeployment(grant.target, request.deployment ?? '')
  const loose = home?.loose ?? null
  const { target } = grant
  const members = new TargetMembers({
    target,
    candidates,
    home: pinned,
    mayLeaveHome: loose !== null,
    prefixHash: target.prefixBytes === null ? -1 : prefixHash(request, target.prefixBytes),
    clock: parts.clock,
  })
  const sender = new Sender(exchange, members, loose, parts)
  for (let candidate = sender.first() ?? (await sender.wait()); candidate !== null; candidate = sender.next()) {
    const relayed = await sender.send(candidate)
    if (relayed !== null) return relayed
  }
  return sender.conclude()
}

/** Members that have the deployment and also those that the call's tools name. @throws Refusal deployment_unknown */
function servingAll(target: Target, { deployment, toolDeployments }: ReceivedRequest): Candidates {
  const candidates = candidatesFor(target, deployment)
  if (candidates === null) throw unknownDeployment(target, deployment ?? '')
  if (toolDeployments.length === 0) return candidates
  const having = havingAll(target, candidates, toolDeployments)
  if (having !== null) return having
  // Names the first deployment that no member has; or the last one, where each has a member but no member has all.
  const lacking = toolDeployments.find(name => havingAll(target, candidates, [name]) === null)
  throw unknownDeployment(target, lacking ?? (toolDeployments.at(-1) as string))
}

/** Members whose kind of backend knows everything in the call. @throws Refusal call_unsuited when there is none. */
function suitedTo(candidates: Candidates, { call, request, grant }: Admitted): Candidates {
  const lackedBy = ({ instance }: Candidate): string | null => {
    const { members, fields } = instance.backend.lacks
    return (
      members.find(member => hasMember(request, member)) ??
      fields.find(field => call.req.headers[field] !== undefined) ??
      null
    )
  }
  const suited = only(candidates, candidate => lackedBy(candidate) === null)
  if (suited !== null) return suited
  const [first] = candidates.all
  const part = first === undefined ? '' : (lackedBy(first) ?? '')
  const kinds = new Set(candidates.all.map(({ instance }) => instance.backend.title))
  throw new Refusal('call_unsuited', { target: grant.target.name, part, kinds: [...kinds].join(', ') }, { param: part })
}

/** Bodies of calls without a deployment are small, and `receive` does not scan them. */
function hasMember({ json, send }: ReceivedRequest, member: string): boolean {
  if (json !== null) return json.scan.members.has(member)
  if (!(send instanceof Buffer) || send[0] !== 0x7b) return false
  return scanObject(send, new Set([member])).members.has(member)
}

function unknownDeployment({ name }: Target, deployment: string): Refusal {
  return new Refusal('deployment_unknown', { target: name, deployment }, { param: 'model' })
}

/** The only member that can serve the call; null where any may, undefined where none can. */
function pinnedOf(candidates: Candidates, home: string | null): Candidate | null | undefined {
  return home === null ? null : candidates.all.find(({ instance }) => instance.name === home)
}
