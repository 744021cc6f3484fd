/** Ids of records as people type them: whole, or a beginning or an end as tables show it. */
import type { RecordsPage } from '../../ledger/reports.ts'
import type { CliContext } from '../context.ts'
import { CliError } from '../errors.ts'
import { askAdmin } from '../reach/admin-client.ts'
import { minuteOf } from '../terminal/times.ts'

const whole = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
const part = /^[0-9a-f-]{4,35}$/i

export const recordIdHelp =
  'x-gatehouse-request-id of the answer, or a beginning or an end of it of at least 4 characters'

/** The whole id. @throws CliError `id_invalid`, `id_ambiguous`, `record_unknown` */
export async function recordIdOf(context: CliContext, text: string, as: string | undefined): Promise<string> {
  if (whole.test(text)) return text.toLowerCase()
  if (!part.test(text)) {
    const why = 'An id looks like 0199c0de-0000-7000-8000-000000000000; a beginning or an end of it is enough.'
    throw new CliError('id_invalid', 'This is not the id of a record.', why, 'gatehouse records list', { exitCode: 2 })
  }
  const query = { id: text.toLowerCase(), limit: 2 }
  const { records } = await askAdmin<RecordsPage>(context, { path: '/api/v1/records', query, as })
  const [found, other] = records
  if (found === undefined) {
    const what = `There is no record whose id begins or ends with ${text.toLowerCase()}.`
    throw new CliError('record_unknown', what, 'It may be older than ledger.retain.records.', 'gatehouse records list')
  }
  if (other !== undefined) {
    const why = [found, other].map(({ id, startedAtMs }) => `${id} (${minuteOf(startedAtMs)})`).join(' and ')
    const what = `More than one record has an id that begins or ends with ${text.toLowerCase()}.`
    throw new CliError('id_ambiguous', what, `The newest are ${why}.`, 'the same with more of the id')
  }
  return found.id
}
