/** The cost of a prompt, operation by operation. */
import { isRecord, type JsonRecord, jsonText, listOf, textOf } from '../../json.ts'
import { callsTokens } from './calls.ts'
import { familyOf } from './families.ts'
import { pictureTokens, soundTokens } from './media.ts'
import { countText } from './tokenizer.ts'
import { toolsTokens } from './tools.ts'

/** OpenAI's published chat format: tokens per message, and per name in one. */
const messageTokens = 3
const nameTokens = 1

/**
 * The Responses API counts tools in its own way. Recorded once (2025-03-01-preview): 4 tokens for a tool that costs 43
 * in chat, and 10 less than in chat once the conversation has calls.
 */
const responsesToolsTokens = 4
const responsesCallsRebate = 10

/** Prompt tokens of a body; 0 for operations that have none. Never throws, whatever the body is. */
export function promptTokens(model: string, operation: string, body: JsonRecord): number {
  switch (operation) {
    case 'chat/completions':
      return chatTokens(model, body)
    case 'responses':
      return responsesTokens(model, body)
    case 'completions':
      return plainTokens(model, body.prompt)
    case 'embeddings':
      return plainTokens(model, body.input)
    default:
      return 0
  }
}

/** Tokens of the sounds in a chat's messages; they are part of its prompt tokens. */
export function audioPromptTokens(body: JsonRecord): number {
  const parts = listOf(body.messages).flatMap(message => (isRecord(message) ? listOf(message.content) : []))
  return sum(parts.filter(isRecord).map(soundPart))
}

/** A text, token numbers, or a list of either. */
export function plainTokens(model: string, input: unknown): number {
  if (typeof input === 'string') return countText(model, input)
  if (typeof input === 'number') return 1
  return sum(listOf(input).map(each => plainTokens(model, each)))
}

function chatTokens(model: string, body: JsonRecord): number {
  const tools = listOf(body.tools).map(tool => (isRecord(tool) ? tool.function : null))
  const functions = [...tools, ...listOf(body.functions)].filter(isRecord)
  const messages = listOf(body.messages).filter(isRecord)
  return (
    familyOf(model).primingTokens +
    sum(messages.map(each => chatMessage(model, each))) +
    toolsTokens(model, functions) +
    schemaTokens(model, body.response_format)
  )
}

function chatMessage(model: string, message: JsonRecord): number {
  const called = listOf(message.tool_calls).map(call => (isRecord(call) ? call.function : null))
  const calls = [...called, message.function_call].filter(isRecord)
  return plainMessage(model, message) + pastCalls(model, calls)
}

function plainMessage(model: string, message: JsonRecord): number {
  const name = textOf(message.name)
  return (
    messageTokens +
    countText(model, textOf(message.role)) +
    (name === '' ? 0 : nameTokens + countText(model, name)) +
    contentTokens(model, message.content) +
    countText(model, textOf(message.refusal))
  )
}

/** The calls that one earlier answer made. */
function pastCalls(model: string, calls: readonly JsonRecord[]): number {
  const each = calls.map(call => countText(model, textOf(call.name)) + countText(model, textOf(call.arguments)))
  return sum(each) + callsTokens(calls.length) + calls.length * familyOf(model).pastCallTokens
}

function contentTokens(model: string, content: unknown): number {
  if (typeof content === 'string') return countText(model, content)
  return sum(listOf(content).map(part => (isRecord(part) ? partTokens(model, part) : 0)))
}

function partTokens(model: string, part: JsonRecord): number {
  if (part.type === 'input_audio') return soundPart(part)
  if (part.type === 'image_url' || part.type === 'input_image') {
    const { image_url: image } = part
    const url = isRecord(image) ? textOf(image.url) : textOf(image)
    return pictureTokens(model, url, textOf(isRecord(image) ? image.detail : part.detail))
  }
  return countText(model, textOf(part.text)) + countText(model, textOf(part.refusal))
}

function soundPart(part: JsonRecord): number {
  if (part.type !== 'input_audio' || !isRecord(part.input_audio)) return 0
  return soundTokens(textOf(part.input_audio.data), textOf(part.input_audio.format))
}

/**
 * A schema that the answer must follow is part of the prompt. Its form there is not known, so it is charged as its
 * text.
 */
function schemaTokens(model: string, format: unknown): number {
  if (!isRecord(format)) return 0
  const schema = isRecord(format.json_schema) ? format.json_schema.schema : format.schema
  return isRecord(schema) ? countText(model, jsonText(schema)) : 0
}

function responsesTokens(model: string, body: JsonRecord): number {
  const { input, instructions } = body
  const asked = typeof input === 'string' ? [{ role: 'user', content: input }] : listOf(input).filter(isRecord)
  const system = typeof instructions === 'string' ? [{ role: 'system', content: instructions }] : []
  return (
    familyOf(model).primingTokens +
    itemsTokens(model, [...system, ...asked]) +
    responsesTools(model, body, asked) +
    schemaTokens(model, isRecord(body.text) ? body.text.format : null)
  )
}

/** Calls that follow one another directly were made by one answer. */
function itemsTokens(model: string, items: readonly JsonRecord[]): number {
  let total = 0
  let calls: JsonRecord[] = []
  const closeCalls = (): void => {
    if (calls.length > 0) total += plainMessage(model, { role: 'assistant' }) + pastCalls(model, calls)
    calls = []
  }
  for (const item of items) {
    if (item.type === 'function_call') {
      calls.push(item)
      continue
    }
    closeCalls()
    if (item.type === 'function_call_output') total += plainMessage(model, { role: 'tool', content: item.output })
    else total += plainMessage(model, item)
  }
  closeCalls()
  return total
}

function responsesTools(model: string, body: JsonRecord, items: readonly JsonRecord[]): number {
  const functions = listOf(body.tools)
    .filter(isRecord)
    .filter(tool => tool.type === 'function')
  if (functions.length === 0) return 0
  const hasCalls = items.some(item => item.type === 'function_call')
  return hasCalls ? toolsTokens(model, functions) - responsesCallsRebate : responsesToolsTokens
}

const sum = (figures: readonly number[]): number => figures.reduce((total, figure) => total + figure, 0)
