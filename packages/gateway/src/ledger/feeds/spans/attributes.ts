/**
 * The attributes of spans, from the columns of the form `gen_ai` (../forms.ts), so that a field has the same name in
 * every feed. What is another value on spans than in a table is changed here.
 */
import type { RecordRow } from '../../record.ts'
import { type Cell, genAiCells, readableText } from '../forms.ts'
import type { GenAiFamily, SpanSettings } from './settings.ts'

export type AttributeValue = string | number | boolean | string[]

/** In the order in which they are sent. Two lists take a third of the time of an object or a map of so many. */
export class SpanAttributes {
  readonly names: string[] = []
  /** By index of `names`. */
  readonly values: AttributeValue[] = []

  /** @param name one that is not there yet. */
  add(name: string, value: AttributeValue): void {
    this.names.push(name)
    this.values.push(readableValue(value))
  }

  get(name: string): AttributeValue | undefined {
    const index = this.names.indexOf(name)
    return index < 0 ? undefined : this.values[index]
  }
}

/** Columns that are no attributes: times and attempts are spans and events, durations are metrics. */
const leftOut: ReadonlySet<string> = new Set([
  'id',
  'error.type',
  'gatehouse.attempts',
  'gatehouse.started_at_ms',
  'gatehouse.sent_at_ms',
  'gatehouse.first_byte_at_ms',
  'gatehouse.ended_at_ms',
  'gatehouse.replica',
  'gatehouse.summed_calls',
  'gatehouse.trace.id',
  'gatehouse.trace.parent_span_id',
  'gen_ai.client.operation.duration',
  'gen_ai.server.time_to_first_token',
  'http.request.header.content-type',
  'http.response.header.content-type',
  'http.request.method',
])

/** Columns that say who called. */
const ofCaller: ReadonlySet<string> = new Set([
  'gatehouse.caller.kind',
  'gatehouse.caller.tenant_id',
  'gatehouse.caller.app_id',
  'gatehouse.caller.name',
  'enduser.id',
  'client.address',
  'user_agent.original',
])

/** Columns that are of the call of a model, besides `gen_ai.*` and `openai.*`. */
const ofCall =
  /^(?:gen_ai|openai|gatehouse\.(?:usage|cost))\.|^(?:server\.address|cloud\.region|gatehouse\.(?:reserved_tokens|served_deployment|spilled_from|tool_deployments|backend_request_id))$/

/** Columns that came into the conventions after 1.41, and their names there. */
const newerNames: Readonly<Record<string, string>> = {
  'gatehouse.usage.audio.input_tokens': 'gen_ai.usage.audio.input_tokens',
  'gatehouse.usage.audio.output_tokens': 'gen_ai.usage.audio.output_tokens',
  'gatehouse.usage.image.input_tokens': 'gen_ai.usage.image.input_tokens',
  'gatehouse.usage.image.output_tokens': 'gen_ai.usage.image.output_tokens',
}

/** Values of `openai.api.type`, by operation. */
const apiTypes: ReadonlyMap<string, string> = new Map([
  ['chat/completions', 'chat_completions'],
  ['responses', 'responses'],
])

const isUsage = /^(?:gen_ai|gatehouse)\.(?:usage|cost)\./

/** What a span has of a record under a name. */
interface RecordAttribute {
  readonly name: string
  read(row: RecordRow): Cell
}

/** The attributes of a record's spans, in the order in which they are sent. */
interface AttributeTable {
  /** Of the exchange with the client, and of the call of a model. */
  readonly exchange: readonly RecordAttribute[]
  readonly call: readonly RecordAttribute[]
  /** Both, for a record without a call of a model. */
  readonly together: readonly RecordAttribute[]
}

function tableOf(genai: GenAiFamily, callers: boolean): AttributeTable {
  const chosen = genAiCells
    .filter(({ name }) => !leftOut.has(name) && (callers || !ofCaller.has(name)))
    .flatMap(({ name, cell: read }) =>
      namesIn(genai, name).map(own => ({ name: own, read, isOfCall: ofCall.test(name) })),
    )
  // Usage comes first: some back ends cut what comes last.
  const together = [
    ...chosen.filter(({ name }) => isUsage.test(name)),
    ...chosen.filter(({ name }) => !isUsage.test(name)),
  ]
  const exchange = together.filter(({ isOfCall }) => !isOfCall)
  return { exchange, call: together.filter(({ isOfCall }) => isOfCall), together }
}

function namesIn(genai: GenAiFamily, name: string): readonly string[] {
  const newer = newerNames[name]
  if (newer === undefined) return [name]
  return { v1_41: [name], v0_1: [newer], both: [name, newer] }[genai]
}

const tablesOf = (genai: GenAiFamily) => ({ withCallers: tableOf(genai, true), without: tableOf(genai, false) })
const tables = { v1_41: tablesOf('v1_41'), v0_1: tablesOf('v0_1'), both: tablesOf('both') } as const

const tableFor = ({ callers, genai }: SpanSettings): AttributeTable =>
  callers ? tables[genai].withCallers : tables[genai].without

/** Takes the attributes of a span. It makes their texts readable (`readableText`). */
export interface AttributeSink {
  /** @param name one that the span does not have yet. */
  attribute(name: string, value: AttributeValue): void
}

/** Adds what a record says to the span of its exchange. @param isAlone true without a call of a model. */
export function addExchange(row: RecordRow, settings: SpanSettings, sink: AttributeSink, isAlone: boolean): void {
  const { exchange, together } = tableFor(settings)
  addRecord(row, isAlone ? together : exchange, sink)
  if (isAlone) addLearned(row, sink)
  if (row.outcomeCode !== null) sink.attribute('gatehouse.outcome_code', row.outcomeCode)
  if (row.summedCalls !== 1) sink.attribute('gatehouse.summed_calls', row.summedCalls)
  addHeader(sink, 'http.request.header.content-type', row.requestContentType)
  addHeader(sink, 'http.response.header.content-type', row.responseContentType)
}

/** Adds what a record says to the span of its call of a model. */
export function addCall(row: RecordRow, settings: SpanSettings, sink: AttributeSink): void {
  sink.attribute('gen_ai.provider.name', providerOf(row, settings))
  addRecord(row, tableFor(settings).call, sink)
  addLearned(row, sink)
}

function addRecord(row: RecordRow, attributes: readonly RecordAttribute[], sink: AttributeSink): void {
  for (const { name, read } of attributes) {
    const value = attributeOf(read(row))
    if (value !== null) sink.attribute(name, value)
  }
}

/** The provider, by the instance that served. */
function providerOf({ instance }: RecordRow, { providers }: SpanSettings): string {
  const own = instance !== null && Object.hasOwn(providers, instance) ? providers[instance] : undefined
  return own ?? 'azure.ai.openai'
}

/** Methods that have a name in the conventions. */
const namedMethods: ReadonlySet<string> = new Set(
  'GET HEAD POST PUT DELETE CONNECT OPTIONS TRACE PATCH QUERY'.split(' '),
)

/** The method for the name of a span. */
export const verbOf = ({ method }: RecordRow): string => (namedMethods.has(method) ? method : 'HTTP')

/** Adds the method as the conventions name it. */
export function addMethod({ method }: RecordRow, sink: AttributeSink): void {
  const isNamed = namedMethods.has(method)
  sink.attribute('http.request.method', isNamed ? method : '_OTHER')
  if (!isNamed) sink.attribute('http.request.method_original', method)
}

/** Null for what a span does not say: nothing, false, an empty list. */
function attributeOf(cell: unknown): AttributeValue | null {
  if (typeof cell === 'string' || typeof cell === 'number') return cell
  if (Array.isArray(cell)) return cell.length === 0 ? null : cell.map(String)
  return cell === true ? true : null
}

/** The conventions have a list for each header field. */
function addHeader(sink: AttributeSink, name: string, value: string | null): void {
  if (value !== null) sink.attribute(name, [value])
}

/** What the conventions have and the table of fields has not. */
function addLearned({ operation, stream, timeToFirstByteMs }: RecordRow, sink: AttributeSink): void {
  const api = apiTypes.get(operation ?? '')
  if (api !== undefined) sink.attribute('openai.api.type', api)
  if (stream && timeToFirstByteMs !== null)
    sink.attribute('gen_ai.response.time_to_first_chunk', timeToFirstByteMs / 1_000)
}

function readableValue(value: AttributeValue): AttributeValue {
  if (typeof value === 'string') return readableText(value)
  return typeof value === 'object' ? value.map(readableText) : value
}
