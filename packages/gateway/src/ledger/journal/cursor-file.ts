import { readFileSync } from 'node:fs'
import { mkdir, open, rename } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { crc32 } from 'node:zlib'
import { codeOf } from '../../errors.ts'
import type { Log } from '../../log.ts'
import { type JournalCursor, journalName } from './consumer.ts'
import { type JournalPosition, offsetOf, positionAt, segmentOf } from './position.ts'
import { readPreamble, segmentNumbers } from './segments.ts'

export interface CursorFileOptions {
  /** Directory of the cursor files; made when it is missing. */
  readonly directory: string
  /** Directory of the journal's segments. */
  readonly journal: string
  /** Name of the consumer: 1 to 40 of `a-z`, `0-9` and `-`. */
  readonly consumer: string
  readonly log: Log
}

type Pair = readonly [segment: number, offset: number]

/** What the file holds, as JSON with a checksum. */
interface Content {
  readonly version: 1
  readonly consumer: string
  readonly journal: string
  readonly takenTo: Pair
  readonly readFrom: Pair
  /**
   * Marker of the segment of `takenTo` as hex, which is random: tells this journal from another one in the same place.
   * Null for none.
   */
  readonly marker: string | null
}

const namePattern = /^[a-z0-9-]{1,40}$/

/**
 * The cursor of one consumer in one journal, in the file `CONSUMER.JOURNAL.json`. It is replaced in one step and
 * carries a checksum. A cursor that is damaged, or that belongs to another journal, is logged and not used: the
 * consumer then reads the journal from its beginning, which repeats exchanges and loses none.
 */
export class CursorFile {
  readonly #options: CursorFileOptions
  readonly #path: string
  #position: JournalCursor

  /** @throws RangeError when the consumer's name cannot be part of a file name. */
  constructor(options: CursorFileOptions) {
    const { directory, journal, consumer } = options
    if (!namePattern.test(consumer)) throw new RangeError(`"${consumer}" cannot be the name of a consumer.`)
    this.#options = options
    this.#path = join(directory, `${consumer}.${journalName(journal)}.json`)
    this.#position = this.#read()
  }

  /** As the file has it. */
  get position(): JournalCursor {
    return this.#position
  }

  async save(position: JournalCursor): Promise<void> {
    const content: Content = {
      version: 1,
      consumer: this.#options.consumer,
      journal: position.journal,
      takenTo: pairOf(position.takenTo),
      readFrom: pairOf(position.readFrom),
      marker: markerAt(this.#options.journal, position.takenTo),
    }
    await mkdir(dirname(this.#path), { recursive: true, mode: 0o700 })
    const fresh = `${this.#path}.new`
    const file = await open(fresh, 'w', 0o600)
    try {
      await file.writeFile(`${JSON.stringify({ ...content, checksum: checksumOf(content) })}\n`)
      // Without it, a power cut may leave the new name with none of its bytes.
      await file.datasync()
    } finally {
      await file.close()
    }
    await rename(fresh, this.#path)
    this.#position = position
  }

  #read(): JournalCursor {
    const { journal, consumer, log } = this.#options
    const name = journalName(journal)
    const beginning: JournalCursor = { journal: name, takenTo: 0, readFrom: 0 }
    let text: string
    try {
      text = readFileSync(this.#path, 'utf8')
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return beginning
      log.error({ consumer, journal: name, cause: String(error) }, 'cursor_unusable')
      return beginning
    }
    const content = parse(text)
    const cause = content === null ? 'it is damaged' : this.#foreign(content)
    if (content === null || cause !== null) {
      log.error({ consumer, journal: name, cause }, 'cursor_unusable')
      return beginning
    }
    return { journal: name, takenTo: positionAt(...content.takenTo), readFrom: positionAt(...content.readFrom) }
  }

  /** Why a cursor does not belong to this consumer and journal; null when it does. */
  #foreign({ consumer, journal, takenTo: [segment], marker }: Content): string | null {
    if (consumer !== this.#options.consumer) return `it belongs to the consumer ${consumer}`
    if (journal !== journalName(this.#options.journal)) return `it belongs to the journal ${journal}`
    const last = segmentNumbers(this.#options.journal).at(-1) ?? 0
    if (segment > last) return 'it lies beyond the end of the journal'
    // A segment that was deleted, or whose beginning is damaged, proves nothing.
    const found = markerAt(this.#options.journal, positionAt(segment, 0))
    return marker !== null && found !== null && marker !== found ? 'the journal was replaced by another one' : null
  }
}

const pairOf = (position: JournalPosition): Pair => [segmentOf(position), offsetOf(position)]

function markerAt(journal: string, position: JournalPosition): string | null {
  return readPreamble(journal, segmentOf(position))?.marker.toString('hex') ?? null
}

const checksumOf = (content: Content): number => crc32(JSON.stringify(content))

/** Null for anything but what `save` writes. */
function parse(text: string): Content | null {
  try {
    const { checksum, ...content } = JSON.parse(text) as Content & { readonly checksum: unknown }
    return content.version === 1 && checksum === checksumOf(content) ? content : null
  } catch {
    return null
  }
}
