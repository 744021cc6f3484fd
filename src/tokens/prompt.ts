import { isRecord, type JsonRecord, jsonText, listOf, textOf } from '../wire/json.ts'
import { countText } from './encodings.ts'
import { imageTokens } from './images.ts'
import { toolsTokens } from './tools.ts'

/** Chat formatting as OpenAI documents it (cookbook, "How to count tokens with tiktoken"). */
const perMessage = 3
const perName = 1
const priming = 3
/** A call in an assistant's message: the wrapping of its name and arguments, as measured there. */
const perToolCall = 3

/**
 * Tokens of a request body that was parsed from JSON. Null for operations that are not counted, and for bodies without anything to count.
 * What a body only refers to (`previous_response_id`, file ids, audio, images behind a URL beyond an assumed size) is not in the figure.
 */
export function countPrompt(model: string, operation: string, requestBody: unknown): number | null {
  if (!isRecord(requestBody)) return null
  switch (operation) {
    case 'chat/completions':
      return chatTokens(model, requestBody)
    case 'responses':
      return responsesTokens(model, requestBody)
    case 'completions':
      return plainTokens(model, requestBody.prompt)
    case 'embeddings':
      return plainTokens(model, requestBody.input)
    default:
      return null
  }
}

/** Text, token numbers, or a list of either. */
function plainTokens(model: string, input: unknown): number | null {
  if (typeof input === 'string') return countText(model, input)
  if (!Array.isArray(input)) return null
  return input.reduce<number>((sum, item) => {
    if (typeof item === 'string') return sum + countText(model, item)
    if (typeof item === 'number') return sum + 1
    return sum + listOf(item).length
  }, 0)
}

function chatTokens(model: string, body: JsonRecord): number | null {
  if (!Array.isArray(body.messages)) return null
  const messages = body.messages.reduce<number>((sum, message) => sum + messageTokens(model, message), priming)
  const functions = [
    ...listOf(body.tools).map(tool => (isRecord(tool) ? tool.function : null)),
    ...listOf(body.functions),
  ]
  return messages + toolsTokens(model, functions.filter(isRecord)) + formatTokens(model, body.response_format)
}

function messageTokens(model: string, message: unknown): number {
  if (!isRecord(message)) return 0
  const name = textOf(message.name)
  const calls = [
    ...listOf(message.tool_calls).map(call => (isRecord(call) ? call.function : null)),
    message.function_call,
  ]
  return (
    perMessage +
    countText(model, textOf(message.role)) +
    (name === '' ? 0 : perName + countText(model, name)) +
    contentTokens(model, message.content) +
    countText(model, textOf(message.refusal)) +
    calls.filter(isRecord).reduce((sum, call) => sum + callTokens(model, call), 0)
  )
}

function callTokens(model: string, call: JsonRecord): number {
  return perToolCall + countText(model, textOf(call.name)) + countText(model, textOf(call.arguments))
}

/** A text, or parts: text in every naming (`text`, `input_text`, `output_text`, `refusal`), images in both. */
function contentTokens(model: string, content: unknown): number {
  if (typeof content === 'string') return countText(model, content)
  return listOf(content).reduce<number>((sum, part) => sum + partTokens(model, part), 0)
}

function partTokens(model: string, part: unknown): number {
  if (typeof part === 'string') return countText(model, part)
  if (!isRecord(part)) return 0
  if (part.type !== 'image_url' && part.type !== 'input_image') {
    return countText(model, textOf(part.text)) + countText(model, textOf(part.refusal))
  }
  const image = isRecord(part.image_url) ? part.image_url : part
  const url = isRecord(part.image_url) ? textOf(part.image_url.url) : textOf(part.image_url)
  return imageTokens(model, url, textOf(image.detail))
}

/** A JSON schema asked for is part of the prompt; its rendering is not published, so its text is counted. */
function formatTokens(model: string, format: unknown): number {
  if (!isRecord(format)) return 0
  const schema = isRecord(format.json_schema) ? format.json_schema.schema : format.schema
  return isRecord(schema) ? countText(model, jsonText(schema)) : 0
}

function responsesTokens(model: string, body: JsonRecord): number | null {
  const { input, instructions } = body
  if (typeof input !== 'string' && !Array.isArray(input) && typeof instructions !== 'string') return null
  const asked = typeof input === 'string' ? [{ role: 'user', content: input }] : listOf(input)
  const spoken = typeof instructions === 'string' ? [{ role: 'system', content: instructions }, ...asked] : asked
  const functions = listOf(body.tools).filter(isRecord)
  const format = isRecord(body.text) ? body.text.format : null
  return (
    spoken.reduce<number>((sum, item) => sum + itemTokens(model, item), priming) +
    toolsTokens(
      model,
      functions.filter(tool => tool.type === 'function'),
    ) +
    formatTokens(model, format)
  )
}

/** Items of Responses: messages, calls, and the outputs of calls. */
function itemTokens(model: string, item: unknown): number {
  if (!isRecord(item)) return 0
  if (item.type === 'function_call') return perMessage + callTokens(model, item)
  if (item.type === 'function_call_output') return perMessage + contentTokens(model, item.output)
  return messageTokens(model, item)
}
