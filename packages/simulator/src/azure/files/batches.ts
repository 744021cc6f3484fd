/**
 * Batches: a file of calls is answered into a file of answers, after the request has been answered, and billed in the
 * batch's own usage.
 */

import { setImmediate } from 'node:timers/promises'
import { isRecord, type JsonRecord, numberOrNull, textOf } from '../../json.ts'
import type { Spent } from '../billing/bill.ts'
import { type Call, deploymentOf, jsonInput, makeWork, meaningOf, type Work } from '../call.ts'
import { chatWhole } from '../chat/chat.ts'
import { completionWhole } from '../chat/completions.ts'
import { embeddingsWhole } from '../embeddings.ts'
import { AzureError, internalError, invalidRequest, noSuchObject } from '../errors.ts'
import { sendJson } from '../http/answer.ts'
import { type OperationName, operations } from '../http/routing.ts'
import { page, type StoredFile } from '../objects/store.ts'
import { responsesWhole } from '../responses/responses.ts'
import type { Draw } from '../seed.ts'
import { type BatchLine, pathOf, readBatchFile } from './batch-file.ts'
import { keepFile } from './files.ts'

type Batch = JsonRecord & { readonly id: string }
type Whole = (work: Work, input: JsonRecord) => { document: JsonRecord; spent: Spent }

/** Operations that a batch can call, by the end of the line's `url`. */
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
  const { drawFor, store, createdAtSeconds } = call.service
  let draw = drawFor('batch', meaningOf(input))
  // Each batch is separate work, also when its content equals another's.
  for (let others = 1; store.batches.get(batchId(draw)) !== null; others += 1) {
    draw = drawFor('batch', meaningOf(input), String(others))
  }
  const created = createdAtSeconds(draw)
  const batch = {
    id: batchId(draw),
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
    usage: null,
    metadata: input.metadata ?? null,
  }
  call.service.store.batches.put(batch.id, batch)
  void new BatchRun(call, batch, operation).run(file)
  return sendJson(call, batch)
}

const batchId = (draw: Draw): string => draw.hexId('batch_', 32)

function operationOf(url: unknown): OperationName | null {
  const found = (Object.keys(wholes) as OperationName[]).find(each => each === pathOf(url))
  return found ?? null
}

/** One batch in progress. */
class BatchRun {
  readonly #call: Call
  readonly #batch: Batch
  readonly #operation: OperationName
  readonly #startsAtMs: number
  readonly #good: string[] = []
  readonly #bad: string[] = []
  readonly #usage = new BatchUsage()

  constructor(call: Call, batch: Batch, operation: OperationName) {
    this.#call = call
    this.#batch = batch
    this.#operation = operation
    this.#startsAtMs = call.service.clock()
  }

  /**
   * Processes one line per turn of the event loop, so that other calls go on meanwhile. Stops when the batch is
   * cancelled or the instance closes.
   */
  async run(file: StoredFile): Promise<void> {
    const { created_at: at, endpoint } = this.#batch
    const { lines, faults } = readBatchFile(file.bytes, textOf(endpoint))
    await setImmediate()
    if (this.#isClosing) return
    if (faults.length > 0) {
      this.#update({ status: 'failed', failed_at: at, errors: { object: 'list', data: faults } })
      return
    }
    const begun = { in_progress_at: at, request_counts: this.#counts(lines) }
    this.#update(this.#isCancelled ? begun : { ...begun, status: 'in_progress' })
    for (const line of lines) {
      await setImmediate()
      if (this.#isClosing || this.#isCancelled) break
      this.#answer(line)
      this.#update({ request_counts: this.#counts(lines) })
    }
    await this.#untilDue()
    if (!this.#isClosing) this.#end()
  }

  get #isClosing(): boolean {
    return this.#call.service.closing.aborted
  }

  get #isCancelled(): boolean {
    return this.#call.service.store.batches.get(this.#batch.id)?.status === 'cancelling'
  }

  /** Waits until the configured time of batches has passed by the instance's clock. */
  async #untilDue(): Promise<void> {
    const { clock, batchMs, closing, sleep } = this.#call.service
    if (batchMs === null) return
    while (!(this.#isClosing || this.#isCancelled) && clock() < this.#startsAtMs + batchMs) {
      await sleep(Math.min(lookMs, this.#startsAtMs + batchMs - clock()), closing)
    }
  }

  #answer(line: BatchLine): void {
    const { service } = this.#call
    const draw = service.drawFor('batch line', line.text)
    const write = (to: string[], status: number, body: unknown): void => {
      const response = { status_code: status, request_id: draw.hexId('', 32), body }
      to.push(JSON.stringify({ id: draw.hexId('batch_req_', 32), custom_id: line.customId, response, error: null }))
    }
    try {
      const whole = wholes[this.#operation]?.(this.#work(line.body), line.body)
      this.#usage.add(whole?.document.usage)
      write(this.#good, 200, whole?.document)
    } catch (cause) {
      const error = cause instanceof AzureError ? cause : internalError()
      write(this.#bad, error.status, error.body)
    }
  }

  /** A line runs on the deployment that it names, independent of the other lines. */
  #work(body: JsonRecord): Work {
    const { service, route } = this.#call
    const facts = operations[this.#operation]
    const named = typeof body.model === 'string' ? body.model : null
    const deployment = deploymentOf(service, { ...route, operation: this.#operation, facts }, named)
    const setting = { service, deployment, apiVersion: route.apiVersion, reportsUsage: true }
    return makeWork(setting, this.#operation, meaningOf(body))
  }

  #counts(lines: readonly BatchLine[]): JsonRecord {
    return { total: lines.length, completed: this.#good.length, failed: this.#bad.length }
  }

  /** Output and usage so far are returned and charged, also for a cancelled batch. */
  #end(): void {
    const at = this.#batch.created_at
    const ended = this.#isCancelled
      ? { status: 'cancelled', cancelled_at: at }
      : { status: 'completed', finalizing_at: at, completed_at: at }
    this.#update({
      ...ended,
      output_file_id: this.#file('output', this.#good),
      error_file_id: this.#file('error', this.#bad),
      usage: this.#usage.document,
    })
  }

  #file(name: string, lines: readonly string[]): string | null {
    if (lines.length === 0) return null
    const bytes = Buffer.from(lines.map(line => `${line}\n`).join(''))
    const { service } = this.#call
    return keepFile(service, `${this.#batch.id}_${name}.jsonl`, 'batch_output', bytes).object.id
  }

  #update(change: JsonRecord): void {
    const { batches } = this.#call.service.store
    batches.put(this.#batch.id, { ...(batches.get(this.#batch.id) ?? this.#batch), ...change })
  }
}

/** Shortest pause between two looks at the clock, in ms. */
const lookMs = 25

/** Sum of the usage of all lines, with the member names of Responses. */
class BatchUsage {
  #input = 0
  #cached = 0
  #output = 0
  #reasoning = 0

  add(usage: unknown): void {
    if (!isRecord(usage)) return
    this.#input += numberOrNull(usage.prompt_tokens ?? usage.input_tokens) ?? 0
    this.#output += numberOrNull(usage.completion_tokens ?? usage.output_tokens) ?? 0
    this.#cached += part(usage.prompt_tokens_details ?? usage.input_tokens_details, 'cached_tokens')
    this.#reasoning += part(usage.completion_tokens_details ?? usage.output_tokens_details, 'reasoning_tokens')
  }

  get document(): JsonRecord {
    return {
      input_tokens: this.#input,
      input_tokens_details: { cached_tokens: this.#cached },
      output_tokens: this.#output,
      output_tokens_details: { reasoning_tokens: this.#reasoning },
      total_tokens: this.#input + this.#output,
    }
  }
}

function part(details: unknown, name: string): number {
  return isRecord(details) ? (numberOrNull(details[name]) ?? 0) : 0
}

export async function listBatches(call: Call): Promise<void> {
  return sendJson(call, page(call.service.store.batches.newest(), call.route.query))
}

export async function getBatch(call: Call): Promise<void> {
  return sendJson(call, batchOf(call))
}

/** Lines that are done stay done. The state of a batch that is over does not change. */
export async function cancelBatch(call: Call): Promise<void> {
  const batch = batchOf(call)
  const isAtWork = batch.status === 'validating' || batch.status === 'in_progress'
  const cancelling = { ...batch, status: 'cancelling', cancelling_at: batch.created_at }
  if (isAtWork) call.service.store.batches.put(batch.id, cancelling)
  return sendJson(call, isAtWork ? cancelling : batch)
}

function batchOf(call: Call): Batch {
  const batch = call.service.store.batches.get(call.route.id ?? '')
  if (batch) return batch
  throw noSuchObject(`No batch found with id '${call.route.id}'.`, 'id')
}
