import { memberValue, scanObject } from '../../wire/json-scan.ts'
import { usageFrom } from '../../wire/usage.ts'
import { empty, type Learned, nothingLearned, type Observer } from './observer.ts'

/** Answers up to here are parsed whole; of larger ones (embeddings, images) only the members that matter. Bytes. */
const parseWholeMax = 65_536
/** Beyond this an answer is not kept for reading; its usage is then unknown. Bytes. */
const keepMax = 67_108_864

const wanted: ReadonlySet<string> = new Set(['usage', 'model', 'status', 'error'])

/** Reads one JSON document after its end. */
export function observeJson(): Observer {
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
        return learn(bytes <= parseWholeMax ? (JSON.parse(document.toString()) as unknown) : members(document))
      } catch {
        // Broken off, or not JSON whatever its type says: the client has it as it came, and nothing is known.
        return nothingLearned
      }
    },
  }
}

function members(document: Buffer): Record<string, unknown> {
  const scan = scanObject(document, wanted)
  return Object.fromEntries([...scan.members].map(([key, range]) => [key, memberValue(document, range)]))
}

/** From a chat, completions, embeddings or Responses document, or an error document. */
export function learn(document: unknown): Learned {
  if (typeof document !== 'object' || document === null) return nothingLearned
  const { usage, model, choices, status, incomplete_details, error } = document as Record<string, unknown>
  return {
    usage: usageFrom(usage),
    servedModel: text(model),
    finishReason: finishOf(choices) ?? reasonOf(incomplete_details) ?? text(status),
    errorCode: errorCodeOf(error),
    errorInStream: false,
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
