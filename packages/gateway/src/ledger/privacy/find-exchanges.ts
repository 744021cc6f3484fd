/** Finds the exchanges of a person in the journal. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { codeOf } from '../../errors.ts'
import { validBytes } from '../journal/erase-segment.ts'
import { readClosedBlock } from '../journal/exchange-reader.ts'
import { flag, openedNames, openedNumbers } from '../journal/fields.ts'
import { at, frameHeadBytes, frameKind } from '../journal/frame.ts'
import { BlockView, namesOf } from '../journal/metadata.ts'
import { SegmentScanner } from '../journal/scanner.ts'
import { formatOf } from '../journal/version.ts'
import { type ErasePlan, type HeldFacts, isHeld } from './index.ts'

/** What the journal has of a person, up to a segment. */
export class FoundExchanges {
  /** By the 16 bytes of the id, as latin1: true when it has ended. */
  readonly #ended = new Map<string, boolean>()
  /** Exchanges that a legal hold selects. */
  readonly #held = new Set<string>()
  /** Segments with an entry of an exchange that was found, held ones included; ascending. */
  readonly segments: number[] = []
  /** Bytes of the journal that are damaged: what they were cannot be known. */
  damagedBytes = 0

  /** True for an exchange that has ended and that no hold selects. */
  selects = (id: string): boolean => this.#ended.get(id) === true && !this.#held.has(id)

  get held(): number {
    return this.#held.size
  }

  /** Takes an exchange that the store has. */
  add(id: string): void {
    this.#ended.set(id, true)
  }

  began(id: string, isHeldNow: boolean): void {
    if (isHeldNow) this.#held.add(id)
    else if (!this.#ended.has(id)) this.#ended.set(id, false)
  }

  /** Takes an entry of any kind. */
  has(id: string, segment: number): void {
    if (this.#ended.has(id) && this.segments.at(-1) !== segment) this.segments.push(segment)
  }

  ended(id: string): void {
    if (this.#ended.has(id)) this.#ended.set(id, true)
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
 * Reads the figures of every entry of a segment, in order of the segments.
 * @param journal directory of the segments. @returns false when the segment is gone.
 */
export async function findIn(
  journal: string,
  segment: number,
  plan: ErasePlan,
  found: FoundExchanges,
): Promise<boolean> {
  let entries: SegmentScanner
  try {
    entries = new SegmentScanner(journal, segment)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false
    throw error
  }
  const finder = new Finder(plan, found)
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
  return true
}

class Finder {
  readonly #plan: ErasePlan
  readonly #found: FoundExchanges
  readonly #wanted: readonly Buffer[]
  readonly #block = new BlockView()
  readonly #closed = new BlockView()

  constructor(plan: ErasePlan, found: FoundExchanges) {
    this.#plan = plan
    this.#found = found
    // What an earlier process has rewritten has the pseudonym already.
    this.#wanted = [plan.person.objectId, plan.pseudonym].map(text => Buffer.from(text))
  }

  look(entry: SegmentScanner): void {
    const { kind, headAt } = entry
    const id = entry.window.toString('latin1', headAt + at.id, headAt + at.id + 16)
    if (kind === frameKind.opened || kind === frameKind.closed) {
      const from = this.#openedFrom(entry)
      const shape = formatOf(entry).opened
      if (from !== null && this.#block.read(entry.view, from, entry.metaEnd, shape)) this.#begin(entry, id)
      if (kind === frameKind.closed) this.#found.ended(id)
    }
    this.#found.has(id, entry.segment)
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
    if (facts !== null) this.#found.began(id, isHeld(this.#plan.holds, facts))
  }

  /** Null for a call that is not the person's, or that the filter leaves out. */
  #factsOf(entry: SegmentScanner): HeldFacts | null {
    const names = namesOf(entry.window, entry.view, this.#block)
    const { person, pseudonym, filter } = this.#plan
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
