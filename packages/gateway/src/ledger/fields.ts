/**
 * The table of the record's fields, a row per field, in the order in which people read them. From it follow: the types
 * `Opened` and `Closed` (record.ts), the journal's coding (journal/fields.ts, journal/unrolled.ts), the store's columns
 * with their writing and reading (store/), the management API's schema (admin/schemas.ts), the table of docs/ledger.md,
 * the command line's list, page and CSV (cli/record-*.ts), the columns of feeds (feeds/forms.ts), and Data Explorer's
 * tables and mapping (deploy/kusto).
 *
 * A new field is one row here and the line that computes it; then `npm run generate`.
 */

import { usageSources } from '../wire/usage.ts'
import { both, closed, derived, type FieldRow, opened } from './field.ts'
import { callerKinds, copyKinds, outcomes } from './values.ts'

export const fields = {
  id: both(
    { kind: 'id', since: 1, column: 0 },
    { otel: 'gatehouse.request_id', csv: 0, show: 'id', list: { at: 1, title: 'id', least: 36 } },
    "UUID of version 7, also the answer's `x-gatehouse-request-id`.",
  ),
  copyOf: opened(
    { kind: 'text', orNull: true, since: 2, journal: 0, column: 62 },
    { otel: 'gatehouse.copy.of', csv: 51, showWith: 'copyKind' },
    'Id of the call of which this is a copy; null for a call of a client.',
  ),
  copyKind: opened(
    { kind: 'name', values: copyKinds, orNull: true, since: 2, journal: 18, column: 63 },
    { otel: 'gatehouse.copy.kind', csv: 50, show: 'copy' },
    '`shadow` for a mirrored copy, `hedge` for a second try beside a slow one, `follow_up` for a question how a background response or a batch ended. Null for what a client asked.',
  ),
  outcome: closed(
    { kind: 'name', values: outcomes, unknown: 'interrupted', since: 1, journal: 0, column: 32 },
    { otel: 'gatehouse.outcome', csv: 5, show: 'outcome', report: 'group' },
    '`completed`, `refused`, `failed`, `aborted`, `interrupted`.',
  ),
  outcomeCode: closed(
    { kind: 'name', orNull: true, since: 1, journal: 1, column: 33 },
    { otel: 'error.type', csv: 6, showWith: 'outcome', list: { at: 8, title: 'outcome', least: 16 } },
    'Reason, as a stable code of a refusal or a failure; null for `completed`.',
  ),
  status: closed(
    { kind: 'status', orNull: true, since: 1, journal: 0, column: 36 },
    {
      otel: 'http.response.status_code',
      csv: 7,
      show: 'status',
      list: { at: 7, title: 'status', align: 'right', leaves: 7 },
    },
    'Status that the client saw; null when it saw none.',
  ),
  message: closed(
    { kind: 'text', orNull: true, since: 6, journal: 3, column: 72 },
    { otel: 'gatehouse.message', csv: 56, show: 'message' },
    'Words with which the gateway itself answered, at most 1,000 characters; null for the answer of an instance. What they quote of a body, and the caller, is `…`.',
  ),
  startedAtMs: opened(
    { kind: 'timeMs', since: 1, journal: 0, column: 2 },
    { csv: 1, show: 'started', list: { at: 0, title: 'time (UTC)', least: 19 } },
    'Arrival. Milliseconds since the epoch.',
  ),
  sentAtMs: closed(
    { kind: 'timeMs', orNull: true, since: 1, journal: 1, column: 3 },
    {},
    'Sent to the backend. Milliseconds since the epoch.',
  ),
  firstByteAtMs: closed(
    { kind: 'timeMs', orNull: true, since: 1, journal: 2, column: 4 },
    {},
    'First byte from the backend. Milliseconds since the epoch.',
  ),
  endedAtMs: closed(
    { kind: 'timeMs', since: 1, journal: 3, column: 5 },
    { csv: 2 },
    'End. Milliseconds since the epoch.',
  ),
  durationMs: derived(
    { kind: 'durationMs' },
    ({ startedAtMs, endedAtMs }: Times) => Math.max(0, endedAtMs - startedAtMs),
    {
      otel: 'gen_ai.client.operation.duration',
      csv: 3,
      show: 'duration',
      list: { at: 13, title: 'ms', align: 'right', least: 6, leaves: 6 },
    },
    'From arrival to end.',
  ),
  timeToFirstByteMs: derived(
    { kind: 'durationMs', orNull: true },
    ({ sentAtMs: sent, firstByteAtMs: first }: Times) =>
      sent === null || first === null ? null : Math.max(0, first - sent),
    {
      otel: 'gen_ai.server.time_to_first_token',
      csv: 4,
      show: 'first byte',
      list: { at: 14, title: 'first byte', align: 'right', leaves: 12 },
    },
    'From sending to the first byte.',
  ),
  callerKind: opened(
    { kind: 'name', values: callerKinds, orNull: true, since: 1, journal: 0, column: 12 },
    { otel: 'gatehouse.caller.kind', showWith: 'callerName' },
    'Kind of the verified caller; null where there was none.',
  ),
  callerTenantId: opened(
    { kind: 'name', orNull: true, since: 1, journal: 1, column: 13 },
    { otel: 'gatehouse.caller.tenant_id', showWith: 'callerName' },
    'Tenant of the verified caller.',
  ),
  callerObjectId: opened(
    { kind: 'name', orNull: true, since: 1, journal: 2, column: 14 },
    { otel: 'enduser.id', showWith: 'callerName' },
    'Object id of the verified caller.',
  ),
  callerAppId: opened(
    { kind: 'name', orNull: true, since: 1, journal: 3, column: 15 },
    { otel: 'gatehouse.caller.app_id' },
    'Application id of the verified caller.',
  ),
  callerName: opened(
    { kind: 'name', orNull: true, since: 1, journal: 4, column: 16 },
    {
      otel: 'gatehouse.caller.name',
      csv: 9,
      show: 'caller',
      list: { at: 2, title: 'caller', cutTo: 20, least: 20 },
    },
    'For people to read; names change, ids do not.',
  ),
  workload: opened(
    { kind: 'name', orNull: true, since: 1, journal: 5, column: 17, inAddress: true },
    {
      otel: 'gatehouse.workload',
      csv: 10,
      show: 'workload',
      list: { at: 3, title: 'workload', cutTo: 12, least: 14, leaves: 2 },
      report: 'group',
    },
    'Workload, as in the configuration.',
  ),
  target: opened(
    { kind: 'name', orNull: true, since: 1, journal: 6, column: 18, inAddress: true },
    { otel: 'gatehouse.target', csv: 11, show: 'target' },
    'Target, as in the configuration.',
  ),
  instance: both(
    { kind: 'name', orNull: true, since: 1, journal: 7, closedJournal: 2, column: 19 },
    {
      otel: 'server.address',
      csv: 12,
      show: 'instance',
      list: { at: 6, title: 'instance', cutTo: 12, least: 14, leaves: 8 },
      report: 'group',
    },
    'Instance to which the call went last.',
  ),
  region: both(
    { kind: 'name', orNull: true, since: 1, journal: 8, closedJournal: 3, column: 20 },
    { otel: 'cloud.region', csv: 13, showWith: 'instance' },
    'Region of the instance.',
  ),
  deployment: opened(
    { kind: 'name', orNull: true, since: 1, journal: 9, column: 21, inAddress: true },
    {
      otel: 'gen_ai.request.model',
      csv: 14,
      show: 'deployment',
      list: { at: 4, title: 'deployment', cutTo: 12, least: 12, leaves: 5 },
      report: 'group',
    },
    'Deployment, as the workload names it; what a canary share was sent to instead.',
  ),
  servedDeployment: closed(
    { kind: 'name', orNull: true, since: 2, journal: 8, column: 58, dictionary: 'deployment' },
    { otel: 'gatehouse.served_deployment', csv: 47, showWith: 'deployment' },
    'Name of the deployment on the instance that served, where it has another one there (an alias).',
  ),
  spilledFrom: closed(
    { kind: 'name', orNull: true, since: 2, journal: 9, column: 59, dictionary: 'deployment' },
    { otel: 'gatehouse.spilled_from', csv: 48, show: 'spilled over' },
    'Deployment from which Azure itself spilled the call over to another one.',
  ),
  requestedModel: opened(
    {
      kind: 'name',
      orNull: true,
      since: 1,
      journal: 10,
      column: 22,
      dictionary: 'model',
      clientWritten: true,
      inAddress: true,
    },
    { otel: 'gatehouse.requested_model', csv: 15, show: 'model' },
    '`model` as the client wrote it, in the body or the path.',
  ),
  servedModel: closed(
    { kind: 'name', orNull: true, since: 1, journal: 4, column: 23, dictionary: 'model' },
    { otel: 'gen_ai.response.model', csv: 16, showWith: 'requestedModel' },
    '`model` of the answer: the dated snapshot.',
  ),
  toolDeployments: opened(
    { kind: 'deployments', since: 3, journal: 1, column: 64 },
    { otel: 'gatehouse.tool_deployments', csv: 22, show: 'further deployments' },
    'Deployments that the request names besides its own: in a header, a tool, a data source.',
  ),
  operation: opened(
    { kind: 'name', orNull: true, since: 1, journal: 12, column: 25 },
    {
      otel: 'gen_ai.operation.name',
      csv: 18,
      show: 'operation',
      list: { at: 5, title: 'operation', cutTo: 12, least: 16, leaves: 9 },
      report: 'group',
    },
    'Operation, as `chat/completions` (for OpenTelemetry `chat`, `embeddings`, ...); null when the address leads nowhere.',
  ),
  stream: opened(
    { kind: 'flag', since: 1, journal: 1, column: 10 },
    { otel: 'gen_ai.request.stream', csv: 19, showWith: 'operation' },
    'True when the client asked for a stream.',
  ),
  apiVersion: opened(
    { kind: 'name', orNull: true, since: 1, journal: 11, column: 24, clientWritten: true, inAddress: true },
    { otel: 'gatehouse.api_version', csv: 17, show: 'api version' },
    'Version of a dated address.',
  ),
  method: opened(
    { kind: 'name', since: 1, journal: 13, column: 26 },
    { otel: 'http.request.method', csv: 42, show: 'request' },
    'Method of the request.',
  ),
  path: opened(
    { kind: 'name', since: 1, journal: 16, column: 30, clientWritten: true },
    { otel: 'url.path', csv: 43, showWith: 'method' },
    'Path as it was received, at most 2,048 characters, without the query, which may carry a key.',
  ),
  requestContentType: opened(
    { kind: 'name', orNull: true, since: 1, journal: 15, column: 28, clientWritten: true },
    { otel: 'http.request.header.content-type' },
    'Content type of the request.',
  ),
  requestBytes: closed(
    { kind: 'bytes', since: 1, journal: 11, column: 44 },
    { otel: 'http.request.body.size', csv: 40, showWith: 'method' },
    'Bytes received from the client, the body alone.',
  ),
  responseContentType: closed(
    { kind: 'name', orNull: true, since: 1, journal: 7, column: 29 },
    { otel: 'http.response.header.content-type', show: 'response' },
    'Content type of the answer.',
  ),
  responseBytes: closed(
    { kind: 'bytes', since: 1, journal: 12, column: 45 },
    { otel: 'http.response.body.size', csv: 41, showWith: 'responseContentType' },
    'Bytes relayed to the client, the body alone.',
  ),
  finishReason: closed(
    { kind: 'name', orNull: true, since: 1, journal: 6, column: 35 },
    { otel: 'gen_ai.response.finish_reasons', csv: 38, show: 'finish' },
    'Finish reason of the first choice.',
  ),
  usageSource: closed(
    { kind: 'name', values: usageSources, unknown: 'none', in: 'usage.source', since: 1, journal: 5, column: 34 },
    { otel: 'gatehouse.usage.source', csv: 23, show: 'tokens' },
    'Where the figures come from. `reported` by the backend; `counted` here from the text that passed; `bounded`: nothing told the truth, so the figures are a bound, at least what passed and at least what was reserved or learned; `owed`: a later record of the same object has the figures; `none`.',
  ),
  promptTokens: closed(
    { kind: 'tokens', orNull: true, in: 'usage.promptTokens', since: 1, journal: 4, column: 37 },
    {
      otel: 'gen_ai.usage.input_tokens',
      csv: 24,
      showWith: 'usageSource',
      list: { at: 9, title: 'prompt', align: 'right', least: 7, leaves: 11 },
      report: 'sum',
      sumLeaves: 2,
    },
    'Tokens of the prompt.',
  ),
  cachedTokens: closed(
    { kind: 'tokens', orNull: true, in: 'usage.cachedTokens', since: 1, journal: 7, column: 40 },
    { otel: 'gen_ai.usage.cache_read.input_tokens', csv: 25, showWith: 'usageSource', report: 'sum', sumLeaves: 10 },
    'Part of the prompt that a cache of the backend had.',
  ),
  completionTokens: closed(
    { kind: 'tokens', orNull: true, in: 'usage.completionTokens', since: 1, journal: 5, column: 38 },
    {
      otel: 'gen_ai.usage.output_tokens',
      csv: 26,
      showWith: 'usageSource',
      list: { at: 10, title: 'completion', align: 'right', leaves: 10 },
      report: 'sum',
      sumLeaves: 3,
    },
    'Tokens of the completion.',
  ),
  reasoningTokens: closed(
    { kind: 'tokens', orNull: true, in: 'usage.reasoningTokens', since: 1, journal: 8, column: 41 },
    { otel: 'gen_ai.usage.reasoning.output_tokens', csv: 27, showWith: 'usageSource', report: 'sum', sumLeaves: 11 },
    'Part of the completion that is reasoning.',
  ),
  totalTokens: closed(
    { kind: 'tokens', orNull: true, in: 'usage.totalTokens', since: 1, journal: 6, column: 39 },
    {
      otel: 'gatehouse.usage.total_tokens',
      csv: 32,
      showWith: 'usageSource',
      list: { at: 11, title: 'tokens', align: 'right', least: 7, leaves: 3 },
      report: 'sum',
    },
    'Tokens of prompt and completion.',
  ),
  audioPromptTokens: closed(
    { kind: 'tokens', orNull: true, in: 'usage.audioPromptTokens', since: 1, journal: 9, column: 42 },
    { otel: 'gatehouse.usage.audio.input_tokens', csv: 28, showWith: 'usageSource' },
    'Part of the prompt that is audio.',
  ),
  audioCompletionTokens: closed(
    { kind: 'tokens', orNull: true, in: 'usage.audioCompletionTokens', since: 1, journal: 10, column: 43 },
    { otel: 'gatehouse.usage.audio.output_tokens', csv: 29, showWith: 'usageSource' },
    'Part of the completion that is audio.',
  ),
  imagePromptTokens: closed(
    { kind: 'tokens', orNull: true, in: 'usage.imagePromptTokens', since: 3, journal: 18, column: 67 },
    { otel: 'gatehouse.usage.image.input_tokens', csv: 30, showWith: 'usageSource' },
    'Part of the prompt that is images.',
  ),
  imageCompletionTokens: closed(
    { kind: 'tokens', orNull: true, in: 'usage.imageCompletionTokens', since: 3, journal: 19, column: 68 },
    { otel: 'gatehouse.usage.image.output_tokens', csv: 31, showWith: 'usageSource' },
    'Part of the completion that is images.',
  ),
  reservedTokens: closed(
    { kind: 'tokens', orNull: true, since: 2, journal: 15, column: 56 },
    { otel: 'gatehouse.reserved_tokens', csv: 36, show: 'reserved' },
    'Tokens reserved before the call; null where it met no limit.',
  ),
  serviceTier: closed(
    { kind: 'name', orNull: true, since: 3, journal: 12, column: 65 },
    { otel: 'openai.response.service_tier', csv: 20, show: 'tier' },
    'Service tier that the answer names: `default`, `priority`, `flex`; it decides the price.',
  ),
  costNano: closed(
    { kind: 'nano', in: 'cost.nano', since: 2, journal: 14, column: 53 },
    {
      otel: 'gatehouse.cost.nano',
      csv: 33,
      show: 'cost',
      list: { at: 12, title: 'cost', align: 'right', least: 12, leaves: 4 },
    },
    'Cost in billionths of the currency, a whole number. `cost` is null where no tokens were billed or the model has no price.',
  ),
  currency: closed(
    { kind: 'name', in: 'cost.currency', since: 2, journal: 10, column: 54 },
    { otel: 'gatehouse.cost.currency', csv: 34, showWith: 'costNano' },
    'ISO 4217.',
  ),
  price: closed(
    { kind: 'name', in: 'cost.price', since: 2, journal: 11, column: 55 },
    { otel: 'gatehouse.cost.price', csv: 35, showWith: 'costNano' },
    'Model and first day of the price that the cost was computed with.',
  ),
  summedCalls: closed(
    { kind: 'count', unknown: 1, since: 3, journal: 17, column: 66 },
    { otel: 'gatehouse.summed_calls', csv: 21, show: 'stands for' },
    'Refused calls that the record stands for; 1 for every call with a record of its own.',
  ),
  waitedMs: closed(
    { kind: 'durationMs', orNull: true, since: 2, journal: 16, column: 57 },
    { otel: 'gatehouse.waited_ms', csv: 37, show: 'waited' },
    'Time in the waiting line; null for a call that did not wait.',
  ),
  attempts: closed(
    { kind: 'attempts', since: 1, journal: 1, column: 48 },
    { otel: 'gatehouse.attempts', csv: 39, show: 'attempts' },
    'Each try: instance, status, duration, error.',
  ),
  // The ordinary case of `attempts`, kept as a number because its JSON costs 0.5 µs to make and 1 µs to store.
  onlyAttemptMs: closed(
    { kind: 'durationMs', orNull: true, since: 1, journal: 13, column: 46, internal: true },
    {},
    "Duration of the only attempt, whose instance and status are the record's own.",
  ),
  objectId: closed(
    { kind: 'text', orNull: true, since: 2, journal: 2, column: 60 },
    { otel: 'gen_ai.response.id', csv: 49, show: 'object' },
    'Id of what the call created: a response, a file, a batch; of a call that charges work in the background, the object that did it.',
  ),
  clientAddress: opened(
    { kind: 'name', orNull: true, since: 1, journal: 17, column: 31, clientWritten: true },
    { otel: 'client.address', csv: 44, show: 'client' },
    'Address of the client.',
  ),
  userAgent: opened(
    { kind: 'name', orNull: true, since: 1, journal: 14, column: 27, clientWritten: true },
    { otel: 'user_agent.original', csv: 45, showWith: 'clientAddress' },
    'User agent of the client.',
  ),
  backendRequestId: closed(
    { kind: 'text', orNull: true, since: 1, journal: 0, column: 47 },
    { otel: 'gatehouse.backend_request_id', csv: 46, show: 'backend id' },
    "The backend's id of the request.",
  ),
  replica: opened(
    { kind: 'name', orNull: true, since: 4, journal: 19, column: 69 },
    { otel: 'gatehouse.replica', csv: 53, show: 'replica', report: 'group' },
    'Gateway process that served the call: `gateway.replica`, or the name of its host; null in records of older versions.',
  ),
  traceId: opened(
    { kind: 'text', orNull: true, since: 5, journal: 2, column: 70 },
    { otel: 'gatehouse.trace.id', csv: 54, show: 'trace' },
    "Trace that the caller's `traceparent` names, 32 hexadecimal digits, where the workload continues traces (`traceContext`); null otherwise. A follow-up has that of the call which began the work.",
  ),
  parentSpanId: opened(
    { kind: 'text', orNull: true, since: 5, journal: 3, column: 71 },
    { otel: 'gatehouse.trace.parent_span_id', csv: 55, showWith: 'traceId' },
    "The caller's span in that trace, 16 hexadecimal digits.",
  ),
  demonstration: opened(
    { kind: 'flag', since: 1, journal: 0, column: 9 },
    { otel: 'gatehouse.demonstration', csv: 52, show: 'history' },
    'True for history that the demonstration wrote.',
  ),
} as const satisfies Record<string, FieldRow>

/** Fields that the derived ones are computed from. */
interface Times {
  readonly startedAtMs: number
  readonly sentAtMs: number | null
  readonly firstByteAtMs: number | null
  readonly endedAtMs: number
}

export type FieldName = keyof typeof fields

/** A row with its name, and where the record has the field: a name, or a group and its member. */
export interface Field extends FieldRow {
  readonly name: FieldName
  readonly path: readonly [string] | readonly [string, string]
}

/** The rows, in their order. */
export const fieldRows: readonly Field[] = Object.entries<FieldRow>(fields).map(([name, row]) => ({
  ...row,
  name: name as FieldName,
  path: (row.in?.split('.') ?? [name]) as [string] | [string, string],
}))

/** The fields that the record shows, in their order. */
export const shownFields: readonly Field[] = fieldRows.filter(row => row.internal !== true)
