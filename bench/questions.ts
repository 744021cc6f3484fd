/**
 * The load's questions and the backend's answers. Both sides make their bytes here, so that the load knows the exact
 * length of every answer. A question carries its own orders in the field `user`, which every gateway forwards
 * unchanged.
 */

export interface Question {
  /** Size of the whole request body, in bytes; at least `questionBytesMin`. */
  readonly questionBytes: number
  /** Size of the whole answer's body, in bytes, at least `answerBytesMin`. Ignored for a stream. */
  readonly answerBytes: number
  /** Content chunks of a streamed answer; 0 for an answer in one piece. */
  readonly chunks: number
  /** Pause before each content chunk, in ms; 0 sends as fast as the other side reads. */
  readonly paceMs: number
}

export const questionBytesMin = 160
export const answerBytesMin = 600

/** Reported by every answer, so a ledger must have it for every call. */
export const usage = { promptTokens: 31, completionTokens: 120 }

/**
 * Frames of a stream beyond its content: the first one with filter results, the one with the finish reason, and
 * `[DONE]`.
 */
const framesBeyondContent = 3
/** The finish reason, usage and `[DONE]` leave in one write, as with Azure. */
const writesBeyondContent = 2

const prose =
  'Each quarter the committee reviews which suppliers delivered late, what the delay cost, and whether the contract allows a claim. '

function proseOf(bytes: number): string {
  return prose.repeat(Math.ceil(bytes / prose.length)).slice(0, bytes)
}

/** The request body of a question, exactly `questionBytes` long. */
export function questionBody(question: Question): Buffer {
  const { answerBytes, chunks, paceMs } = question
  const build = (content: string): string =>
    JSON.stringify({
      model: 'gpt-4o',
      user: `answer=${answerBytes} chunks=${chunks} pace=${paceMs}`,
      ...(chunks > 0 ? { stream: true } : {}),
      messages: [{ role: 'user', content }],
    })
  const room = question.questionBytes - build('').length
  if (room < 0) throw new RangeError(`questionBytes must be at least ${question.questionBytes - room}`)
  return Buffer.from(build(proseOf(room)))
}

/** The answer in one piece, exactly `answerBytes` long. */
export function answerBody(answerBytes: number): Buffer {
  const build = (content: string): string =>
    JSON.stringify({
      id: 'chatcmpl-bench00000000000000000000',
      object: 'chat.completion',
      created: 1_770_000_000,
      model: 'gpt-4o-2024-11-20',
      system_fingerprint: 'fp_bench',
      choices: [
        {
          index: 0,
          message: { role: 'assistant', content, refusal: null },
          logprobs: null,
          finish_reason: 'stop',
          content_filter_results: { hate: { filtered: false, severity: 'safe' } },
        },
      ],
      usage: {
        prompt_tokens: usage.promptTokens,
        completion_tokens: usage.completionTokens,
        total_tokens: usage.promptTokens + usage.completionTokens,
        prompt_tokens_details: { cached_tokens: 0 },
        completion_tokens_details: { reasoning_tokens: 0 },
      },
    })
  const room = answerBytes - build('').length
  if (room < 0) throw new RangeError(`answerBytes must be at least ${answerBytes - room}`)
  return Buffer.from(build(proseOf(room)))
}

function frame(fields: Record<string, unknown>): string {
  const event = {
    id: 'chatcmpl-bench00000000000000000000',
    object: 'chat.completion.chunk',
    created: 1_770_000_000,
    model: 'gpt-4o-2024-11-20',
    system_fingerprint: 'fp_bench',
    ...fields,
  }
  return `data: ${JSON.stringify(event)}\n\n`
}

function choice(delta: Record<string, unknown>, finishReason: string | null): Record<string, unknown> {
  return { choices: [{ index: 0, delta, logprobs: null, finish_reason: finishReason, content_filter_results: {} }] }
}

/** A stream as its separate writes: the first frame, each content frame (all alike), and the end. */
export interface StreamFrames {
  readonly first: Buffer
  readonly content: Buffer
  readonly last: Buffer
}

/** `withUsage`: true if the frame with usage comes before `[DONE]`, as `stream_options.include_usage` requests. */
export function streamFrames(withUsage: boolean): StreamFrames {
  const filter = [{ prompt_index: 0, content_filter_results: { hate: { filtered: false, severity: 'safe' } } }]
  const total = usage.promptTokens + usage.completionTokens
  const report = {
    choices: [],
    usage: { prompt_tokens: usage.promptTokens, completion_tokens: usage.completionTokens, total_tokens: total },
  }
  return {
    first: Buffer.from(frame({ id: '', created: 0, model: '', choices: [], prompt_filter_results: filter })),
    content: Buffer.from(frame(choice({ content: ' review' }, null))),
    last: Buffer.from(`${frame(choice({}, 'stop'))}${withUsage ? frame(report) : ''}data: [DONE]\n\n`),
  }
}

/** Bytes that a client without `include_usage` must receive. */
export interface ExpectedAnswer {
  readonly bytes: number
  /** Events of the stream, including `[DONE]`; 0 for an answer in one piece. */
  readonly events: number
  /** Separate writes of the backend: what a relay has to pass on. */
  readonly writes: number
}

export function expectedAnswer(question: Question): ExpectedAnswer {
  if (question.chunks === 0) return { bytes: question.answerBytes, events: 0, writes: 1 }
  const { first, content, last } = streamFrames(false)
  return {
    bytes: first.length + question.chunks * content.length + last.length,
    events: question.chunks + framesBeyondContent,
    writes: question.chunks + writesBeyondContent,
  }
}

/**
 * Includes the quotation mark after it: if the first bytes end within the last number, that number would be read as a
 * shorter one.
 */
const orders = /answer=(\d{1,8}) chunks=(\d{1,6}) pace=(\d{1,5})"/
/** The usual place of the orders, unless the fields were reordered on the way. */
const ordersBytes = 512

/**
 * The orders in a question's body; null when it has none. Found without parsing JSON, nearly always in the first bytes.
 */
export function ordersOf(body: Buffer): Pick<Question, 'answerBytes' | 'chunks' | 'paceMs'> | null {
  const found = orders.exec(body.toString('latin1', 0, ordersBytes)) ?? orders.exec(body.toString('latin1'))
  if (found === null) return null
  return { answerBytes: Number(found[1]), chunks: Number(found[2]), paceMs: Number(found[3]) }
}
