/**
 * Synchronous counting, without I/O, for worker threads and tests. Long prompts take tens of milliseconds, so the data
 * plane uses `index.ts`, which counts in a worker.
 */
import type { Assembled, AssembledChoice } from '../wire/assembled.ts'
import { countText } from './encodings.ts'
import { callsTokens, overheadsOf } from './overheads.ts'

export { countText, encodingName, type TokenPiece, tokenPieces } from './encodings.ts'
export { type ImageHeader, imageHeader } from './image-header.ts'
export { imageTokens } from './images.ts'
export { countPrompt } from './prompt.ts'

/**
 * Tokens of a response: text, refusals, names and arguments of tool calls and visible reasoning of all choices, with
 * the tokens that the service adds. Hidden reasoning is not in the figure. Null for operations without text in the
 * answer (embeddings, images, ...) and without a choice.
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

/** False for a text that was cut, by a limit or by a client that left: its end was not produced. */
function isEnded(finishReason: string | null): boolean {
  return finishReason !== null && !cutReasons.has(finishReason)
}

const cutReasons: ReadonlySet<string> = new Set(['length', 'max_output_tokens', 'in_progress', 'incomplete'])
