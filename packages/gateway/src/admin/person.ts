/** Finds the caller and the workload that a request is about. */

import type { LedgerReader } from '../ledger/index.ts'
import type { CallerFigures } from '../ledger/people.ts'
import { AdminError } from './errors.ts'
import type { AdminParts } from './parts.ts'

const keyForm = /^(?:user|app):[^/\s]+\/\S+$/
const pageMax = 1_000

/**
 * Key of a caller, from its key, its object id or application id, or its display name.
 * @param given a key may be of a caller without records.
 * @throws AdminError `caller_unknown`; `parameter_invalid` when several callers have the name.
 */
export async function keyOfCaller(ledger: Pick<LedgerReader, 'callers'>, given: string): Promise<string> {
  if (keyForm.test(given)) return given
  const wanted = given.toLowerCase()
  const matches: CallerFigures[] = []
  for (let after: string | undefined; ; ) {
    const query = { order: 'name', limit: pageMax, search: given, ...(after === undefined ? {} : { after }) } as const
    const page = await ledger.callers(query)
    matches.push(...page.callers.filter(({ name, key }) => name.toLowerCase() === wanted || key.endsWith(`/${wanted}`)))
    if (page.next === null) break
    after = page.next
  }
  const [found, other] = matches
  if (found === undefined) {
    const message =
      'No record has this caller. Give the whole display name, the object id, or the key: gatehouse usage --by caller lists the names, its JSON the keys.'
    throw new AdminError('caller_unknown', message, { param: 'caller' })
  }
  if (other !== undefined) {
    const keys = matches.map(({ key }) => key).join(', ')
    const message = `"caller": ${matches.length} callers have this name: ${keys}. Give the key of one.`
    throw new AdminError('parameter_invalid', message, { param: 'caller' })
  }
  return found.key
}

/**
 * Refuses a workload that neither the configuration nor a record has: a hold on it would hold nothing.
 * @throws AdminError `workload_unknown`
 */
export async function requireWorkload(
  { ledger, house }: Pick<AdminParts, 'ledger' | 'house'>,
  workload: string | null,
): Promise<void> {
  if (workload === null || Object.hasOwn(house.workloads, workload)) return
  if ((await ledger.list({ workload, limit: 1 })).records.length > 0) return
  const message = `There is no such workload. The configuration has: ${Object.keys(house.workloads).join(', ')}.`
  throw new AdminError('workload_unknown', message, { param: 'workload' })
}
