import { isRecord, type JsonRecord, jsonText, listOf, textOf } from '../wire/json.ts'
import { countText } from './encodings.ts'
import { imageTokens } from './images.ts'
import { callsTokens, overheadsOf } from './overheads.ts'
import { toolsTokens } from './tools.ts'

/** Chat formatting as OpenAI documents it (cookbook, "How to count tokens with tiktoken"). */
const perMessage = 3
const perName = 1
/**
 * The Responses API counts definitions of tools in another way. Recorded once (2025-03-01-preview): 4 tokens where chat
 * counts 43, and 10 less than chat when the input has calls.
 */
const responsesTools = 4
const responsesToolsRebate = 10

/**
 * Tokens of a request body that was parsed from JSON. Null for operations that are not counted, and for bodies without
 * anything to count. Content that a body only refers to (`previous_response_id`, file ids, audio) is not in the figure;
 * an image at a URL has an assumed size.
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
  const messages = body.messages.reduce<number>(
    (sum, message) => sum + messageTokens(model, message),
    overheadsOf(model).priming,
  )
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
    pastCallsTokens(model, calls.filter(isRecord))
  )
}

/** Calls that one earlier answer made. */
function pastCallsTokens(model: string, calls: readonly JsonRecord[]): number {
  const { perPastCall } = overheadsOf(model)
  return calls.reduce((sum, call) => {
    return sum + perPastCall + countText(model, textOf(call.name)) + countText(model, textOf(call.arguments))
  }, callsTokens(calls.length))
}

/**
 * A text, or parts: text under each of its names (`text`, `input_text`, `output_text`, `refusal`), images under both.
 */
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

/** A requested JSON schema is part of the prompt. Its rendering is not published, so its text is counted. */
function formatTokens(model: string, format: unknown): number {
  if (!isRecord(format)) return 0
  const schema = isRecord(format.json_schema) ? format.json_schema.schema : format.schema
  return isRecord(schema) ? countText(model, jsonText(schema)) : 0
}

function responsesTokens(model: string, body: JsonRecord): number | null {
  const { input, instructions } = body
  if (typeof input !== 'string' && !Array.isArray(input) && typeof instructions !== 'string') return null
  const messages = typeof input === 'string' ? [{ role: 'user', content: input }] : listOf(input)
  const items = typeof instructions === 'string' ? [{ role: 'system', content: instructions }, ...messages] : messages
  const format = isRecord(body.text) ? body.text.format : null
  return (
    itemsTokens(model, items, overheadsOf(model).priming) +
    definitionsTokens(model, body.tools, items) +
    formatTokens(model, format)
  )
}

function definitionsTokens(model: string, tools: unknown, items: readonly unknown[]): number {
  const functions = listOf(tools)
    .filter(isRecord)
    .filter(tool => tool.type === 'function')
  if (functions.length === 0) return 0
  const hasCalls = items.some(item => isRecord(item) && item.type === 'function_call')
  return hasCalls ? toolsTokens(model, functions) - responsesToolsRebate : responsesTools
}

/**
 * Items of Responses: messages, calls, and outputs of calls. Adjacent calls come from one answer and are one message.
 */
function itemsTokens(model: string, items: readonly unknown[], first: number): number {
  let sum = first
  let together: JsonRecord[] = []
  for (const item of [...items, null]) {
    if (isRecord(item) && item.type === 'function_call') {
      together.push(item)
      continue
    }
    if (together.length > 0) sum += messageTokens(model, { role: 'assistant' }) + pastCallsTokens(model, together)
    together = []
    if (!isRecord(item)) continue
    const isOutput = item.type === 'function_call_output'
    sum += messageTokens(model, isOutput ? { role: 'tool', content: item.output } : item)
  }
  return sum
}
