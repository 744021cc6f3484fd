/** Checks the chain of a trail from its first entry to its last, without the process that writes it. */
import { setImmediate as turn } from 'node:timers/promises'
import { linesOf, readHead, segmentName, segmentsIn } from './files.ts'
import type { AuditEntry, AuditFault, AuditHead, Verified } from './index.ts'
import { type ChainEnd, chainStart, LineFault, readLine } from './line.ts'

/** Lines that are checked in one turn: the event loop may serve calls as well. */
const linesPerTurn = 200

/**
 * @param known an entry that was noted elsewhere, as from the log of the process: it must be in the chain.
 * Rejects with the error of the system.
 */
export async function verifyTrail(directory: string, known: AuditHead | null = null): Promise<Verified> {
  const walk = new Walk(await readHead(directory), known)
  const segments = await segmentsIn(directory)
  for (const [at, segment] of segments.entries()) {
    const { lines, torn } = await linesOf(directory, segment)
    for (const [index, line] of lines.entries()) {
      if (index % linesPerTurn === linesPerTurn - 1) await turn()
      if (!walk.take(line, { file: segmentName(segment), line: index + 1 })) return walk.result(segments.length)
    }
    if (torn.length > 0) walk.torn(segmentName(segment), lines.length + 1, at === segments.length - 1)
  }
  walk.end()
  return walk.result(segments.length)
}

/** Findings that a process has noted itself: what they say cannot be seen in the chain any more. */
const findings: Readonly<Record<string, string>> = {
  trail_end_lost: 'a process found that entries at the end of the trail had been removed before this one',
  trail_broken: 'a process found that the entry before this one was not as it was written',
  trail_head_missing: 'a process found that head.json had been removed, so entries before this one may be missing',
  trail_head_damaged: 'a process found that head.json had been changed, so entries before this one may be missing',
}

class Walk {
  readonly #head: ChainEnd | 'damaged' | null
  readonly #known: AuditHead | null
  readonly #notes: string[] = []
  readonly #deleted = new Map<number, string>()
  #first: AuditEntry | null = null
  #last: ChainEnd = chainStart
  #entries = 0
  #fault: AuditFault | null = null
  #sawHead = false
  #sawKnown = false

  constructor(head: ChainEnd | 'damaged' | null, known: AuditHead | null) {
    this.#head = head
    this.#known = known
  }

  /** @returns false at the first fault. */
  take(bytes: Buffer, place: { readonly file: string; readonly line: number }): boolean {
    const seq = this.#first === null ? null : this.#last.seq + 1
    let entry: AuditEntry
    try {
      entry = readLine(bytes)
    } catch (error) {
      if (!(error instanceof LineFault)) throw error
      return this.#fails({ ...place, seq, why: error.message })
    }
    const why = this.#whyNot(entry)
    if (why !== null) return this.#fails({ ...place, seq: entry.seq, why })
    if (entry.action === 'trail_mended') {
      this.#notes.push(`entry ${entry.seq}: a process was ended while it wrote; what it had not answered for was cut`)
    }
    if (entry.action === 'segments_deleted')
      this.#deleted.set(Number(entry.facts['through']), String(entry.facts['hash']))
    this.#first ??= entry
    this.#last = { seq: entry.seq, hash: entry.hash }
    this.#entries += 1
    return true
  }

  #whyNot(entry: AuditEntry): string | null {
    if (this.#first !== null && entry.seq !== this.#last.seq + 1) {
      return `entry ${this.#last.seq + 1} was expected here, and this is ${entry.seq}`
    }
    const prev = this.#first === null && entry.seq > 0 ? entry.prev : this.#last.hash
    if (entry.prev !== prev) return 'it is not chained to the entry before it'
    if (Object.hasOwn(findings, entry.action) && entry.actor === 'gatehouse') return findings[entry.action] ?? null
    for (const noted of [this.#head, this.#known]) {
      if (noted === null || noted === 'damaged' || noted.seq !== entry.seq) continue
      if (noted.hash !== entry.hash) return 'another entry of this number was noted elsewhere: the trail was rewritten'
      if (noted === this.#head) this.#sawHead = true
      else this.#sawKnown = true
    }
    return null
  }

  torn(file: string, line: number, isNewest: boolean): void {
    if (this.#fault !== null) return
    if (isNewest)
      this.#notes.push(`${file}: the last line is not whole: a process is writing it, or was ended meanwhile`)
    else this.#fails({ file, line, seq: this.#last.seq + 1, why: 'the line is not whole, and a later segment follows' })
  }

  /** What only the whole chain shows. */
  end(): void {
    if (this.#fault !== null) return
    const nowhere = { file: null, line: null }
    const { seq: last } = this.#last
    const head = this.#head
    if (head === 'damaged') this.#fails({ ...nowhere, seq: null, why: 'head.json is not as it was written' })
    else if (head !== null && head.seq > last) this.#fails({ ...nowhere, seq: last + 1, why: endLost(last, head.seq) })
    else if (head === null && last >= 0) this.#fails({ ...nowhere, seq: null, why: 'head.json is missing' })
    const first = this.#first
    if (first !== null && first.seq > 0 && this.#deleted.get(first.seq - 1) !== first.prev) {
      const why = `the trail begins with entry ${first.seq}, and no entry says that those before it were deleted`
      this.#fails({ ...nowhere, seq: 0, why })
    }
    if (
      head !== null &&
      head !== 'damaged' &&
      !this.#sawHead &&
      first !== null &&
      head.seq >= 0 &&
      head.seq < first.seq
    ) {
      this.#fails({ ...nowhere, seq: head.seq, why: 'head.json names an entry before the first one' })
    }
    const known = this.#known
    if (known !== null && !this.#sawKnown) {
      this.#fails({
        ...nowhere,
        seq: known.seq,
        why: `entry ${known.seq}, which was noted elsewhere, is not in the trail`,
      })
    }
  }

  result(segments: number): Verified {
    const first = this.#first === null ? null : { seq: this.#first.seq, hash: this.#first.hash }
    const last = this.#first === null ? null : this.#last
    return { entries: this.#entries, segments, first, last, fault: this.#fault, notes: this.#notes }
  }

  #fails(fault: AuditFault): false {
    this.#fault ??= fault
    return false
  }
}

const endLost = (last: number, head: number): string =>
  last < 0
    ? `every entry is missing: the trail had ${head + 1}`
    : `entries ${last + 1} to ${head} are missing at its end`
