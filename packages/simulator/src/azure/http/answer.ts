/**
 * Sends answers, whole ones and streams, at the deployment's pace, with the faults that strike while an answer is sent.
 */

import type { ServerResponse } from 'node:http'
import type { Spent } from '../billing/bill.ts'
import type { Call } from '../call.ts'
import { internalError } from '../errors.ts'
import { beginChunks, type ChunkedBody } from './chunks.ts'
import { type Pace, pace } from './latency.ts'

const slowFirstByteMs = 5_000
/** Reasoning is added to the bill in steps of this many tokens. */
const thoughtStepTokens = 64
/** Events before a fault in mid-stream, when the fault does not say it. */
const eventsBefore = 3

export interface WholeAnswer {
  readonly status?: number
  readonly contentType: string
  readonly bytes: Buffer
  /** Null for answers that cost nothing. */
  readonly spent: Spent | null
  readonly reportsUsage: boolean
}

const jsonType = 'application/json'

/** Sends a JSON document. */
export function sendJson(call: Call, value: unknown, spent: Spent | null = null, reportsUsage = false): Promise<void> {
  return sendWhole(call, { contentType: jsonType, bytes: Buffer.from(JSON.stringify(value)), spent, reportsUsage })
}

/** Sends an answer that is not a stream. Resolves when it was handed over or the client has left. */
export async function sendWhole(call: Call, answer: WholeAnswer): Promise<void> {
  const { response, line, fault } = call
  if (fault?.kind === 'error-frame') throw internalError()
  await produced(call, answer.spent)
  if (call.gone.aborted) return
  const bytes = fault?.kind === 'malformed-frames' ? answer.bytes.subarray(0, -2) : answer.bytes
  line.status = answer.status ?? 200
  line.promptTokens = answer.spent?.promptTokens ?? line.promptTokens
  const breaks = (fault?.kind === 'cut' || fault?.kind === 'stall') && bytes.length > 1 && call.route.method !== 'HEAD'
  if (breaks && !(await sendHalf(call, answer, bytes))) return
  line.usageReported = answer.reportsUsage && (bytes === answer.bytes || hasWholeUsage(bytes))
  line.ended = true
  const headers = { ...call.headers, 'content-type': answer.contentType }
  if (breaks) response.end(bytes.subarray(bytes.length >> 1))
  else if (fault?.kind === 'split-bytes') sendBytes(beginChunks(response, line.status, headers), bytes)
  else response.writeHead(line.status, { ...headers, 'content-length': bytes.length }).end(bytes)
}

/**
 * True when a document still has its whole usage although its end was cut off: in some answers other members follow it.
 */
function hasWholeUsage(bytes: Buffer): boolean {
  const text = bytes.toString('utf8')
  const at = text.lastIndexOf('"usage":{')
  return at >= 0 && /^[^{}]*\{([^{}]|\{[^{}]*\})*\}/.test(text.slice(at))
}

function sendBytes(body: ChunkedBody, bytes: Buffer): void {
  for (const at of bytes.keys()) body.write(bytes.subarray(at, at + 1))
  body.end()
}

/** Sends the first half of the body, then silence or the end. True when the second half may follow. */
async function sendHalf(call: Call, answer: WholeAnswer, bytes: Buffer): Promise<boolean> {
  const { response, line, fault } = call
  const half = bytes.subarray(0, bytes.length >> 1)
  response.writeHead(line.status, {
    ...call.headers,
    'content-type': answer.contentType,
    'content-length': bytes.length,
  })
  response.write(half)
  if (fault?.kind === 'cut') {
    await cut(call)
    return false
  }
  await stalled(call)
  return !call.gone.aborted
}

/**
 * Waits as long as the answer takes. It is made as a whole before its first byte, so by then all of it is billed; or as
 * much as was made when the client left.
 */
async function produced(call: Call, spent: Spent | null): Promise<void> {
  const { line } = call
  const pace = paceOf(call)
  await waitForFirstToken(call, pace)
  const thoughtTokens = spent?.thoughtTokens ?? 0
  line.completionTokens += await pace.produce(thoughtTokens, 'thought')
  line.completionTokens += await pace.produce((spent?.completionTokens ?? 0) - thoughtTokens, 'said')
}

async function waitForFirstToken(call: Call, pace: Pace): Promise<void> {
  const { fault, gone } = call
  if (fault?.kind === 'slow-first-byte') await call.service.sleep(fault.ms ?? slowFirstByteMs, gone)
  await pace.firstToken()
}

function paceOf(call: Call): Pace {
  const { service, gone, line } = call
  const spec = service.deployments.get(line.deployment ?? '')?.spec ?? { model: '' }
  return pace(spec, service.random, service.sleep, service.clock, gone)
}

/** Hands everything that was written to the kernel, then destroys the connection. */
async function cut(call: Call): Promise<void> {
  const { socket } = call.response
  if (!socket) return
  // A destroyed socket drops its buffer, but the events before the cut must arrive.
  await new Promise<void>(resolve => {
    socket.once('close', resolve)
    socket.write('', () => resolve())
  })
  call.line.ended = true
  call.connection.brokenOff = true
  call.response.destroy()
}

async function stalled(call: Call): Promise<void> {
  const ms = call.fault?.ms ?? 0
  return ms > 0 ? call.service.sleep(ms, call.gone) : untilGone(call.gone)
}

/** Resolves when the client has left or the instance closes. */
export async function untilGone(gone: AbortSignal): Promise<void> {
  if (!gone.aborted) await new Promise(resolve => gone.addEventListener('abort', resolve, { once: true }))
}

/** Resolves when the socket accepts more, or the client has left. */
function drained(response: ServerResponse, gone: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    const done = (): void => {
      response.off('drain', done)
      gone.removeEventListener('abort', done)
      resolve()
    }
    response.once('drain', done)
    gone.addEventListener('abort', done, { once: true })
  })
}

/** An error in mid-stream; the Responses API has an event for it. */
function errorFrame(operation: string): string {
  const { message, body } = internalError()
  if (operation !== 'responses') return `data: ${JSON.stringify(body)}\n\n`
  return `event: error\ndata: ${JSON.stringify({ type: 'error', code: 'server_error', message, param: null })}\n\n`
}

const garbage = 'data: {"choices":[{"index":0,"delta":{"content":"\n\n: a comment\n\nnonsense: 1\n\nevent: \n\ndata\n\n'

/**
 * A stream of events. Every event is a chunk of its own on the wire, as the service sends them. What was sent is in the
 * bill at once.
 */
export class EventStream {
  readonly #call: Call
  readonly #pace: Pace
  #body: ChunkedBody | null = null
  #sent = 0
  #over = false

  private constructor(call: Call) {
    this.#call = call
    this.#pace = paceOf(call)
  }

  /**
   * Waits for the first token, then sends the head. If the client has left by then, the stream is over from the start.
   */
  static async open(call: Call): Promise<EventStream> {
    const stream = new EventStream(call)
    await waitForFirstToken(call, stream.#pace)
    stream.#over = call.gone.aborted
    if (stream.#over) return stream
    call.line.status = 200
    stream.#body = beginChunks(call.response, 200, {
      ...call.headers,
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache, must-revalidate',
    })
    return stream
  }

  /** Sends an event and adds its tokens to the bill. False when nothing more may be sent: then the caller must stop. */
  async send(event: string, tokens = 0): Promise<boolean> {
    if (!(await this.#ready(tokens))) return false
    this.#call.line.completionTokens += tokens
    await this.#write(event)
    return true
  }

  /**
   * Lets hidden tokens be produced in silence, and adds them to the bill as they come. False when the stream is over by
   * then.
   */
  async think(tokens: number): Promise<boolean> {
    const { gone, line } = this.#call
    for (let left = tokens; left > 0 && !this.#over; left -= thoughtStepTokens) {
      line.completionTokens += await this.#pace.produce(Math.min(left, thoughtStepTokens), 'thought')
      this.#over ||= gone.aborted
    }
    return !this.#over
  }

  /** Sends an event with the usage. From then on the bill has the same figures. */
  async report(event: string, spent: Spent): Promise<boolean> {
    if (!(await this.#ready(0))) return false
    this.#settle(spent)
    this.#call.line.usageReported = true
    await this.#write(event)
    return true
  }

  /** Ends the stream, after a last event ('' for none). The bill then has the cost of the whole answer. */
  async end(event: string, spent: Spent): Promise<void> {
    if (!(await this.#ready(0))) return
    this.#settle(spent)
    await this.#write(event)
    this.#close()
    this.#body?.end()
  }

  /** True when a fault `content-filter` must end the stream now. */
  get filtered(): boolean {
    const { fault } = this.#call
    return fault?.kind === 'content-filter' && this.#sent >= (fault.after ?? 0)
  }

  /** Applies faults and waits for the pace. False when the stream is over by then. */
  async #ready(tokens: number): Promise<boolean> {
    if (this.#over) return false
    const { gone, fault } = this.#call
    if (fault !== null && this.#sent === (fault.after ?? eventsBefore)) await this.#strike()
    const wait = tokens > 0 ? this.#pace.tokens(tokens) : null
    if (wait) await wait
    this.#over ||= gone.aborted
    this.#sent += 1
    return !this.#over
  }

  #settle({ promptTokens, completionTokens }: Spent): void {
    this.#call.line.promptTokens = promptTokens
    this.#call.line.completionTokens = completionTokens
  }

  async #write(event: string): Promise<void> {
    const { response, fault, gone } = this.#call
    let taken = true
    if (fault?.kind === 'split-bytes') {
      const bytes = Buffer.from(event)
      for (const at of bytes.keys()) taken = this.#body?.write(bytes.subarray(at, at + 1)) ?? false
    } else if (event !== '') {
      taken = this.#body?.write(event) ?? false
    }
    if (taken || gone.aborted) return
    await drained(response, gone)
  }

  async #strike(): Promise<void> {
    const { fault } = this.#call
    switch (fault?.kind) {
      case 'cut':
        this.#close()
        return cut(this.#call)
      case 'stall':
        return stalled(this.#call)
      case 'malformed-frames':
        this.#body?.write(garbage)
        return
      case 'error-frame':
        this.#close()
        this.#body?.write(errorFrame(this.#call.route.operation))
        this.#body?.end()
        return
      default:
        return
    }
  }

  #close(): void {
    this.#over = true
    this.#call.line.ended = true
  }
}
