/**
 * The file of a batch's answers, read as it comes: a line for each call, with its usage. It reports the usage of a
 * batch whose object does not. Shape:
 * `{"custom_id":…,"response":{"status_code":200,"body":{…,"usage":{…}}},"error":null}`.
 */

import { isRecord, textOrNull } from '../../wire/json.ts'
import { noUsage, type Usage, usageFrom } from '../../wire/usage.ts'
import { empty, type Learned, nothingLearned, type Observer } from '../observe/observer.ts'

/** Longest line that is read, in bytes. With a longer one the usage of the file is unknown. */
const lineBytesMax = 16_777_216
/** The largest figure that the ledger can hold. */
const tokensMost = 2_000_000_000

const lineFeed = 0x0a

export class BatchAnswers implements Observer {
  /** The last line, which has not ended yet. */
  #open: Buffer[] = []
  #openBytes = 0
  #sum: Usage = { ...noUsage, source: 'reported', promptTokens: 0, completionTokens: 0, totalTokens: 0 }
  #model: string | null = null
  #lines = 0
  /** False once a call was answered without its usage. */
  #isWhole = true

  pass(chunk: Buffer): Buffer {
    let start = 0
    for (let end = chunk.indexOf(lineFeed); end !== -1; end = chunk.indexOf(lineFeed, start)) {
      this.#keep(chunk.subarray(start, end))
      this.#endLine()
      start = end + 1
    }
    if (start < chunk.length) this.#keep(chunk.subarray(start))
    return chunk
  }

  rest(): Buffer {
    return empty
  }

  /** Usage is null unless every line reports it. */
  learned(): Learned {
    this.#endLine()
    const usage = this.#isWhole && this.#lines > 0 ? this.#sum : null
    return { ...nothingLearned, usage, servedModel: this.#model, isFinished: true }
  }

  #keep(bytes: Buffer): void {
    this.#openBytes += bytes.length
    if (this.#openBytes <= lineBytesMax) this.#open.push(bytes)
    else this.#isWhole = false
  }

  #endLine(): void {
    const isRead = this.#openBytes <= lineBytesMax
    const text = isRead ? Buffer.concat(this.#open).toString().trim() : ''
    this.#open = []
    this.#openBytes = 0
    if (text !== '') this.#read(text)
  }

  #read(text: string): void {
    this.#lines += 1
    const response = responseOf(text)
    // A refused call used nothing.
    if (response === null || Number(response['status_code']) >= 400) return
    const body = response['body']
    const usage = isRecord(body) ? usageFrom(body['usage']) : null
    if (usage === null) {
      this.#isWhole = false
      return
    }
    this.#model ??= isRecord(body) ? textOrNull(body['model']) : null
    this.#sum = added(this.#sum, usage)
  }
}

/** Null for a call without an answer, for example a failed one. */
function responseOf(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const line = JSON.parse(text) as unknown
    const response = isRecord(line) ? line['response'] : null
    return isRecord(response) ? response : null
  } catch {
    // The line carries an answer.
    return {}
  }
}

function added(one: Usage, other: Usage): Usage {
  const sum = (a: number | null, b: number | null): number | null =>
    a === null && b === null ? null : Math.min((a ?? 0) + (b ?? 0), tokensMost)
  return {
    source: 'reported',
    promptTokens: sum(one.promptTokens, other.promptTokens),
    completionTokens: sum(one.completionTokens, other.completionTokens),
    totalTokens: sum(one.totalTokens, other.totalTokens),
    cachedTokens: sum(one.cachedTokens, other.cachedTokens),
    reasoningTokens: sum(one.reasoningTokens, other.reasoningTokens),
    audioPromptTokens: sum(one.audioPromptTokens, other.audioPromptTokens),
    audioCompletionTokens: sum(one.audioCompletionTokens, other.audioCompletionTokens),
    imagePromptTokens: sum(one.imagePromptTokens, other.imagePromptTokens),
    imageCompletionTokens: sum(one.imageCompletionTokens, other.imageCompletionTokens),
  }
}
