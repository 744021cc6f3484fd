import type { DuckDBConnection, DuckDBValue } from '@duckdb/node-api'
import type { closedNames, openedNames } from '../../journal/fields.ts'
import { attemptsOf, costFrom, namesFrom } from '../../journal/metadata.ts'
import type { Opened, Outcome, RecordRow, UsageSource } from '../../record.ts'
import type { Names } from '../names.ts'
import { recordColumns } from '../schema.ts'

/** Columns of a row, without those that only say where its bodies stand. */
const shown = recordColumns.filter(column => !['opened_at', 'closed_at', 'parts'].includes(column.name))
const shownSql = shown.map(column => column.name).join(', ')

export interface ReadRow {
  readonly row: RecordRow
  readonly sequence: number
}

/** Reads rows of `records`; `sql` is what follows FROM. */
export async function readRows(
  connection: DuckDBConnection,
  names: Names,
  sql: string,
  values: DuckDBValue[],
): Promise<ReadRow[]> {
  const result = await connection.runAndReadAll(`SELECT ${shownSql} FROM records ${sql}`, values)
  return result.getRows().map(cells => rowOf(new Cells(cells, names)))
}

/** Fields whose names may find no room in their dictionary. */
type UnnamedField = Exclude<(typeof openedNames)[number] | (typeof closedNames)[number], 'outcome' | 'usageSource'>

/** One row's cells by column. */
class Cells {
  readonly #byColumn = new Map<string, DuckDBValue>()
  readonly #unnamed: Partial<Record<string, string>>

  constructor(cells: readonly DuckDBValue[], names: Names) {
    shown.forEach((column, index) => {
      const cell = cells[index] ?? null
      this.#byColumn.set(column.name, column.kind === 'name' ? names.textOf(column.dictionary, Number(cell)) : cell)
    })
    const unnamed = this.#byColumn.get('unnamed')
    this.#unnamed = typeof unnamed === 'string' ? (JSON.parse(unnamed) as Partial<Record<string, string>>) : {}
  }

  /** `field`: the record's name of it, under which a name without room stands. */
  text(column: string, field: UnnamedField | null): string | null {
    const cell = this.#byColumn.get(column) ?? null
    if (cell !== null) return String(cell)
    return field === null ? null : (this.#unnamed[field] ?? null)
  }
  number(column: string): number | null {
    const cell = this.#byColumn.get(column) ?? null
    return cell === null ? null : Number(cell)
  }
  flag(column: string): boolean {
    return this.#byColumn.get(column) === true
  }
}

function rowOf(cells: Cells): ReadRow {
  const startedAtMs = cells.number('started_at_ms') ?? 0
  const endedAtMs = cells.number('ended_at_ms') ?? startedAtMs
  const sentAtMs = cells.number('sent_at_ms')
  const firstByteAtMs = cells.number('first_byte_at_ms')
  const row: RecordRow = {
    id: cells.text('id', null) ?? '',
    startedAtMs,
    demonstration: cells.flag('demonstration'),
    copyOf: cells.text('copy_of', null),
    copyKind: cells.text('copy_kind', 'copyKind') as Opened['copyKind'],
    callerKind: cells.text('caller_kind', 'callerKind') as Opened['callerKind'],
    callerTenantId: cells.text('caller_tenant_id', 'callerTenantId'),
    callerObjectId: cells.text('caller_object_id', 'callerObjectId'),
    callerAppId: cells.text('caller_app_id', 'callerAppId'),
    callerName: cells.text('caller_name', 'callerName'),
    workload: cells.text('workload', 'workload'),
    target: cells.text('target', 'target'),
    instance: cells.text('instance', 'instance'),
    region: cells.text('region', 'region'),
    deployment: cells.text('deployment', 'deployment'),
    requestedModel: cells.text('requested_model', 'requestedModel'),
    toolDeployments: namesFrom(cells.text('tool_deployments', null)),
    apiVersion: cells.text('api_version', 'apiVersion'),
    operation: cells.text('operation', 'operation'),
    stream: cells.flag('stream'),
    method: cells.text('method', 'method') ?? '',
    path: cells.text('path', 'path') ?? '',
    clientAddress: cells.text('client_address', 'clientAddress'),
    userAgent: cells.text('user_agent', 'userAgent'),
    requestContentType: cells.text('request_content_type', 'requestContentType'),
    outcome: cells.text('outcome', null) as Outcome,
    outcomeCode: cells.text('outcome_code', 'outcomeCode'),
    status: cells.number('status'),
    sentAtMs,
    firstByteAtMs,
    endedAtMs,
    durationMs: Math.max(0, endedAtMs - startedAtMs),
    timeToFirstByteMs: sentAtMs === null || firstByteAtMs === null ? null : Math.max(0, firstByteAtMs - sentAtMs),
    servedModel: cells.text('served_model', 'servedModel'),
    servedDeployment: cells.text('served_deployment', 'servedDeployment'),
    spilledFrom: cells.text('spilled_from', 'spilledFrom'),
    attempts: attemptsOf(cells.text('attempts', null), cells.number('only_attempt_ms'), {
      instance: cells.text('instance', 'instance'),
      status: cells.number('status'),
    }),
    usage: {
      source: cells.text('usage_source', null) as UsageSource,
      promptTokens: cells.number('prompt_tokens'),
      completionTokens: cells.number('completion_tokens'),
      totalTokens: cells.number('total_tokens'),
      cachedTokens: cells.number('cached_tokens'),
      reasoningTokens: cells.number('reasoning_tokens'),
      audioPromptTokens: cells.number('audio_prompt_tokens'),
      audioCompletionTokens: cells.number('audio_completion_tokens'),
      imagePromptTokens: cells.number('image_prompt_tokens'),
      imageCompletionTokens: cells.number('image_completion_tokens'),
    },
    serviceTier: cells.text('service_tier', 'serviceTier'),
    summedCalls: cells.number('summed_calls') ?? 1,
    cost: costFrom(cells.number('cost_nano'), cells.text('currency', 'currency'), cells.text('price', 'price')),
    reservedTokens: cells.number('reserved_tokens'),
    waitedMs: cells.number('waited_ms'),
    objectId: cells.text('object_id', null),
    finishReason: cells.text('finish_reason', 'finishReason'),
    backendRequestId: cells.text('backend_request_id', null),
    responseContentType: cells.text('response_content_type', 'responseContentType'),
    requestBytes: cells.number('request_bytes') ?? 0,
    responseBytes: cells.number('response_bytes') ?? 0,
  }
  return { row, sequence: cells.number('sequence') ?? 0 }
}
