/** Joins the parts of records, and knows up to where each partition can be forgotten. */
import { createHash } from 'node:crypto'
import { idOf, type JsonRecord, NotARecord } from './collected.ts'
import type { SourceMessage, SourceOffsets } from './index.ts'

export interface JoinerOptions {
  /** Offsets that were taken for good before. */
  readonly from: SourceOffsets
  /** Most bytes of parts that wait for others. Default 256 MiB. */
  readonly bytesMax?: number
  /** Longest time that parts wait for others, milliseconds. Default an hour. */
  readonly waitMsMax?: number
}

interface Incomplete {
  readonly id: string
  readonly parts: Map<number, JsonRecord>
  readonly count: number
  bytes: number
  readonly sinceMs: number
  /** By partition: the offset before its first part there; null at the beginning of the partition. */
  readonly before: Map<string, string | null>
}

const partsMax = 100_000

/**
 * The parts of a record may come in any order, more than once, and with other records between them. Until the last one
 * is there, its partition is not taken for good beyond its first part: after a crash they come again.
 */
export class Joiner {
  readonly #options: JoinerOptions
  /** In the order in which they began. */
  readonly #incomplete = new Map<string, Incomplete>()
  /** The last message of each partition. */
  readonly #last: Map<string, string>
  #bytes = 0

  constructor(options: JoinerOptions) {
    this.#options = options
    this.#last = new Map(options.from)
  }

  get incomplete(): number {
    return this.#incomplete.size
  }

  /**
   * @param line the message's JSON.
   * @returns the whole record; null while parts are missing.
   * @throws NotARecord
   */
  take({ partition, offset, value }: SourceMessage, line: JsonRecord, nowMs: number): JsonRecord | null {
    const before = this.#last.get(partition) ?? null
    this.#last.set(partition, offset)
    if (line['part'] === undefined || line['part'] === null) return line
    const { id, part, count } = partOf(line)
    let record = this.#incomplete.get(id)
    if (record === undefined || record.count !== count) {
      this.#drop(id)
      record = { id, parts: new Map(), count, bytes: 0, sinceMs: nowMs, before: new Map() }
      this.#incomplete.set(id, record)
    }
    if (!record.before.has(partition)) record.before.set(partition, before)
    if (record.parts.has(part)) return null
    record.parts.set(part, line)
    record.bytes += value.byteLength
    this.#bytes += value.byteLength
    if (record.parts.size < count) return null
    this.#drop(id)
    return joined(record)
  }

  /** A message that is no record: reading goes on after it. */
  pass({ partition, offset }: Pick<SourceMessage, 'partition' | 'offset'>): void {
    this.#last.set(partition, offset)
  }

  /** Gives up records whose parts have waited too long, or take too much memory. @returns their ids. */
  giveUp(nowMs: number): string[] {
    const { bytesMax = 256 * 1_048_576, waitMsMax = 3_600_000 } = this.#options
    const given: string[] = []
    for (const { id, sinceMs } of this.#incomplete.values()) {
      const isOld = nowMs - sinceMs > waitMsMax
      if (!isOld && this.#bytes <= bytesMax) break
      this.#drop(id)
      given.push(id)
    }
    return given
  }

  /** What can be taken for good now. A partition that must be read from its beginning is left out. */
  get offsets(): SourceOffsets {
    const offsets = new Map<string, string>(this.#last)
    const held = new Set<string>()
    const begins = [...this.#incomplete.values()].flatMap(({ before }) => [...before])
    for (const [partition, before] of begins) {
      // The record that began first needs the earliest one.
      if (held.has(partition)) continue
      held.add(partition)
      if (before === null) offsets.delete(partition)
      else offsets.set(partition, before)
    }
    return offsets
  }

  #drop(id: string): void {
    this.#bytes -= this.#incomplete.get(id)?.bytes ?? 0
    this.#incomplete.delete(id)
  }
}

function partOf(line: JsonRecord): { readonly id: string; readonly part: number; readonly count: number } {
  const { part, parts: count, partSha256 } = line
  const id = idOf(line)
  if (typeof part !== 'number' || typeof count !== 'number' || !Number.isInteger(part) || !Number.isInteger(count))
    throw new NotARecord('its part and parts are no whole numbers')
  if (part < 1 || part > count || count > partsMax) throw new NotARecord(`it is part ${part} of ${count}`)
  const hash = createHash('sha256').update(pieceOf(line, 'requestBody')).update(pieceOf(line, 'responseBody'))
  if (hash.digest('hex') !== partSha256) throw new NotARecord(`part ${part} of ${count} does not have its checksum`)
  return { id, part, count }
}

function pieceOf(line: JsonRecord, name: string): string {
  const piece = line[name] ?? ''
  if (typeof piece !== 'string') throw new NotARecord(`its ${name} is no text`)
  return piece
}

/** Part 1 has all fields; each part has its pieces of the bodies. */
function joined({ parts, count }: Incomplete): JsonRecord {
  const inOrder = Array.from({ length: count }, (_, at) => parts.get(at + 1) ?? {})
  const body = (name: string): string | null => {
    const pieces = inOrder.map(line => line[name]).filter(piece => typeof piece === 'string')
    return pieces.length === 0 ? null : pieces.join('')
  }
  return { ...inOrder[0], requestBody: body('requestBody'), responseBody: body('responseBody') }
}
