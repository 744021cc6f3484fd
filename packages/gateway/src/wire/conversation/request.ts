/** What a request says, by operation. */
import { parseCutJson } from '../cut-json.ts'
import { isRecord, type JsonRecord, listOf, textOf, textOrNull } from '../json.ts'
import { formMessage } from './form.ts'
import { messagesOfItem } from './items.ts'
import { type Message, messageOf, type ToolCall } from './message.ts'
import { contentOf } from './parts.ts'
import { documentMessage, isForm } from './plain.ts'

export interface Asked {
  readonly messages: readonly Message[]
  readonly tools: readonly string[]
  readonly continues: readonly string[]
}

const nothing: Asked = { messages: [], tools: [], continues: [] }

const readers: ReadonlyMap<string, (body: JsonRecord) => readonly Message[]> = new Map([
  ['chat/completions', body => listOf(body.messages).flatMap(chatMessage)],
  ['completions', body => inputs(body.prompt)],
  ['embeddings', body => inputs(body.input)],
  ['responses', responsesInput],
  ['responses/compact', responsesInput],
  ['responses/input_tokens', responsesInput],
  ['images/generations', body => [messageOf('user', { text: textOf(body.prompt) })]],
  ['audio/speech', speechInput],
])

/** @param bytes null where there are none. */
export function askedOf(operation: string, contentType: string | null, bytes: Buffer | null): Asked {
  if (bytes === null || bytes.byteLength === 0) return nothing
  if (isForm(contentType)) return { ...nothing, messages: [formMessage(contentType, bytes)] }
  const reader = readers.get(operation)
  const body = reader === undefined ? null : parseCutJson(bytes.toString('utf8'))?.value
  if (reader === undefined || !isRecord(body)) {
    return { ...nothing, messages: [documentMessage('request', contentType, bytes)] }
  }
  return { messages: reader(body), tools: toolNames(body), continues: continued(body) }
}

function chatMessage(message: unknown): readonly Message[] {
  if (!isRecord(message)) return []
  const {
    name,
    tool_calls: calls,
    tool_call_id: toolCallId,
    function_call: call,
    reasoning_content: reasoning,
  } = message
  const content = contentOf(message.content)
  return [
    messageOf(textOrNull(message.role) ?? 'user', {
      ...content,
      refusal: content.refusal || textOrNull(message.refusal),
      name: textOrNull(name),
      reasoning: textOrNull(reasoning),
      toolCalls: [...listOf(calls), ...(isRecord(call) ? [{ function: call }] : [])].flatMap(toolCall),
      toolCallId: textOrNull(toolCallId),
    }),
  ]
}

function toolCall(call: unknown): readonly ToolCall[] {
  if (!isRecord(call)) return []
  const id = textOrNull(call.id)
  if (isRecord(call.custom)) return [{ id, name: textOf(call.custom.name), arguments: textOf(call.custom.input) }]
  if (!isRecord(call.function)) return []
  return [{ id, name: textOf(call.function.name), arguments: textOf(call.function.arguments) }]
}

function responsesInput({ instructions, input }: JsonRecord): readonly Message[] {
  const said = textOrNull(instructions)
  const system = said === null ? [] : [messageOf('system', { text: said })]
  const items = typeof input === 'string' ? [input] : listOf(input)
  return [...system, ...items.flatMap(messagesOfItem)]
}

function speechInput({ instructions, input }: JsonRecord): readonly Message[] {
  const said = textOrNull(instructions)
  return [...(said === null ? [] : [messageOf('system', { text: said })]), messageOf('user', { text: textOf(input) })]
}

/** A text, a list of texts, numbers of tokens, or a list of lists of them. */
function inputs(input: unknown): readonly Message[] {
  if (typeof input === 'string') return [messageOf('user', { text: input })]
  const list = listOf(input)
  if (list.length > 0 && list.every(entry => typeof entry === 'number')) return [tokens(list)]
  return list.map(entry => (typeof entry === 'string' ? messageOf('user', { text: entry }) : tokens(listOf(entry))))
}

/** Text that the client had made into numbers: it cannot be read without the tokenizer of the model. */
function tokens(numbers: readonly unknown[]): Message {
  return messageOf('user', { text: `[${numbers.length} tokens as numbers]` })
}

function toolNames({ tools, functions }: JsonRecord): readonly string[] {
  return [...listOf(tools), ...listOf(functions)].flatMap(tool => {
    if (!isRecord(tool)) return []
    const inner = isRecord(tool.function) ? tool.function : isRecord(tool.custom) ? tool.custom : tool
    const name = textOrNull(inner.name) ?? textOrNull(tool.server_label) ?? textOrNull(tool.type)
    return name === null ? [] : [name]
  })
}

function continued({ previous_response_id: previous, conversation }: JsonRecord): readonly string[] {
  const id = isRecord(conversation) ? conversation.id : conversation
  return [textOrNull(previous), textOrNull(id)].filter(one => one !== null)
}
