/** What an erasure does in a ledger without a store: it finds the exchanges in the journal, and rewrites segments. */
import { cutTails, type ErasedSegment, eraseSegment } from '../journal/erase-segment.ts'
import type { JournalPosition } from '../journal/position.ts'
import { type FoundExchanges, findInJournal } from '../privacy/find-exchanges.ts'
import type { ArchiveProof, EraseFilter, ErasePlan, LegalHold } from '../privacy/index.ts'
import { personOf } from '../privacy/person.ts'
import type { ErasedRows } from './erase-rows.ts'
import { beginsAgain, type ErasedFigures, type FoundSegments } from './eraser.ts'

export class AloneEraser {
  /** Directory of the segments. */
  readonly #journal: string
  /** Of the plan that was begun last. */
  #begun: { readonly plan: ErasePlan; readonly found: FoundExchanges } | null = null

  constructor(journal: string) {
    this.#journal = journal
  }

  async figures(filter: EraseFilter, to: JournalPosition, holds: readonly LegalHold[]): Promise<ErasedFigures> {
    const person = personOf(filter.caller)
    const found = await findInJournal(this.#journal, { filter, person, pseudonym: person.objectId, to, holds })
    const { bodyBytes, firstMs, lastMs, segments } = found
    return {
      ...{ records: found.count, archived: 0, archives: 0, bodyBytes, firstMs, lastMs },
      ...{ objects: 0, heldRecords: found.held, name: null, segments: segments.length },
    }
  }

  async begin(plan: ErasePlan): Promise<FoundSegments> {
    await cutTails(this.#journal, plan.to)
    const found = await findInJournal(this.#journal, plan)
    this.#begun = { plan, found }
    return { segments: found.segments, damagedBytes: found.damagedBytes }
  }

  async segment(planId: string, segment: number): Promise<ErasedSegment | null> {
    const begun = this.#begun
    if (begun?.plan.id !== planId) throw beginsAgain()
    const { found, plan } = begun
    return eraseSegment({ journal: this.#journal, segment, pseudonym: plan.pseudonym, selects: found.selects })
  }

  async shipped(plan: ErasePlan, positions: readonly JournalPosition[]): Promise<readonly number[]> {
    const begun = this.#begun
    if (begun?.plan.id !== plan.id) throw beginsAgain()
    return positions.map(position => begun.found.endedBefore(position))
  }

  async archives(): Promise<readonly ArchiveProof[]> {
    return []
  }

  async rows(): Promise<ErasedRows> {
    this.#begun = null
    return { records: 0, archived: 0 }
  }
}
