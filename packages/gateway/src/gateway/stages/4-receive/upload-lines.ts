/**
 * Inspects the file of a batch while it is uploaded: each line is a call of its own and is authorised like one. Bytes
 * are passed on only after they were inspected, so that a refused upload never ends and the instance stores nothing.
 */
import { type BodyScan, BodyScanner } from '../../../wire/body-scan.ts'
import { demandMembers, demandOf } from '../../../wire/demand.ts'
import { JsonScanError, type MemberRange } from '../../../wire/json-scan.ts'
import { MultipartReader, type PartHead, type PartSink } from '../../../wire/multipart.ts'
import { findOperation, type Operation } from '../../../wire/operations.ts'
import { Shape } from '../../../wire/shape.ts'
import { inSlices, nextTurn } from '../../../wire/slices.ts'
import type { Workload } from '../../plan/index.ts'
import { Refusal } from '../../refusals.ts'
import { requireDeployment, requireOperation } from '../3-authorize/grant.ts'
import { authorizeBody } from './body-policy.ts'
import { matteringName, readingForm, requirePlainText } from './form.ts'
import { requireMaximum } from './maximum.ts'
import { bodyShapes, shapeFor } from './shapes.ts'

/** Longest line, in bytes. It is buffered while it comes, and inspected in slices. */
const lineBytesMax = 16_777_216
/** Azure takes 100,000 requests in a file; here empty lines count as well. */
const linesMax = 500_000
/** Lines after which other work of the event loop gets its turn: about 2 ms. */
const linesAtOnce = 250
const purposeBytesMax = 256

export interface BatchParts {
  readonly workload: Workload
  /** Name of the deployment on the instance that gets the file; null when the instance does not have it. */
  readonly nameThere: (deployment: string) => string | null
  readonly instance: string
}

/** Reads a form with a file as it passes. Files that are not of a batch are not inspected. */
export class UploadInspector {
  readonly #reader: MultipartReader
  readonly #form: UploadSink

  constructor(boundary: string, parts: BatchParts) {
    this.#form = new UploadSink(new Lines(parts))
    this.#reader = new MultipartReader(boundary, this.#form)
  }

  /** @throws Refusal batch_line_refused, body_undecodable, body_duplicate_key, body_key_spelling */
  async write(chunk: Buffer): Promise<void> {
    readingForm(() => this.#reader.write(chunk))
    await this.#form.look()
  }

  /** Called after the last chunk, before that is passed on. @throws as `write` */
  async end(): Promise<void> {
    readingForm(() => this.#reader.end())
    await this.#form.look()
  }
}

class UploadSink implements PartSink {
  readonly #lines: Lines
  /** Pieces of files in this chunk; null ends a file. */
  #pieces: (Buffer | null)[] = []
  #part: 'purpose' | 'file' | 'other' = 'other'
  #purpose: Buffer[] | null = null
  #purposeBytes = 0
  /** Null until the form has named it. */
  #isBatch: boolean | null = null

  constructor(lines: Lines) {
    this.#lines = lines
  }

  begin(head: PartHead): void {
    const key = matteringName(head)
    if (key === 'purpose') {
      if (this.#purpose !== null) throw new Refusal('body_duplicate_key', { key }, { param: key })
      requirePlainText(head)
      this.#purpose = []
      this.#part = 'purpose'
    } else this.#part = head.filename !== null || head.name === 'file' ? 'file' : 'other'
  }

  content(bytes: Buffer): void {
    if (this.#part === 'file' && this.#isBatch !== false) this.#pieces.push(bytes)
    if (this.#part !== 'purpose') return
    this.#purposeBytes += bytes.length
    if (this.#purposeBytes > purposeBytesMax)
      throw new Refusal('purpose_not_allowed', { purpose: '…' }, { param: 'purpose' })
    this.#purpose?.push(Buffer.from(bytes))
  }

  end(): void {
    if (this.#part === 'file') this.#pieces.push(null)
    // A purpose that a lenient reader could take for `batch` counts as well.
    else if (this.#part === 'purpose') this.#isBatch = /batch/i.test(Buffer.concat(this.#purpose ?? []).toString())
  }

  /** Inspects the lines that have come. A fault is kept until the form names the purpose of the file. */
  async look(): Promise<void> {
    const pieces = this.#pieces
    this.#pieces = []
    if (this.#isBatch === false) return
    for (const piece of pieces) await (piece === null ? this.#lines.end() : this.#lines.write(piece))
    if (this.#isBatch === true && this.#lines.refusal !== null) throw this.#lines.refusal
  }
}

/** Inspects the lines of a file, in order. */
class Lines {
  /** Refusal of the first line that may not run. Later lines are not inspected. */
  refusal: Refusal | null = null
  readonly #parts: BatchParts
  #rest: Buffer[] = []
  #restBytes = 0
  #line = 0

  constructor(parts: BatchParts) {
    this.#parts = parts
  }

  async write(bytes: Buffer): Promise<void> {
    let at = 0
    while (this.refusal === null) {
      const end = bytes.indexOf(0x0a, at)
      if (end === -1) {
        this.#keep(bytes.subarray(at))
        return
      }
      const line = this.#rest.length === 0 ? bytes.subarray(at, end) : this.#joined(bytes.subarray(at, end))
      at = end + 1
      const looking = this.#look(line)
      if (looking !== null) await looking
      else if (this.#line % linesAtOnce === 0) await nextTurn()
    }
  }

  async end(): Promise<void> {
    if (this.refusal === null) await this.#look(this.#joined(Buffer.alloc(0)))
  }

  #keep(piece: Buffer): void {
    if (piece.length === 0) return
    this.#restBytes += piece.length
    if (this.#restBytes > lineBytesMax) this.#refuse(this.#line + 1, `it is longer than ${lineBytesMax} bytes`)
    // The bytes themselves go on to the instance, so the rest of a line is copied.
    else this.#rest.push(piece)
  }

  #joined(last: Buffer): Buffer {
    const line = Buffer.concat([...this.#rest, last])
    this.#rest = []
    this.#restBytes = 0
    return line
  }

  /** @returns null when the line was inspected synchronously. */
  #look(line: Buffer): Promise<void> | null {
    this.#line += 1
    const number = this.#line
    if (number > linesMax) this.#refuse(number, `a file may have ${linesMax} lines.`)
    if (this.refusal !== null || isBlank(line)) return null
    try {
      const looking = authorizeLine(line, this.#parts)
      return looking === null ? null : looking.catch(error => this.#caught(number, error))
    } catch (error) {
      this.#caught(number, error)
      return null
    }
  }

  #caught(line: number, error: unknown): void {
    if (error instanceof JsonScanError) this.#refuse(line, reasonOf(error))
    else if (error instanceof Refusal) this.#refuse(line, error)
    else throw error
  }

  #refuse(line: number, reason: string | Refusal): void {
    this.refusal ??= new Refusal('batch_line_refused', { line, reason }, { param: 'file' })
  }
}

function reasonOf({ fault, offset, key }: JsonScanError): string | Refusal {
  if (fault === 'duplicate_key') return new Refusal('body_duplicate_key', { key: key ?? '' })
  return `it is not a JSON object that every reader reads alike (${fault.replaceAll('_', ' ')}, byte ${offset}).`
}

/** What is no method may be anything, and the record keeps the reason. */
function shownMethod(method: string | null): string {
  if (method === null) return 'missing'
  return /^[A-Z]{1,10}$/.test(method) ? method : 'something else'
}

function isBlank(line: Buffer): boolean {
  return line.length < 64 && line.every(byte => byte === 0x20 || byte === 0x0d || byte === 0x09)
}

const lineShape = new Shape({ find: { method: true, url: true, model: true, body: true } })
const shapes = bodyShapes(['model', ...demandMembers])

/** @returns null when it was done synchronously. @throws Refusal, JsonScanError; also as a rejection */
function authorizeLine(line: Buffer, parts: BatchParts): Promise<void> | null {
  const scanning = inSlices(new BodyScanner(line, lineShape), line.length)
  if (scanning instanceof Promise) return scanning.then(scan => authorizeCall(line, scan, parts) ?? undefined)
  return authorizeCall(line, scanning, parts)
}

function authorizeCall(line: Buffer, scan: BodyScan, parts: BatchParts): Promise<void> | null {
  const { workload } = parts
  // The line asks for nothing. The instance refuses it.
  if (!['url', 'body', 'model'].some(key => scan.members.has(key))) return null
  const { operation, deployment } = operationOf(textAt(line, scan.members.get('url')))
  const method = textAt(line, scan.members.get('method'))
  if (method !== 'POST')
    throw new Refusal('request_malformed', { reason: `method is ${shownMethod(method)}, not POST` })
  requireOperation(workload, operation)
  if (deployment !== null) requireServing(deployment, parts)
  const outer = textAt(line, scan.members.get('model'))
  if (outer !== null) requireServing(outer, parts)
  const range = scan.members.get('body')
  if (range === undefined) throw new Refusal('body_not_json', { reason: 'the line has no "body"' })
  const body = line.subarray(range.valueStart, range.valueEnd)
  const looking = inSlices(new BodyScanner(body, shapeFor(shapes, operation, workload.policy)), body.length)
  if (looking instanceof Promise)
    return looking.then(async inner => void (await authorizeInner(body, inner, operation, parts)))
  return authorizeInner(body, looking, operation, parts)
}

function authorizeInner(body: Buffer, scan: BodyScan, operation: Operation, parts: BatchParts): Promise<void> | null {
  const model = textAt(body, scan.members.get('model'))
  if (model === null) throw new Refusal('body_not_json', { reason: 'its "body" names no model' })
  requireServing(model, parts)
  for (const { name } of authorizeBody(body, scan, operation, parts.workload)) requireServing(name, parts)
  if (parts.workload.output === null) return null
  const demanding = demandOf(operation.name, body, scan)
  if (demanding instanceof Promise)
    return demanding.then(demand => requireMaximum(demand, parts.workload, operation.name))
  requireMaximum(demanding, parts.workload, operation.name)
  return null
}

/**
 * Lines are not rewritten: if the instance has the deployment under another name, they would run on another one or on
 * none.
 */
function requireServing(deployment: string, { workload, nameThere, instance }: BatchParts): void {
  requireDeployment(workload, deployment)
  const there = nameThere(deployment)
  if (there === null || there === deployment) return
  throw new Refusal('deployment_aliased', { deployment, instance, there })
}

/** Longest text that can be a name or an address, in bytes. */
const textBytesMax = 2_048

function textAt(bytes: Buffer, range: MemberRange | undefined): string | null {
  if (range === undefined || range.valueEnd - range.valueStart > textBytesMax) return null
  const value: unknown = JSON.parse(bytes.toString('utf8', range.valueStart, range.valueEnd))
  return typeof value === 'string' ? value : null
}

/**
 * `/v1/chat/completions`, `/chat/completions`, `/openai/deployments/NAME/chat/completions`.
 * @throws Refusal route_unknown
 */
function operationOf(url: string | null): { operation: Operation; deployment: string | null } {
  const path = url ?? ''
  const segments = /^(?:\/[A-Za-z0-9._-]+)+$/.test(path) ? path.slice(1).split('/') : []
  if (segments[0] === 'openai') segments.shift()
  if (segments[0] === 'v1') segments.shift()
  const deployment = segments[0] === 'deployments' ? (segments[1] ?? null) : null
  const operation = findOperation(deployment === null ? segments : segments.slice(2), 'POST', 'v1')
  const runs = operation !== null && operation.deployment === 'required' && operation.body === 'json'
  if (!runs) {
    const advice = 'The "url" of a line is that of an operation on a model, as /v1/chat/completions.'
    throw new Refusal('route_unknown', { path: path === '' ? 'a line without "url"' : path, advice })
  }
  return { operation, deployment }
}
