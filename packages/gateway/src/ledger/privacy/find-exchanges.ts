/** Finds the exchanges of a person in the journal. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { codeOf } from '../../errors.ts'
import { validBytes } from '../journal/erase-segment.ts'
import { readClosedBlock } from '../journal/exchange-reader.ts'
import { flag, openedNames, openedNumbers } from '../journal/fields.ts'
import { at, frameHeadBytes, frameKind } from '../journal/frame.ts'
import { BlockView, namesOf } from '../journal/metadata.ts'
import { type JournalPosition, positionAt, segmentOf } from '../journal/position.ts'
import { SegmentScanner } from '../journal/scanner.ts'
import { segmentNumbers } from '../journal/segments.ts'
import { formatOf } from '../journal/version.ts'
import { type ErasePlan, type HeldFacts, isHeld } from './index.ts'

/** What an erasure looks for. */
export type Wanted = Pick<ErasePlan, 'filter' | 'person' | 'pseudonym' | 'to' | 'holds'>

/** What the journal has of a person, up to a segment. */
export class FoundExchanges {
  /** By the 16 bytes of the id, as latin1: where it ended; 0 while it has not. */
  readonly #ended = new Map<string, JournalPosition>()
  /** Exchanges that a legal hold selects. */
  readonly #held = new Set<string>()
  /** Segments with an entry of an exchange that was found; ascending. */
  readonly segments: number[] = []
  /** Bytes of their bodies. */
  bodyBytes = 0
  /** Begin of the first and of the last of them; null for none. */
  firstMs: number | null = null
  lastMs: number | null = null
  /** Bytes of the journal that are damaged: what they were cannot be known. */
  damagedBytes = 0

  /** True for an exchange that has ended and that no hold selects. */
  selects = (id: string): boolean => (this.#ended.get(id) ?? 0) > 0 && !this.#held.has(id)

  get held(): number {
    return this.#held.size
  }

  /** Exchanges that have ended. */
  get count(): number {
    return this.endedBefore(Number.POSITIVE_INFINITY)
  }

  endedBefore(position: JournalPosition): number {
    let count = 0
    for (const [id, at] of this.#ended) if (at < position && this.selects(id)) count += 1
    return count
  }

  /** Takes an exchange that the store has. */
  add(id: string): void {
    this.#ended.set(id, 1)
  }

  began(id: string, startedAtMs: number, isHeldNow: boolean): void {
    if (isHeldNow) {
      this.#held.add(id)
      return
    }
    if (!this.#ended.has(id)) this.#ended.set(id, 0)
    this.firstMs = Math.min(this.firstMs ?? startedAtMs, startedAtMs)
    this.lastMs = Math.max(this.lastMs ?? startedAtMs, startedAtMs)
  }

  /** Takes an entry of any kind. */
  has(id: string, { segment, bodyBytes }: Pick<SegmentScanner, 'segment' | 'bodyBytes'>): void {
    if (!this.#ended.has(id)) return
    this.bodyBytes += bodyBytes
    if (this.segments.at(-1) !== segment) this.segments.push(segment)
  }

  ended(id: string, at: JournalPosition): void {
    if (this.#ended.has(id)) this.#ended.set(id, at)
  }
}

const indexOf = (name: string): number => openedNames.findIndex(field => field.name === name)
const kindAt = indexOf('callerKind')
const tenantAt = indexOf('callerTenantId')
const objectAt = indexOf('callerObjectId')
const workloadAt = indexOf('workload')
const startedAt = openedNumbers.findIndex(field => field.name === 'startedAtMs')

const entriesAtOnce = 2_000

/**
 * Reads the figures of every entry of the journal before `wanted.to`.
 * @param journal directory of the segments. @param found what is known already. @returns `found`.
 */
export async function findInJournal(
  journal: string,
  wanted: Wanted,
  found = new FoundExchanges(),
): Promise<FoundExchanges> {
  for (const segment of segmentNumbers(journal)) {
    if (segment >= segmentOf(wanted.to)) break
    await findIn(journal, segment, wanted, found)
  }
  return found
}

async function findIn(journal: string, segment: number, wanted: Wanted, found: FoundExchanges): Promise<void> {
  let entries: SegmentScanner
  try {
    entries = new SegmentScanner(journal, segment)
  } catch (error) {
    // Retention may have deleted it meanwhile.
    if (codeOf(error) === 'ENOENT') return
    throw error
  }
  const finder = new Finder(wanted, found)
  try {
    const end = validBytes(journal, segment, entries.fileBytes)
    for (let count = 1; entries.next(end); count += 1) {
      finder.look(entries)
      if (count % entriesAtOnce === 0) await nextTurn()
    }
    found.damagedBytes += entries.damage.reduce((sum, { bytes }) => sum + bytes, 0)
  } finally {
    entries.close()
  }
}

class Finder {
  readonly #sought: Wanted
  readonly #found: FoundExchanges
  readonly #wanted: readonly Buffer[]
  readonly #block = new BlockView()
  readonly #closed = new BlockView()

  constructor(sought: Wanted, found: FoundExchanges) {
    this.#sought = sought
    this.#found = found
    // What an earlier process has rewritten has the pseudonym already.
    this.#wanted = [sought.person.objectId, sought.pseudonym].map(text => Buffer.from(text))
  }

  look(entry: SegmentScanner): void {
    const { kind, headAt } = entry
    const id = entry.window.toString('latin1', headAt + at.id, headAt + at.id + 16)
    if (kind === frameKind.opened || kind === frameKind.closed) {
      const from = this.#openedFrom(entry)
      const shape = formatOf(entry).opened
      if (from !== null && this.#block.read(entry.view, from, entry.metaEnd, shape)) this.#begin(entry, id)
      if (kind === frameKind.closed) this.#found.ended(id, positionAt(entry.segment, entry.offset))
    }
    this.#found.has(id, entry)
  }

  /** Where the entry has its opening half; null where it has none. */
  #openedFrom(entry: SegmentScanner): number | null {
    if (entry.kind === frameKind.opened) return entry.headAt + frameHeadBytes
    if ((entry.flags & flag.carriesOpened) === 0 || !readClosedBlock(entry, this.#closed)) return null
    return this.#closed.endAt
  }

  #begin(entry: SegmentScanner, id: string): void {
    const { namesAt, textsAt } = this.#block
    const names = entry.window.subarray(namesAt, textsAt)
    if (!this.#wanted.some(text => names.includes(text))) return
    const facts = this.#factsOf(entry)
    if (facts !== null) this.#found.began(id, facts.startedAtMs, isHeld(this.#sought.holds, facts))
  }

  /** Null for a call that is not the person's, or that the filter leaves out. */
  #factsOf(entry: SegmentScanner): HeldFacts | null {
    const names = namesOf(entry.window, entry.view, this.#block)
    const { person, pseudonym, filter } = this.#sought
    const objectId = names[objectAt]
    const isTheirs =
      names[kindAt] === 'user' &&
      names[tenantAt] === person.tenantId &&
      (objectId === person.objectId || objectId === pseudonym)
    const startedAtMs = this.#block.number(entry.view, startedAt)
    const workload = names[workloadAt] ?? null
    if (!isTheirs || !isHeld([filter], { callerKey: filter.caller, workload, startedAtMs })) return null
    // Holds name the person, also where the entry has the pseudonym already.
    return { callerKey: filter.caller, workload, startedAtMs }
  }
}
