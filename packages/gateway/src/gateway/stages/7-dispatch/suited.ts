/** Passes over members whose kind of backend does not know something that the call brings. */
import { type Candidate, type Candidates, only, type Target } from '../../../instances/pool.ts'
import { scanObject } from '../../../wire/json-scan.ts'
import type { Admitted } from '../../exchange.ts'
import { Refusal } from '../../refusals.ts'
import type { ReceivedRequest } from '../4-receive/request.ts'

/** Members whose kind of backend knows everything in the call. @throws Refusal call_unsuited when there is none. */
export function suitedTo(
  candidates: Candidates,
  { call, request }: Pick<Admitted, 'call' | 'request'>,
  target: Pick<Target, 'name'>,
): Candidates {
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
  throw new Refusal('call_unsuited', { target: target.name, part, kinds: [...kinds].join(', ') }, { param: part })
}

/** Bodies of calls without a deployment are small, and `receive` does not scan them. */
function hasMember({ json, send }: ReceivedRequest, member: string): boolean {
  if (json !== null) return json.scan.members.has(member)
  if (!(send instanceof Buffer) || send[0] !== 0x7b) return false
  return scanObject(send, new Set([member])).members.has(member)
}
