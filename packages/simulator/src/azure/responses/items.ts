/**
 * Items of `input`. Only the instance that gave an id knows it: an item that a model made and that comes back with its
 * id is looked up among the kept items, and encrypted content opens only where it was sealed.
 */
import { isRecord, type JsonRecord, listOf, textOf, textOrNull } from '../../json.ts'
import type { Work } from '../call.ts'
import { invalidRequest, noSuchObject } from '../errors.ts'

/** Types that clients make themselves; every other type comes from an answer. */
const clientMade: ReadonlySet<unknown> = new Set([
  // Members with the content of an item.
  'compaction',
  'function_call_output',
  'custom_tool_call_output',
  'computer_call_output',
  'local_shell_call_output',
  'shell_call_output',
  'apply_patch_call_output',
  'mcp_approval_response',
])

/** A text or a list of items. Each gets an id and the form in which it is kept. `store` as in the call. */
export function inputItems(work: Work, input: unknown, store: boolean): JsonRecord[] {
  if (input === undefined || input === null) {
    throw invalidRequest("Missing required parameter: 'input'.", 'input', 'missing_required_parameter')
  }
  if (typeof input === 'string') return [message(work, { role: 'user', content: input }, 0)]
  if (!Array.isArray(input) || !input.every(isRecord)) {
    throw invalidRequest("Invalid type for 'input': expected a string or an array of objects.", 'input', 'invalid_type')
  }
  return input.map((item, at) => inputItem(work, item, at, store))
}

function inputItem(work: Work, item: JsonRecord, at: number, store: boolean): JsonRecord {
  const isReference = item.type === 'item_reference' || (item.type === undefined && item.role === undefined)
  if (isReference) return keptItem(work, textOf(item.id))
  if (item.type === 'mcp_approval_response') keptItem(work, textOf(item.approval_request_id))
  const kept = isFromAnswer(item) ? keptOf(work, item, store) : null
  if (typeof item.encrypted_content === 'string') unseal(work, item.encrypted_content)
  const whole = kept === null ? item : { ...kept, ...item }
  if (whole.type === undefined || whole.type === 'message') return message(work, whole, at)
  return { id: work.draw.hexId(item.type === 'function_call' ? 'fc_' : 'item_', 48, `input ${at}`), ...whole }
}

/** True for items that only a model makes. A message with its content needs no lookup, whatever its role. */
function isFromAnswer(item: JsonRecord): boolean {
  if (item.type === undefined || item.type === 'message') return item.role === 'assistant' && item.content === undefined
  return !clientMade.has(item.type)
}

/**
 * The kept form of an item that comes in full; null when it needs no lookup. A call that will be stored accepts no id
 * that the instance does not know. One that will not may bring items with ids, if they bring their content too.
 */
function keptOf(work: Work, item: JsonRecord, store: boolean): JsonRecord | null {
  const id = textOrNull(item.id)
  if (id === null) return null
  const kept = work.service.store.items.get(id)
  if (kept !== null) return kept
  if (store) throw unknownItem(id)
  const isEmpty = item.type === 'reasoning' && typeof item.encrypted_content !== 'string'
  if (!isEmpty) return null
  const message = `Item with id '${id}' not found. Items are not persisted when \`store\` is set to false. Try again with \`store\` set to true, or remove this item from your input.`
  throw invalidRequest(message, 'input', null)
}

/** An item of an earlier answer, wherever it is kept on this resource. */
function keptItem(work: Work, id: string): JsonRecord {
  const item = work.service.store.items.get(id)
  if (item) return item
  throw unknownItem(id)
}

const unknownItem = (id: string): Error => invalidRequest(`Item with id '${id}' not found.`, 'input', null)

function unseal(work: Work, sealed: string): void {
  if (work.service.seal.open(sealed) !== null) return
  const shown = sealed.length > 12 ? `${sealed.slice(0, 4)}...${sealed.slice(-4)}` : sealed
  const message = `The encrypted content ${shown} could not be verified. Reason: Encrypted content could not be decrypted or parsed.`
  throw invalidRequest(message, null, 'invalid_encrypted_content')
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

function requireFiles(work: Work, content: readonly unknown[]): void {
  for (const part of content.filter(isRecord)) {
    const id = textOrNull(part.file_id)
    if (id !== null && work.service.store.files.get(id) === null) {
      throw noSuchObject(`No such File object: ${id}`, 'input')
    }
  }
}
