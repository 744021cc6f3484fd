/** Chat completions that are stored because their call had `store: true`. */
import { isRecord, type JsonRecord, listOf } from '../../json.ts'
import { type Call, jsonInput } from '../call.ts'
import { invalidRequest, noSuchObject } from '../errors.ts'
import { sendJson } from '../http/answer.ts'
import { page, type StoredChat } from '../objects/store.ts'
import type { Service } from '../service.ts'

/** Keeps the answer to a call. */
export function keepChat(service: Service, input: JsonRecord, document: JsonRecord): void {
  const id = String(document.id)
  const messages = listOf(input.messages)
    .filter(isRecord)
    .map((message, at) => ({ ...message, id: `${id}-${at}` }))
  const { content_filter_results: _, prompt_filter_results: __, ...object } = document
  service.store.chats.put(id, { object: { ...object, id, metadata: input.metadata ?? {} }, messages })
}

export async function listChats(call: Call): Promise<void> {
  const model = call.route.query.get('model')
  const chats = call.service.store.chats.newest().map(each => each.object)
  const wanted = model === null ? chats : chats.filter(each => each.model === model)
  return sendJson(call, page(wanted, call.route.query))
}

export async function getChat(call: Call): Promise<void> {
  return sendJson(call, chatOf(call).object)
}

export async function updateChat(call: Call): Promise<void> {
  const chat = chatOf(call)
  const { metadata } = jsonInput(call)
  if (!isRecord(metadata)) {
    throw invalidRequest("Missing required parameter: 'metadata'.", 'metadata', 'missing_required_parameter')
  }
  chat.object = { ...chat.object, metadata }
  return sendJson(call, chat.object)
}

export async function deleteChat(call: Call): Promise<void> {
  const { id } = chatOf(call).object
  call.service.store.chats.delete(id)
  return sendJson(call, { object: 'chat.completion.deleted', id, deleted: true })
}

export async function listChatMessages(call: Call): Promise<void> {
  return sendJson(call, page(chatOf(call).messages, call.route.query))
}

function chatOf(call: Call): StoredChat {
  const chat = call.service.store.chats.get(call.route.id ?? '')
  if (chat) return chat
  throw noSuchObject(`Chat completion with id '${call.route.id}' not found.`, 'completion_id')
}
