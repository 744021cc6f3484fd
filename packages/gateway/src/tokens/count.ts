/**
 * Synchronous counting, without I/O: for worker threads and tests. Long prompts take tens of milliseconds; the data plane goes
 * through `index.ts`, which uses a worker.
 */
import type { Assembled, AssembledChoice } from '../wire/assembled.ts'
import { countText } from './encodings.ts'
import { callsTokens, overheadsOf } from './overheads.ts'

export { countText, encodingName, type TokenPiece, tokenPieces } from './encodings.ts'
export { type ImageHeader, imageHeader } from './image-header.ts'
export { imageTokens } from './images.ts'
export { countPrompt } from './prompt.ts'

/**
 * Tokens of what a response says: text, refusals, names and arguments of tool calls, thoughts that were shown, over all choices, with what the
 * service adds to them. What was thought and not shown is not in the figure. Null for operations that say nothing (embeddings, images, ...) and
 * where no choice came.
 */
export function countCompletion(model: string, operation: string, assembled: Assembled): number | null {
  const speaks = operation === 'chat/completions' || operation === 'completions' || operation === 'responses'
  if (!speaks || assembled.choices.length === 0) return null
  return assembled.choices.reduce((sum, choice) => sum + choiceTokens(model, choice), 0)
}

function choiceTokens(model: string, choice: AssembledChoice): number {
  const { opening, closing } = overheadsOf(model)
  const text = countText(model, choice.text) + countText(model, choice.refusal ?? '')
  const thought = countText(model, choice.reasoning ?? '')
  const calls = choice.toolCalls.reduce((sum, call) => {
    return sum + countText(model, call.name) + countText(model, call.arguments)
  }, callsTokens(choice.toolCalls.length))
  return opening + thought + text + calls + (text > 0 && isEnded(choice.finishReason) ? closing : 0)
}

/** False for a text that was cut, by a limit or by somebody who left: its end was not produced. */
function isEnded(finishReason: string | null): boolean {
  return finishReason !== null && !cutReasons.has(finishReason)
}

const cutReasons: ReadonlySet<string> = new Set(['length', 'max_output_tokens', 'in_progress', 'incomplete'])
