/**
 * Synchronous counting, without I/O: for worker threads and tests. Long prompts take tens of milliseconds; the data plane goes
 * through `index.ts`, which uses a worker.
 */
import type { Assembled } from '../wire/assemble.ts'
import { countText } from './encodings.ts'

export { countText, encodingName, type TokenPiece, tokenPieces } from './encodings.ts'
export { type ImageHeader, imageHeader } from './imageHeader.ts'
export { imageTokens } from './images.ts'
export { countPrompt } from './prompt.ts'

/**
 * Tokens of what a response says: text, refusals, names and arguments of tool calls, over all choices. What was thought and not shown
 * is not in the figure. Null for operations that say nothing (embeddings, images, ...) and where no choice came.
 */
export function countCompletion(model: string, operation: string, assembled: Assembled): number | null {
  const speaks = operation === 'chat/completions' || operation === 'completions' || operation === 'responses'
  if (!speaks || assembled.choices.length === 0) return null
  return assembled.choices.reduce((sum, choice) => {
    const calls = choice.toolCalls.reduce((inCalls, call) => {
      return inCalls + countText(model, call.name) + countText(model, call.arguments)
    }, 0)
    return sum + countText(model, choice.text) + countText(model, choice.refusal ?? '') + calls
  }, 0)
}
