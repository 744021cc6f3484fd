import { assemble } from '../wire/assemble.ts'
import { parseCutJson } from '../wire/cut-json.ts'
import { countCompletion, countPrompt } from './count.ts'

/** Bodies to count, as the bytes that passed. */
export interface TokenJob {
  /** The deployment's model, or the one that the answer names. It decides the tokenizer. */
  readonly model: string
  /** Row of the operations table, as `chat/completions`. */
  readonly operation: string
  readonly requestBody: readonly Uint8Array[]
  readonly responseBody: readonly Uint8Array[]
  readonly stream: boolean
}

/** A figure is null where it cannot be counted: no body, no text in the body, or an operation without tokens. */
export interface CountedTokens {
  readonly promptTokens: number | null
  readonly completionTokens: number | null
}

export const nothingCounted: CountedTokens = { promptTokens: null, completionTokens: null }

/** A job with joined bodies, so that they can be transferred to another thread without another copy. */
export interface JoinedTokenJob extends Omit<TokenJob, 'requestBody' | 'responseBody'> {
  readonly requestBody: Uint8Array<ArrayBuffer>
  readonly responseBody: Uint8Array<ArrayBuffer>
}

/** Counts a job on the calling thread. A body that is cut off or malformed is counted as far as it can be read. */
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

/**
 * Any input may make its own figure null, but must not end the thread. Bodies larger than the longest string throw
 * here.
 */
function orNull(count: () => number | null): number | null {
  try {
    return count()
  } catch {
    return null
  }
}
