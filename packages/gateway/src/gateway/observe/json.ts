/** Observes an answer that is one JSON document. */
import { isRecord } from '../../wire/json.ts'
import { Members } from '../../wire/members.ts'
import type { CreatedObjects } from './created-objects.ts'
import { learn, wantedMembers, wantedOfCreated } from './learn.ts'
import { empty, type Learned, nothingLearned, type Observer } from './observer.ts'

/** Answers up to this size are parsed whole; from larger ones only the needed members are read. Bytes. */
const parseWholeMax = 8_192

/**
 * Reads one JSON document of any size; a long one is read as it comes.
 * @param created null for calls that create nothing, and for answers that are errors.
 */
export function observeJson(created: CreatedObjects | null = null): Observer {
  return new JsonObserver(created)
}

class JsonObserver implements Observer {
  readonly #created: CreatedObjects | null
  /** The document, while it is short. */
  #chunks: Buffer[] = []
  #bytes = 0
  /** The reader of the document, once it is long. */
  #members: Members | null = null

  constructor(created: CreatedObjects | null) {
    this.#created = created
  }

  pass(chunk: Buffer): Buffer {
    this.#bytes += chunk.length
    if (this.#members !== null) this.#members.push(chunk, 0, chunk.length)
    else {
      this.#chunks.push(chunk)
      if (this.#bytes > parseWholeMax) this.#pickOut()
    }
    return chunk
  }

  rest(): Buffer {
    return empty
  }

  learned(): Learned {
    if (this.#bytes === 0) return nothingLearned
    const read = this.#read()
    if (read === null) return nothingLearned
    const { document, isWhole } = read
    if (this.#created !== null) this.#created.seen(document)
    const isBackground = this.#created?.isBackground === true
    return { ...learn(document, this.#created?.objectId), isFinished: isWhole, isBackground }
  }

  #pickOut(): Members {
    const members = new Members({
      wanted: this.#created === null ? wantedMembers : wantedOfCreated,
      inner: null,
      removed: null,
    })
    for (const chunk of this.#chunks) members.push(chunk, 0, chunk.length)
    this.#chunks = []
    this.#members = members
    return members
  }

  /**
   * Null where the bytes are no JSON object, whatever their type says. For a document that broke off, the part that
   * came.
   */
  #read(): { readonly document: Readonly<Record<string, unknown>>; readonly isWhole: boolean } | null {
    if (this.#members === null) {
      const document = parsed(this.#chunks)
      if (isRecord(document)) return { document, isWhole: true }
    }
    const members = this.#members ?? this.#pickOut()
    const isWhole = members.ended && !members.broken
    return isWhole || Object.keys(members.found).length > 0 ? { document: members.found, isWhole } : null
  }
}

function parsed(chunks: readonly Buffer[]): unknown {
  try {
    return JSON.parse((chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)).toString()) as unknown
  } catch {
    return null
  }
}
