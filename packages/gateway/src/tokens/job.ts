import { assemble } from '../wire/assemble.ts'
import { parseCutJson } from '../wire/cut-json.ts'
import { countCompletion, countPrompt } from './count.ts'

/** Bodies to count, as the bytes that passed. */
export interface TokenJob {
  /** Decides the tokenizer: what the deployment's model is, or what the answer called it. */
  readonly model: string
  /** Row of the operations table, as `chat/completions`. */
  readonly operation: string
  readonly requestBody: readonly Uint8Array[]
  readonly responseBody: readonly Uint8Array[]
  readonly stream: boolean
}

/** Null is what cannot be counted: no body, no text in it, or an operation that has none. */
export interface CountedTokens {
  readonly promptTokens: number | null
  readonly completionTokens: number | null
}

export const nothingCounted: CountedTokens = { promptTokens: null, completionTokens: null }

/** A job whose bodies are joined, so that they can be handed to another thread without copying again. */
export interface JoinedTokenJob extends Omit<TokenJob, 'requestBody' | 'responseBody'> {
  readonly requestBody: Uint8Array<ArrayBuffer>
  readonly responseBody: Uint8Array<ArrayBuffer>
}

/** Counts a job, on the thread that calls. What is cut off or malformed is counted as far as it goes. */
export function countJob(job: JoinedTokenJob): CountedTokens {
  const { model, operation, stream } = job
  return {
    promptTokens: orNull(() => {
      const parsed = parseCutJson(new TextDecoder().decode(job.requestBody))
      return countPrompt(model, operation, parsed?.value)
    }),
    completionTokens: orNull(() => countCompletion(model, operation, assemble(operation, stream, job.responseBody))),
  }
}

/** Input of any kind must cost its figure only, never the thread: bodies larger than a string can be end here. */
function orNull(count: () => number | null): number | null {
  try {
    return count()
  } catch {
    return null
  }
}
