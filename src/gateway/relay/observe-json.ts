import { isRecord } from '../../wire/json.ts'
import { memberValue, scanObject } from '../../wire/json-scan.ts'
import { usageFrom } from '../../wire/usage.ts'
import type { Births } from './births.ts'
import { empty, type Learned, nothingLearned, type Observer } from './observer.ts'

/** Beyond this an answer is not kept for reading; its usage is then unknown. Bytes. */
const keepMax = 67_108_864

/** Answers up to here are parsed whole; of larger ones the members that matter are picked out. Bytes. */
const parseWholeMax = 8_192

const wanted: ReadonlySet<string> = new Set(['usage', 'model', 'status', 'error', 'incomplete_details'])
/** Also what tells ids: for calls that create something. */
const wantedOfCreated: ReadonlySet<string> = new Set([
  ...wanted,
  'id',
  'store',
  'output',
  'output_file_id',
  'error_file_id',
])
const finishWord = Buffer.from('"finish_reason"')

/** Reads one JSON document after its end. @param births null for calls that create nothing, and for answers that are errors. */
export function observeJson(births: Births | null = null): Observer {
  const chunks: Buffer[] = []
  let bytes = 0
  return {
    pass(chunk) {
      bytes += chunk.length
      if (bytes <= keepMax) chunks.push(chunk)
      return chunk
    },
    rest: () => empty,
    learned() {
      if (bytes === 0 || bytes > keepMax) return nothingLearned
      const document = chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)
      try {
        const small = bytes <= parseWholeMax
        const read = small ? (JSON.parse(document.toString()) as unknown) : members(document, births !== null)
        if (births !== null && isRecord(read)) births.seen(read)
        const learned = learn(read, births?.objectId)
        if (small) return learned
        return { ...learned, finishReason: finishIn(document) ?? learned.finishReason }
      } catch {
        // Broken off, or not JSON whatever its type says: the client has it as it came, and nothing is known.
        return nothingLearned
      }
    },
  }
}

function members(document: Buffer, withIds: boolean): Record<string, unknown> {
  const scan = scanObject(document, withIds ? wantedOfCreated : wanted)
  return Object.fromEntries([...scan.members].map(([key, range]) => [key, memberValue(document, range)]))
}

/**
 * The first choice's finish reason. Inside of a text the quotes would be escaped, so the word is a member's name where it is
 * found.
 */
function finishIn(document: Buffer): string | null {
  const at = document.indexOf(finishWord)
  if (at === -1) return null
  const value = document.toString('latin1', at + finishWord.length, at + finishWord.length + 64)
  return /^\s*:\s*"([^"\\]+)"/.exec(value)?.[1] ?? null
}

/** From a chat, completions, embeddings or Responses document, or an error document. */
export function learn(document: unknown, objectId: string | null = null): Learned {
  if (typeof document !== 'object' || document === null) return nothingLearned
  const { usage, model, choices, status, incomplete_details, error } = document as Record<string, unknown>
  return {
    usage: usageFrom(usage),
    servedModel: text(model),
    finishReason: finishOf(choices) ?? reasonOf(incomplete_details) ?? text(status),
    errorCode: errorCodeOf(error),
    errorInStream: false,
    objectId,
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
