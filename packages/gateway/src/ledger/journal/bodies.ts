import { codeOf } from '../../errors.ts'
import { type Direction, LedgerError } from '../index.ts'
import { frameKind } from './frame.ts'
import { type JournalPosition, offsetOf, segmentOf } from './position.ts'
import { SegmentScanner } from './scanner.ts'

/** The positions at which the journal holds an exchange's bytes. A position of 0 is none. */
export interface BodyPositions {
  readonly openedAt: JournalPosition
  /** Kind and position of each entry between the first and the last, in turn. */
  readonly parts: readonly number[]
  readonly closedAt: JournalPosition
}

/** The bytes of an exchange. */
export interface JournalBodies {
  readonly request: Buffer[]
  readonly response: Buffer[]
}

/** Enough for a head and ordinary metadata; bodies are read straight into their own memory. */
const windowBytes = 16 * 1024

/** The bodies of an exchange have more bytes than the caller takes. */
export class BodiesTooLongError extends Error {
  constructor(id: string, bytesMax: number) {
    super(`The bodies of ${id} have more than ${bytesMax} bytes.`)
    this.name = 'BodiesTooLongError'
  }
}

/**
 * Reads the bytes of an exchange; null when a segment that held some of them is gone.
 * @param journal directory of the segments.
 * @param id of the exchange, for the message.
 * @param bytesMax most bytes of both bodies together.
 * @throws LedgerError `ledger_corrupt` when bytes are there but not as they were written; BodiesTooLongError.
 */
export function readBodies(
  journal: string,
  positions: BodyPositions,
  id: string,
  bytesMax = Number.POSITIVE_INFINITY,
): JournalBodies | null {
  const reader = new BodyReader(journal)
  try {
    return reader.read(positions, id, bytesMax)
  } finally {
    reader.close()
  }
}

/**
 * Reads one body of an exchange piece by piece, in order: a piece is at most an entry of the journal.
 * @param journal directory of the segments.
 * @param id of the exchange, for the message.
 * @throws LedgerError `ledger_corrupt`; the system's error, with the code ENOENT when a segment is gone.
 */
export function* bodyPieces(
  journal: string,
  { openedAt, parts, closedAt }: BodyPositions,
  id: string,
  direction: Direction,
): Generator<Buffer> {
  const entries = new EntryReader(journal)
  entries.begin(id, Number.POSITIVE_INFINITY)
  const isRequest = direction === 'request'
  const kind = isRequest ? frameKind.requestBytes : frameKind.responseBytes
  try {
    if (openedAt !== 0 && isRequest) yield entries.read(openedAt).body
    for (let index = 0; index < parts.length; index += 2) {
      if (parts[index] === kind) yield entries.read(parts[index + 1] ?? 0).body
    }
    if (closedAt === 0) return
    const { body, requestBytes } = entries.read(closedAt)
    yield isRequest ? body.subarray(0, requestBytes) : body.subarray(requestBytes)
  } finally {
    entries.close()
  }
}

/** Reads the bytes of many exchanges, best those of neighbours one after the other. */
export class BodyReader {
  readonly #entries: EntryReader

  /** @param journal directory of the segments. */
  constructor(journal: string) {
    this.#entries = new EntryReader(journal)
  }

  /** As `readBodies`. */
  read(positions: BodyPositions, id: string, bytesMax = Number.POSITIVE_INFINITY): JournalBodies | null {
    this.#entries.begin(id, bytesMax)
    try {
      return this.#read(positions)
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return null
      throw error
    }
  }

  close(): void {
    this.#entries.close()
  }

  #read({ openedAt, parts, closedAt }: BodyPositions): JournalBodies {
    const request: Buffer[] = []
    const response: Buffer[] = []
    if (openedAt !== 0) request.push(this.#entries.read(openedAt).body)
    for (let index = 0; index < parts.length; index += 2) {
      const { body } = this.#entries.read(parts[index + 1] ?? 0)
      if (parts[index] === frameKind.requestBytes) request.push(body)
      else response.push(body)
    }
    if (closedAt !== 0) {
      const { body, requestBytes } = this.#entries.read(closedAt)
      request.push(body.subarray(0, requestBytes))
      response.push(body.subarray(requestBytes))
    }
    return { request, response }
  }
}

/**
 * Reads entries by their positions. Keeps the last segment open, because the entries of one exchange are usually close
 * together.
 */
class EntryReader {
  readonly #journal: string
  #id = ''
  #bytesMax = Number.POSITIVE_INFINITY
  #bytes = 0
  #scanner: SegmentScanner | null = null

  constructor(journal: string) {
    this.#journal = journal
  }

  /** Goes on with another exchange. */
  begin(id: string, bytesMax: number): void {
    this.#id = id
    this.#bytesMax = bytesMax
    this.#bytes = 0
  }

  read(position: JournalPosition): { readonly body: Buffer; readonly requestBytes: number } {
    const segment = segmentOf(position)
    if (this.#scanner?.segment !== segment) {
      this.close()
      this.#scanner = new SegmentScanner(this.#journal, segment, 0, windowBytes)
    }
    const scanner = this.#scanner
    const isThere = scanner?.seek(offsetOf(position)) === true
    this.#bytes += isThere ? (scanner?.bodyBytes ?? 0) : 0
    if (this.#bytes > this.#bytesMax) throw new BodiesTooLongError(this.#id, this.#bytesMax)
    const body = isThere ? (scanner?.body() ?? null) : null
    if (scanner === null || body === null) {
      throw new LedgerError(
        'ledger_corrupt',
        `The journal no longer holds the bodies of ${this.#id} as they were written.`,
      )
    }
    return { body, requestBytes: scanner.requestBytes }
  }

  close(): void {
    this.#scanner?.close()
    this.#scanner = null
  }
}
