/**
 * The attributes of spans, from the columns of the form `gen_ai` (../forms.ts), so that a field has the same name in
 * every feed. What is another value on spans than in a table is changed here.
 */
import type { RecordRow } from '../../record.ts'
import { columnsOf, readableText } from '../forms.ts'
import type { SpanSettings } from './settings.ts'

export type AttributeValue = string | number | boolean | string[]
/** In the order in which they are sent. Two lists take a third of the time of an object or a map of so many. */
export class SpanAttributes {
  readonly names: string[] = []
  /** By index of `names`. */
  readonly values: AttributeValue[] = []

  /** @param name one that is not there yet. */
  add(name: string, value: AttributeValue): void {
    this.names.push(name)
    this.values.push(value)
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

/** The columns with what is asked of each for every record. */
const all = columnsOf('gen_ai', null, false)
  .filter(({ name }) => !leftOut.has(name))
  .map(column => ({
    column,
    isOfCaller: ofCaller.has(column.name),
    isOfCall: ofCall.test(column.name),
    newerName: newerNames[column.name] ?? null,
  }))

/** Usage comes first: some back ends cut what comes last. */
const columns = [
  ...all.filter(({ column }) => isUsage.test(column.name)),
  ...all.filter(({ column }) => !isUsage.test(column.name)),
]

/**
 * Adds what the record says to the attributes of its spans. Texts are made readable.
 * @param call the same object as `exchange` for a record without a call of a model.
 */
export function addAttributes(
  row: RecordRow,
  { callers, genai }: SpanSettings,
  exchange: SpanAttributes,
  call: SpanAttributes,
): void {
  const record = { row, request: null, response: null }
  for (const { column, isOfCaller, isOfCall, newerName } of columns) {
    if (isOfCaller && !callers) continue
    const value = attributeOf(column.cell(record))
    if (value === null) continue
    const attributes = isOfCall ? call : exchange
    if (newerName === null || genai !== 'v0_1') attributes.add(column.name, value)
    if (newerName !== null && genai !== 'v1_41') attributes.add(newerName, value)
  }
  addLearned(row, call)
  if (row.outcomeCode !== null) exchange.add('gatehouse.outcome_code', readableText(row.outcomeCode))
  if (row.summedCalls !== 1) exchange.add('gatehouse.summed_calls', row.summedCalls)
  addHeader(exchange, 'http.request.header.content-type', row.requestContentType)
  addHeader(exchange, 'http.response.header.content-type', row.responseContentType)
}

/** The provider, by the instance that served. */
export function providerOf({ instance }: RecordRow, { providers }: SpanSettings): string {
  const own = instance !== null && Object.hasOwn(providers, instance) ? providers[instance] : undefined
  return own ?? 'azure.ai.openai'
}

/** Methods that have a name in the conventions. */
const namedMethods: ReadonlySet<string> = new Set(
  'GET HEAD POST PUT DELETE CONNECT OPTIONS TRACE PATCH QUERY'.split(' '),
)

/** Adds the method as the conventions name it. @returns it for the name of a span. */
export function addMethod({ method }: RecordRow, attributes: SpanAttributes): string {
  const isNamed = namedMethods.has(method)
  attributes.add('http.request.method', isNamed ? method : '_OTHER')
  if (!isNamed) attributes.add('http.request.method_original', readableText(method))
  return isNamed ? method : 'HTTP'
}

/** Null for what a span does not say: nothing, false, an empty list. */
function attributeOf(cell: unknown): AttributeValue | null {
  if (typeof cell === 'string' || typeof cell === 'number') return cell
  if (Array.isArray(cell)) return cell.length === 0 ? null : cell.map(String)
  return cell === true ? true : null
}

/** The conventions have a list for each header field. */
function addHeader(attributes: SpanAttributes, name: string, value: string | null): void {
  if (value !== null) attributes.add(name, [readableText(value)])
}

/** What the conventions have and the table of fields has not. */
function addLearned({ operation, stream, timeToFirstByteMs }: RecordRow, call: SpanAttributes): void {
  const api = apiTypes.get(operation ?? '')
  if (api !== undefined) call.add('openai.api.type', api)
  if (stream && timeToFirstByteMs !== null) call.add('gen_ai.response.time_to_first_chunk', timeToFirstByteMs / 1_000)
}
