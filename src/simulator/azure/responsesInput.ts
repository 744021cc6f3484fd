/** Reading of calls to the Responses API. */
import { isRecord, type JsonRecord, listOf, textOf, textOrNull } from '../../wire/json.ts'
import type { Turn } from './answers/index.ts'
import type { Work } from './call.ts'
import { checkNumber, contentText, imagesOf, integerIn } from './chatInput.ts'
import { invalidRequest, noSuchObject } from './errors.ts'
import type { Question } from './speak.ts'
import type { StoredConversation, StoredResponse } from './store.ts'

export interface ResponsesAsk {
  readonly stream: boolean
  readonly store: boolean
  readonly background: boolean
  /** The call's own input as items, each with an id. */
  readonly items: readonly JsonRecord[]
  /** What came before in the conversation, then `items`. */
  readonly context: readonly JsonRecord[]
  /** Gets the items of this call and its answer. */
  readonly conversation: StoredConversation | null
  readonly question: Question
}

export function responsesAsk(work: Work, input: JsonRecord): ResponsesAsk {
  checkNumber(input, 'temperature', 0, 2)
  checkNumber(input, 'top_p', 0, 1)
  const previous = previousOf(work, input.previous_response_id)
  const conversation = conversationOf(work, input)
  const items = itemsOf(work, input.input)
  const before = previous ? [...previous.inputItems, ...previous.outputItems] : (conversation?.items ?? [])
  const context = [...before, ...items]
  requireKnown(work, input.tools)
  const system = typeof input.instructions === 'string' ? [{ role: 'system', text: input.instructions }] : []
  return {
    stream: input.stream === true,
    store: input.store !== false,
    background: input.background === true,
    items,
    context,
    conversation,
    question: {
      turns: [...system, ...context.flatMap(turnOf)],
      tools: listOf(input.tools).filter(isRecord).flatMap(asChatTool),
      toolChoice: choiceOf(input.tool_choice),
      parallelTools: input.parallel_tool_calls !== false,
      json: jsonForm(input.text),
      stop: [],
      tokensMax: integerIn(input, 'max_output_tokens', 16, work.deployment.facts.contextTokensMax),
      effort: isRecord(input.reasoning) ? textOrNull(input.reasoning.effort) : null,
      choices: 1,
      seed: null,
    },
  }
}

function previousOf(work: Work, id: unknown): StoredResponse | null {
  if (id === undefined || id === null) return null
  const previous = typeof id === 'string' ? work.service.store.responses.get(id) : null
  if (previous) return previous
  const message = `Previous response with id '${String(id)}' not found.`
  throw invalidRequest(message, 'previous_response_id', 'previous_response_not_found')
}

function conversationOf(work: Work, { conversation, previous_response_id }: JsonRecord): StoredConversation | null {
  if (conversation === undefined || conversation === null) return null
  if (typeof previous_response_id === 'string') {
    throw invalidRequest("Only one of 'previous_response_id' and 'conversation' may be given.", 'conversation', null)
  }
  const id = isRecord(conversation) ? textOf(conversation.id) : textOf(conversation)
  const found = work.service.store.conversations.get(id)
  if (found) return found
  throw noSuchObject(`Conversation with id '${id}' not found.`, 'conversation')
}

/** Files and vector stores that tools name. */
function requireKnown(work: Work, tools: unknown): void {
  const { files, vectorStores } = work.service.store
  for (const tool of listOf(tools).filter(isRecord)) {
    const stores = listOf(tool.vector_store_ids).map(textOf)
    const inside = isRecord(tool.container) ? listOf(tool.container.file_ids).map(textOf) : []
    const missing = stores.find(id => vectorStores.get(id) === null) ?? inside.find(id => files.get(id) === null)
    if (missing !== undefined) throw noSuchObject(`'${missing}' was not found.`, 'tools')
  }
}

/** An item of an earlier answer, wherever it is kept on this resource. */
function keptItem(work: Work, id: string): JsonRecord {
  const { responses, conversations } = work.service.store
  const kept = [
    ...responses.newest().flatMap(each => [...each.outputItems, ...each.inputItems]),
    ...conversations.newest().flatMap(each => each.items),
  ]
  const item = kept.find(each => each.id === id)
  if (item) return item
  throw noSuchObject(`Item with id '${id}' not found.`, 'input')
}

function requireFiles(work: Work, content: readonly unknown[]): void {
  for (const part of content.filter(isRecord)) {
    const id = textOrNull(part.file_id)
    if (id !== null && work.service.store.files.get(id) === null) {
      throw noSuchObject(`No such File object: ${id}`, 'input')
    }
  }
}

/** A text or a list of items; plain messages get the form in which they are kept. */
function itemsOf(work: Work, input: unknown): JsonRecord[] {
  if (input === undefined || input === null) {
    throw invalidRequest("Missing required parameter: 'input'.", 'input', 'missing_required_parameter')
  }
  if (typeof input === 'string') return [message(work, { role: 'user', content: input }, 0)]
  if (!Array.isArray(input) || !input.every(isRecord)) {
    throw invalidRequest("Invalid type for 'input': expected a string or an array of objects.", 'input', 'invalid_type')
  }
  return input.map((item, at) => {
    const isReference = item.type === 'item_reference' || (item.type === undefined && item.role === undefined)
    if (isReference) return keptItem(work, textOf(item.id))
    if (item.type === undefined || item.type === 'message') return message(work, item, at)
    return { id: work.draw.hexId(item.type === 'function_call' ? 'fc_' : 'item_', 48, `input ${at}`), ...item }
  })
}

function message(work: Work, item: JsonRecord, at: number): JsonRecord {
  const role = textOf(item.role)
  if (!['user', 'assistant', 'system', 'developer'].includes(role)) {
    throw invalidRequest(
      `Invalid value: ${JSON.stringify(item.role) ?? 'none'} for a role.`,
      `input[${at}].role`,
      'invalid_value',
    )
  }
  const type = role === 'assistant' ? 'output_text' : 'input_text'
  const content = typeof item.content === 'string' ? [{ type, text: item.content }] : listOf(item.content)
  requireFiles(work, content)
  return {
    id: work.draw.hexId('msg_', 48, `input ${at}`),
    status: 'completed',
    ...item,
    type: 'message',
    role,
    content,
  }
}

function turnOf(item: JsonRecord): Turn[] {
  if (item.type === 'message') {
    return [{ role: textOf(item.role), text: contentText(item.content), images: imagesOf(item.content) }]
  }
  if (item.type === 'function_call_output') return [{ role: 'tool', text: contentText(item.output) }]
  return []
}

function asChatTool(tool: JsonRecord): JsonRecord[] {
  if (tool.type !== 'function') return []
  const { name, description, parameters } = tool
  if (textOf(name) !== '') return [{ type: 'function', function: { name, description, parameters } }]
  throw invalidRequest("Missing required parameter: 'tools[].name'.", 'tools', 'missing_required_parameter')
}

function choiceOf(choice: unknown): unknown {
  if (isRecord(choice) && choice.type === 'function') return { type: 'function', function: { name: choice.name } }
  return choice ?? 'auto'
}

function jsonForm(text: unknown): { readonly schema: unknown } | null {
  const format = isRecord(text) ? text.format : null
  if (!isRecord(format)) return null
  if (format.type === 'json_schema') return { schema: format.schema ?? null }
  return format.type === 'json_object' ? { schema: null } : null
}
