/** Batches: a file of calls is answered into a file of answers, behind the caller's back. */
import { setImmediate } from 'node:timers/promises'
import { isRecord, type JsonRecord, textOf } from '../../wire/json.ts'
import { sendJson } from './answer.ts'
import { type Call, deploymentOf, jsonInput, makeWork, meaningOf, type Spent, type Work } from './call.ts'
import { chatWhole } from './chat.ts'
import { completionWhole } from './completions.ts'
import { embeddingsWhole } from './embeddings.ts'
import { AzureError, internalError, invalidRequest, noSuchObject } from './errors.ts'
import { keepFile } from './files.ts'
import { responsesWhole } from './responses.ts'
import { type OperationName, operations } from './routing.ts'
import type { Service } from './service.ts'
import { page, type StoredFile } from './store.ts'

type Batch = JsonRecord & { readonly id: string }
type Whole = (work: Work, input: JsonRecord) => { document: JsonRecord; spent: Spent }

/** What a batch can call, by the end of the line's `url`. */
const wholes: Readonly<Partial<Record<OperationName, Whole>>> = {
  'chat/completions': chatWhole,
  completions: completionWhole,
  embeddings: embeddingsWhole,
  responses: responsesWhole,
}

export async function createBatch(call: Call): Promise<void> {
  const input = jsonInput(call)
  const operation = operationOf(input.endpoint)
  if (operation === null) {
    const known = Object.keys(wholes)
      .map(each => `'/${each}'`)
      .join(', ')
    throw invalidRequest(`Invalid value for 'endpoint'. Supported values are: ${known}.`, 'endpoint', 'invalid_value')
  }
  const file = call.service.store.files.get(textOf(input.input_file_id))
  if (!file) {
    throw invalidRequest(`File '${textOf(input.input_file_id)}' was not found.`, 'input_file_id', 'invalid_value')
  }
  const draw = call.service.drawFor('batch', meaningOf(input))
  const created = call.service.createdAtSeconds(draw)
  const batch = {
    id: draw.hexId('batch_', 32),
    object: 'batch',
    endpoint: input.endpoint,
    errors: null,
    input_file_id: file.object.id,
    completion_window: input.completion_window ?? '24h',
    status: 'validating',
    output_file_id: null,
    error_file_id: null,
    created_at: created,
    in_progress_at: null,
    expires_at: created + 86_400,
    finalizing_at: null,
    completed_at: null,
    failed_at: null,
    cancelling_at: null,
    cancelled_at: null,
    request_counts: { total: 0, completed: 0, failed: 0 },
    metadata: input.metadata ?? null,
  }
  call.service.store.batches.put(batch.id, batch)
  void runBatch(call, batch, operation, file)
  return sendJson(call, batch)
}

function operationOf(url: unknown): OperationName | null {
  const path = textOf(url).replace(/^\/(openai\/)?(v1\/)?/, '')
  const found = (Object.keys(wholes) as OperationName[]).find(each => each === path)
  return found ?? null
}

/** Works off the lines one a turn, so that calls go on meanwhile. Stops when the batch is cancelled or the instance closes. */
async function runBatch(call: Call, batch: Batch, operation: OperationName, file: StoredFile): Promise<void> {
  const { service } = call
  const update = (change: JsonRecord): void => {
    service.store.batches.put(batch.id, { ...(service.store.batches.get(batch.id) ?? batch), ...change })
  }
  const lines = file.bytes
    .toString('utf8')
    .split('\n')
    .filter(line => line.trim() !== '')
  const counts = { total: lines.length, completed: 0, failed: 0 }
  const good: string[] = []
  const bad: string[] = []
  await setImmediate()
  update({ status: 'in_progress', in_progress_at: batch.created_at, request_counts: { ...counts } })
  for (const line of lines) {
    await setImmediate()
    if (service.closing.aborted || service.store.batches.get(batch.id)?.status === 'cancelled') return
    const { status, text } = answerLine(call, operation, line)
    if (status === 200) good.push(text)
    else bad.push(text)
    counts.completed += status === 200 ? 1 : 0
    counts.failed += status === 200 ? 0 : 1
    update({ request_counts: { ...counts } })
  }
  const output = good.length > 0 ? keepFile(service, `${batch.id}_output.jsonl`, 'batch_output', jsonLines(good)) : null
  const errors = bad.length > 0 ? keepFile(service, `${batch.id}_error.jsonl`, 'batch_output', jsonLines(bad)) : null
  update({
    status: 'completed',
    finalizing_at: batch.created_at,
    completed_at: batch.created_at,
    output_file_id: output?.object.id ?? null,
    error_file_id: errors?.object.id ?? null,
  })
}

const jsonLines = (lines: readonly string[]): Buffer => Buffer.from(lines.map(line => `${line}\n`).join(''))

function answerLine(call: Call, operation: OperationName, line: string): { status: number; text: string } {
  const asked = parsed(line)
  const custom = isRecord(asked) ? (asked.custom_id ?? null) : null
  const draw = call.service.drawFor('batch line', line)
  const response = (status: number, body: unknown): { status: number; text: string } => ({
    status,
    text: JSON.stringify({
      id: draw.hexId('batch_req_', 32),
      custom_id: custom,
      response: { status_code: status, request_id: draw.hexId('', 32), body },
      error: null,
    }),
  })
  try {
    const body = isRecord(asked) && isRecord(asked.body) ? asked.body : null
    if (!body)
      throw invalidRequest(
        'A line of a batch is an object with custom_id, method, url and body.',
        'body',
        'invalid_json_line',
      )
    return response(200, wholes[operation]?.(lineWork(call, operation, body), body).document)
  } catch (cause) {
    const error = cause instanceof AzureError ? cause : internalError()
    return response(error.status, error.body)
  }
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return null
  }
}

function lineWork(call: Call, operation: OperationName, body: JsonRecord): Work {
  const { service, route } = call
  const facts = operations[operation]
  const deployment = deploymentOf(
    service,
    { ...route, operation, facts },
    typeof body.model === 'string' ? body.model : null,
  )
  return makeWork({ service, deployment, apiVersion: route.apiVersion, reportsUsage: true }, operation, meaningOf(body))
}

export async function listBatches(call: Call): Promise<void> {
  return sendJson(call, page(call.service.store.batches.newest(), call.route.query))
}

export async function getBatch(call: Call): Promise<void> {
  return sendJson(call, batchOf(call.service, call.route.id))
}

/** A batch that is not over is over at once; of a finished one the state stays. */
export async function cancelBatch(call: Call): Promise<void> {
  const batch = batchOf(call.service, call.route.id)
  const isOver = batch.status === 'completed' || batch.status === 'cancelled'
  const cancelled = { ...batch, status: 'cancelled', cancelling_at: batch.created_at, cancelled_at: batch.created_at }
  if (!isOver) call.service.store.batches.put(batch.id, cancelled)
  return sendJson(call, isOver ? batch : cancelled)
}

function batchOf(service: Service, id: string | null): Batch {
  const batch = service.store.batches.get(id ?? '')
  if (batch) return batch
  throw noSuchObject(`No batch found with id '${id}'.`, 'id')
}
