/** Items of the Responses API, in the input of a call and in the output of its answer. */
import { isRecord, type JsonRecord, jsonText, listOf, textOf, textOrNull } from '../json.ts'
import { attachmentOf, type Message, messageOf } from './message.ts'
import { base64Bytes, contentOf, joined } from './parts.ts'

const messagesByType: ReadonlyMap<string, (item: JsonRecord) => readonly Message[]> = new Map([
  ['function_call', item => [called(item, textOf(item.name), textOf(item.arguments))]],
  ['custom_tool_call', item => [called(item, textOf(item.name), textOf(item.input))]],
  ['reasoning', item => [reasoned(item)]],
  ['image_generation_call', item => [drawn(item)]],
  ['mcp_call', answeredCall],
])

/** The messages of an item. An item of a kind that is not known here is a call of a tool with the item's members. */
export function messagesOfItem(item: unknown): readonly Message[] {
  if (typeof item === 'string') return [messageOf('user', { text: item })]
  if (!isRecord(item)) return []
  const type = textOf(item.type)
  const known = messagesByType.get(type)
  if (known !== undefined) return known(item)
  if (type === 'message' || (type === '' && 'role' in item)) return [spoken(item)]
  if (type.endsWith('_output')) return [resultOf(item)]
  const { id: _, type: __, status: ___, ...members } = item
  return [called(item, type === '' ? 'item' : type, jsonText(members))]
}

function spoken(item: JsonRecord): Message {
  return messageOf(textOrNull(item.role) ?? 'user', contentOf(item.content))
}

function called(item: JsonRecord, name: string, args: string): Message {
  const id = textOrNull(item.call_id) ?? textOrNull(item.id)
  return messageOf('assistant', { toolCalls: [{ id, name, arguments: args }] })
}

function reasoned({ content, summary }: JsonRecord): Message {
  const reasoning = joined(
    [...listOf(content), ...listOf(summary)].map(part => (isRecord(part) ? textOf(part.text) : '')),
  )
  return messageOf('assistant', { reasoning })
}

function drawn({ result, revised_prompt: prompt, output_format: format }: JsonRecord): Message {
  const mediaType = textOrNull(format) && `image/${textOf(format)}`
  const image = attachmentOf('image', { mediaType, bytes: result ? base64Bytes(textOf(result)) : null })
  return messageOf('assistant', { text: textOf(prompt), attachments: [image] })
}

/** A call whose item also has its result. */
function answeredCall(item: JsonRecord): readonly Message[] {
  const server = textOrNull(item.server_label)
  const name = joined([server === null ? textOf(item.name) : `${server}.${textOf(item.name)}`])
  const result =
    textOrNull(item.output) ?? (item.error === null || item.error === undefined ? null : jsonText(item.error))
  const asked = called(item, name, textOf(item.arguments))
  return result === null ? [asked] : [asked, messageOf('tool', { text: result, toolCallId: textOrNull(item.id) })]
}

function resultOf({ call_id: callId, output }: JsonRecord): Message {
  const isRead = typeof output === 'string' || Array.isArray(output)
  const content = isRead ? contentOf(output) : { text: output === undefined ? '' : jsonText(output) }
  return messageOf('tool', { ...content, toolCallId: textOrNull(callId) })
}
