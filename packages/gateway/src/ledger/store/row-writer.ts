import { flag } from '../journal/fields.ts'
import { at } from '../journal/frame.ts'
import { readId, timeOfId } from '../journal/ids.ts'
import { absent, type BlockView } from '../journal/metadata.ts'
import type { OpenExchange } from '../journal/pairing.ts'
import type { JournalPosition } from '../journal/position.ts'
import type { SegmentScanner } from '../journal/scanner.ts'
import type { CodedNames } from './name-blocks.ts'
import { objectHash } from './object-hash.ts'
import type { RowBatch } from './row-batch.ts'
import { columnIndex } from './schema.ts'

const column = (name: string): number => {
  const index = columnIndex.get(name)
  if (index === undefined) throw new Error(`No column ${name}.`)
  return index
}

const c = {
  id: column('id'),
  sequence: column('sequence'),
  startedAtMs: column('started_at_ms'),
  sentAtMs: column('sent_at_ms'),
  firstByteAtMs: column('first_byte_at_ms'),
  endedAtMs: column('ended_at_ms'),
  startHour: column('start_hour'),
  startDay: column('start_day'),
  startMonth: column('start_month'),
  demonstration: column('demonstration'),
  stream: column('stream'),
  callerKey: column('caller_key'),
  status: column('status'),
  requestBytes: column('request_bytes'),
  responseBytes: column('response_bytes'),
  onlyAttemptMs: column('only_attempt_ms'),
  costNano: column('cost_nano'),
  reservedTokens: column('reserved_tokens'),
  waitedMs: column('waited_ms'),
  objectHash: column('object_hash'),
  copyOf: column('copy_of'),
  toolDeployments: column('tool_deployments'),
  summedCalls: column('summed_calls'),
  imagePromptTokens: column('image_prompt_tokens'),
  imageCompletionTokens: column('image_completion_tokens'),
  openedAt: column('opened_at'),
  closedAt: column('closed_at'),
  parts: column('parts'),
  unnamed: column('unnamed'),
  instance: column('instance'),
  region: column('region'),
} as const

/** Columns of a block's names, in their order; instance and region of both blocks go to the same column. */
const openedColumns = [
  'caller_kind',
  'caller_tenant_id',
  'caller_object_id',
  'caller_app_id',
  'caller_name',
  'workload',
  'target',
  'instance',
  'region',
  'deployment',
  'requested_model',
  'api_version',
  'operation',
  'method',
  'user_agent',
  'request_content_type',
  'path',
  'client_address',
  'copy_kind',
].map(column)
const closedColumns = [
  'outcome',
  'outcome_code',
  'instance',
  'region',
  'served_model',
  'usage_source',
  'finish_reason',
  'response_content_type',
  'served_deployment',
  'spilled_from',
  'currency',
  'price',
  'service_tier',
].map(column)
/** Of an exchange whose opening entry was lost. */
const noOpenedCodes = openedColumns.map(() => 0)
/** The region stands behind the instance. */
const openedInstanceAt = openedColumns.indexOf(c.instance)
const closedInstanceAt = closedColumns.indexOf(c.instance)
const textColumns = ['backend_request_id', 'attempts', 'object_id'].map(column)
const objectIdAt = 2
const usageColumns = [
  'prompt_tokens',
  'completion_tokens',
  'total_tokens',
  'cached_tokens',
  'reasoning_tokens',
  'audio_prompt_tokens',
  'audio_completion_tokens',
].map(column)

const hourMs = 3_600_000
const dayMs = 24 * hourMs

/** What the store keeps of an exchange's opening half until the exchange ends. */
export interface OpeningFacts {
  readonly names: CodedNames | null
  readonly startedAtMs: number
  readonly flags: number
  /** Id of the exchange of which it is a copy. */
  readonly copyOf: string | null
  /** JSON of the deployments that the request names besides its own; null where there are none. */
  readonly toolDeployments: string | null
}

/** For an exchange whose opening entry was lost. */
const noOpening: OpeningFacts = {
  names: null,
  startedAtMs: Number.NaN,
  flags: 0,
  copyOf: null,
  toolDeployments: null,
}

export interface EndedExchange {
  /** The entry that closes it, with its block read. */
  readonly entry: SegmentScanner
  readonly block: BlockView
  readonly names: CodedNames
  readonly exchange: OpenExchange<OpeningFacts>
  readonly position: JournalPosition
  readonly sequence: number
}

/** Writes one exchange as the batch's next row. */
export function writeRow(batch: RowBatch, ended: EndedExchange): void {
  const { entry, block, exchange } = ended
  const opened = exchange.opening ?? noOpening
  const { view, window } = entry
  const number = (index: number): number => block.number(view, index)
  batch.id(c.id, window, entry.headAt + at.id)
  batch.long(c.sequence, ended.sequence)
  // The opening entry was lost to damage: its id still says when the exchange began.
  const startedAtMs = Number.isNaN(opened.startedAtMs)
    ? timeOfId(readId(window, entry.headAt + at.id))
    : opened.startedAtMs
  batch.real(c.startedAtMs, startedAtMs)
  batch.whole(c.startHour, Math.floor(startedAtMs / hourMs))
  const day = Math.floor(startedAtMs / dayMs)
  batch.whole(c.startDay, day)
  batch.whole(c.startMonth, monthOf(day))
  batch.real(c.sentAtMs, number(1))
  batch.real(c.firstByteAtMs, number(2))
  batch.real(c.endedAtMs, number(3))
  batch.flag(c.demonstration, (opened.flags & flag.demonstration) !== 0)
  batch.flag(c.stream, (opened.flags & flag.stream) !== 0)
  writeNames(batch, ended.names, opened)
  batch.whole(c.status, number(0))
  for (let index = 0; index < usageColumns.length; index++) {
    batch.whole(usageColumns[index] as number, number(4 + index))
  }
  batch.long(c.requestBytes, number(11))
  batch.long(c.responseBytes, number(12))
  batch.real(c.onlyAttemptMs, number(13))
  batch.long(c.costNano, number(14))
  batch.whole(c.reservedTokens, number(15))
  batch.real(c.waitedMs, number(16))
  batch.whole(c.summedCalls, number(17))
  batch.whole(c.imagePromptTokens, number(18))
  batch.whole(c.imageCompletionTokens, number(19))
  writeTexts(batch, ended)
  batch.long(c.openedAt, exchange.openedAt)
  batch.long(c.closedAt, ended.position)
  batch.text(c.parts, exchange.parts === null ? null : JSON.stringify(exchange.parts))
  batch.text(c.copyOf, opened.copyOf)
  batch.text(c.toolDeployments, opened.toolDeployments)
  batch.rows += 1
}

/** Months between January 1970 and a day that is counted from its first. By arithmetic, because a Date per row costs 0.3 µs. */
function monthOf(day: number): number {
  // Years that begin in March have their leap day at the end; eras of 400 of them have the same number of days.
  const shifted = day + 719_468
  const era = Math.floor(shifted / 146_097)
  const dayOfEra = shifted - era * 146_097
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1_460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  )
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153)
  return (era * 400 + yearOfEra - 1_970) * 12 + monthFromMarch + 2
}

function writeNames(batch: RowBatch, names: CodedNames, opened: OpeningFacts): void {
  const { codes } = names
  const openedCodes = opened.names?.codes ?? noOpenedCodes
  batch.names(openedColumns, openedCodes)
  batch.name(c.callerKey, opened.names?.callerKey ?? 0)
  batch.names(closedColumns, codes)
  // The end corrects the instance; where it names none, none was reached and the first choice stands.
  if (codes[closedInstanceAt] === 0) batch.name(c.instance, openedCodes[openedInstanceAt] ?? 0)
  if (codes[closedInstanceAt + 1] === 0) batch.name(c.region, openedCodes[openedInstanceAt + 1] ?? 0)
  const unnamed = names.unnamed ?? opened.names?.unnamed ?? null
  batch.text(c.unnamed, unnamed === null ? null : JSON.stringify({ ...opened.names?.unnamed, ...names.unnamed }))
}

function writeTexts(batch: RowBatch, { entry, block }: EndedExchange): void {
  const { view, window } = entry
  const texts = window.toString('utf8', block.textsAt, block.endAt)
  let from = 0
  for (let index = 0; index < textColumns.length; index++) {
    const units = index < block.shape.texts ? view.getUint16(block.textLengthsAt + index * 2, true) : absent
    const to = units === absent ? from : from + units
    const text = units === absent ? null : texts.slice(from, to)
    batch.text(textColumns[index] as number, text)
    if (index === objectIdAt) batch.whole(c.objectHash, text === null ? Number.NaN : objectHash(text))
    from = to
  }
}
