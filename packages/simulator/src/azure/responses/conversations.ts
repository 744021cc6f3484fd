/** Conversations: items that Responses read and add to. */
import { isRecord, type JsonRecord, listOf } from '../../json.ts'
import { type Call, jsonInput, meaningOf } from '../call.ts'
import { invalidRequest, noSuchObject } from '../errors.ts'
import { sendJson } from '../http/answer.ts'
import { page, type Store, type StoredConversation } from '../objects/store.ts'
import type { Draw } from '../seed.ts'

/** Maximum of items in one call. */
const itemsMax = 20

export async function createConversation(call: Call): Promise<void> {
  const input = call.input === null ? {} : jsonInput(call)
  const draw = call.service.drawFor('conversation', meaningOf(input))
  const conversation: StoredConversation = {
    id: draw.hexId('conv_', 48),
    createdAtSeconds: call.service.createdAtSeconds(draw),
    metadata: isRecord(input.metadata) ? input.metadata : {},
    items: itemsOf(draw, input.items),
    runs: [],
  }
  call.service.store.items.hold(conversation.items)
  call.service.store.conversations.put(conversation.id, conversation)
  return sendJson(call, describe(conversation))
}

export async function getConversation(call: Call): Promise<void> {
  return sendJson(call, describe(conversationOf(call)))
}

export async function updateConversation(call: Call): Promise<void> {
  const conversation = conversationOf(call)
  const { metadata } = jsonInput(call)
  if (!isRecord(metadata)) {
    throw invalidRequest("Missing required parameter: 'metadata'.", 'metadata', 'missing_required_parameter')
  }
  conversation.metadata = metadata
  return sendJson(call, describe(conversation))
}

export async function deleteConversation(call: Call): Promise<void> {
  const { id } = conversationOf(call)
  call.service.store.conversations.delete(id)
  return sendJson(call, { id, object: 'conversation.deleted', deleted: true })
}

export async function listConversationItems(call: Call): Promise<void> {
  const items = conversationItems(call.service.store, conversationOf(call))
  const ordered = call.route.query.get('order') === 'asc' ? items : items.toReversed()
  return sendJson(call, page(ordered, call.route.query))
}

export async function addConversationItems(call: Call): Promise<void> {
  const conversation = conversationOf(call)
  const input = jsonInput(call)
  const draw = call.service.drawFor('items', conversation.id, String(conversation.items.length), meaningOf(input))
  const items = itemsOf(draw, input.items)
  conversation.items.push(...items)
  call.service.store.items.hold(items)
  return sendJson(call, page(items, new URLSearchParams()))
}

export async function getConversationItem(call: Call): Promise<void> {
  const item = conversationItems(call.service.store, conversationOf(call)).find(each => each.id === call.route.secondId)
  if (!item) throw noSuchObject(`No item found with id '${call.route.secondId}'.`, 'item_id')
  return sendJson(call, item)
}

export async function deleteConversationItem(call: Call): Promise<void> {
  const conversation = conversationOf(call)
  const at = conversationItems(call.service.store, conversation).findIndex(each => each.id === call.route.secondId)
  if (at < 0) throw noSuchObject(`No item found with id '${call.route.secondId}'.`, 'item_id')
  call.service.store.items.release(conversation.items.splice(at, 1))
  return sendJson(call, describe(conversation))
}

/**
 * The conversation's items now, oldest first: responses add theirs when they are over. Reading it counts as a read of
 * the responses in the background that have no clock.
 */
export function conversationItems(store: Store, { items, runs }: StoredConversation): readonly JsonRecord[] {
  const open = runs.filter(run => {
    if (run.ask.background) run.look()
    const { outputItems } = run
    items.push(...outputItems)
    store.items.hold(outputItems)
    return run.stage === 'in_progress'
  })
  runs.splice(0, runs.length, ...open)
  return items
}

function itemsOf(draw: Draw, value: unknown): JsonRecord[] {
  const items = listOf(value ?? [])
  if (items.length > itemsMax) throw invalidRequest(`At most ${itemsMax} items can be added at a time.`, 'items', null)
  return items.filter(isRecord).map((item, at) => ({
    type: 'message',
    status: 'completed',
    ...item,
    id: draw.hexId('msg_', 48, `item ${at}`),
    content: typeof item.content === 'string' ? [{ type: 'input_text', text: item.content }] : listOf(item.content),
  }))
}

function describe({ id, createdAtSeconds, metadata }: StoredConversation): JsonRecord {
  return { id, object: 'conversation', created_at: createdAtSeconds, metadata }
}

function conversationOf(call: Call): StoredConversation {
  const conversation = call.service.store.conversations.get(call.route.id ?? '')
  if (conversation) return conversation
  throw noSuchObject(`Conversation with id '${call.route.id}' not found.`, null)
}
