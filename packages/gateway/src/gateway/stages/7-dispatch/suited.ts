/** Skips members whose kind of backend does not know something that the call brings. */
import { type Candidate, type Candidates, only, type Target } from '../../../instances/pool.ts'
import type { BackendFacts } from '../../../wire/backends.ts'
import { isSpace } from '../../../wire/json-bytes.ts'
import { type Scan, scanObject } from '../../../wire/json-scan.ts'
import type { Admitted } from '../../exchange.ts'
import { Refusal } from '../../refusals.ts'
import type { ReceivedRequest } from '../4-receive/request.ts'

/**
 * Members whose kind of backend knows everything in the call. Nearly every call brings only what all kinds know, and
 * gets the same candidates back.
 * @throws Refusal call_unsuited when there is none.
 */
export function suitedTo(
  candidates: Candidates,
  exchange: Pick<Admitted, 'call' | 'request'>,
  { name, lacks }: Pick<Target, 'name' | 'lacks'>,
): Candidates {
  const brought = lacks === null ? null : broughtOf(exchange, lacks)
  if (brought === null) return candidates
  const lackedBy = ({ instance: { backend } }: Candidate): string | null => brought.find(isLackedBy(backend)) ?? null
  const suited = only(candidates, candidate => lackedBy(candidate) === null)
  if (suited !== null) return suited
  const [first] = candidates.all
  const part = first === undefined ? '' : (lackedBy(first) ?? '')
  const kinds = new Set(candidates.all.map(({ instance }) => instance.backend.title))
  throw new Refusal('call_unsuited', { target: name, part, kinds: [...kinds].join(', ') }, { param: part })
}

function isLackedBy({ lacks: { members, fields } }: BackendFacts): (part: string) => boolean {
  return part => members.includes(part) || fields.includes(part)
}

/** Those of the members and fields that the call has; null for nearly every call. */
function broughtOf(
  { call, request }: Pick<Admitted, 'call' | 'request'>,
  { members, fields }: BackendFacts['lacks'],
): readonly string[] | null {
  let brought: string[] | null = null
  const found = membersOf(request, members)
  if (found !== null) for (const member of members) if (found.has(member)) brought = [...(brought ?? []), member]
  for (const field of fields) if (call.req.headers[field] !== undefined) brought = [...(brought ?? []), field]
  return brought
}

/** Bodies of calls without a deployment are small, and `receive` does not scan all of them. */
function membersOf({ json, send }: ReceivedRequest, wanted: readonly string[]): Scan['members'] | null {
  if (json !== null) return json.scan.members
  return send instanceof Buffer && beginsObject(send) ? scanObject(send, new Set(wanted)).members : null
}

/** False for a form. */
function beginsObject(body: Buffer): boolean {
  let at = 0
  while (isSpace(body[at])) at += 1
  return body[at] === 0x7b
}
