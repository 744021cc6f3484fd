/** Reads what a document says about the call: the document of an answer, or of one of its events. */
import { isRecord } from '../../wire/json.ts'
import { usageFrom } from '../../wire/usage.ts'
import { type Learned, nothingLearned } from './observer.ts'

/** Members of interest in a document or an event, and in a response inside it. The last two lines hold ids. */
export const wantedMembers: ReadonlySet<string> = new Set([
  ...['usage', 'model', 'status', 'error', 'incomplete_details', 'service_tier', 'choices', 'type', 'code'],
  ...['background', 'id', 'store', 'output', 'output_file_id', 'error_file_id'],
  ...['file', 'item', 'part', 'annotation', 'encrypted_content'],
])

/** Also for answers that hold only ids: lists of items. */
export const wantedOfCreated: ReadonlySet<string> = new Set([...wantedMembers, 'data'])

/** @param document of chat, completions, embeddings or Responses, or an error. */
export function learn(document: unknown, objectId: string | null = null): Learned {
  if (!isRecord(document)) return nothingLearned
  const { usage, model, choices, status, incomplete_details, error, service_tier } = document
  return {
    usage: usageFrom(usage),
    usageSoFar: false,
    servedModel: text(model),
    serviceTier: text(service_tier),
    finishReason: finishOf(choices) ?? reasonOf(incomplete_details) ?? text(status),
    isFinished: true,
    errorCode: errorCodeOf(error),
    errorInStream: false,
    objectId,
    isBackground: false,
  }
}

export function errorCodeOf(error: unknown): string | null {
  if (typeof error !== 'object' || error === null) return null
  const { code, type } = error as Record<string, unknown>
  if (typeof code === 'number') return String(code)
  return text(code) ?? text(type) ?? 'unknown'
}

function finishOf(choices: unknown): string | null {
  const [first] = Array.isArray(choices) ? (choices as unknown[]) : []
  return typeof first === 'object' && first !== null ? text((first as Record<string, unknown>)['finish_reason']) : null
}

function reasonOf(details: unknown): string | null {
  return typeof details === 'object' && details !== null ? text((details as Record<string, unknown>)['reason']) : null
}

function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value.slice(0, 256) : null
}
