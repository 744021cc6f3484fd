import type { ErasedFigures } from '../store/eraser.ts'
import type { ArchiveProof, EraseCertificate, ErasePlan, LeftBehind, SegmentProof } from './index.ts'

/** How far an erasure has come: what its certificate will say. On the disk after each step. */
export interface EraseProgress {
  readonly plan: ErasePlan
  /** Before anything was changed. */
  readonly figures: ErasedFigures | null
  readonly segments: readonly SegmentProof[]
  readonly damagedBytes: number
  /** The most that each feed may have shipped. */
  readonly shipped: readonly { readonly feed: string; readonly records: number }[] | null
  /** Archives that get a new file. */
  readonly files: readonly ArchiveProof[] | null
}

interface Counted {
  /** Entries of the audit trail that name the person. */
  readonly mentions: number
  /** Archives that a rebuild has put aside. */
  readonly aside: number
}

export function certificateOf(progress: EraseProgress, counted: Counted, nowMs: number): EraseCertificate {
  const { plan, figures, segments, files } = progress
  const { filter, person, pseudonym, id, reason, by, startedAtMs } = plan
  return {
    id,
    pseudonym: filter.caller.slice(0, filter.caller.length - person.objectId.length) + pseudonym,
    ...{ workload: filter.workload, fromMs: filter.fromMs, toMs: filter.toMs },
    ...{ reason, by, startedAtMs, finishedAtMs: nowMs },
    ...{ records: figures?.records ?? 0, archived: figures?.archived ?? 0 },
    ...{ firstMs: figures?.firstMs ?? null, lastMs: figures?.lastMs ?? null },
    ...{ segments, archives: files ?? [] },
    left: leftBehind(progress, counted),
  }
}

function leftBehind({ plan, figures, damagedBytes, shipped }: EraseProgress, counted: Counted): readonly LeftBehind[] {
  const { mentions, aside } = counted
  const left: LeftBehind[] = []
  const held = figures?.heldRecords ?? 0
  const objects = figures?.objects ?? 0
  if (held > 0) {
    const holds = plan.holds.map(hold => hold.id).join(', ')
    left.push({ what: 'held', count: held, why: `Records on legal hold (of the holds ${holds}).` })
  }
  for (const { feed, records } of shipped ?? []) {
    const why = `The feed ${feed} may have shipped so many of the records before. Delete them where it ships to.`
    left.push({ what: 'feeds', count: records, why })
  }
  if (mentions > 0) {
    const why = 'Entries of the audit trail that have the object id: the trail is a chain, and leaves with its own age.'
    left.push({ what: 'audit', count: mentions, why })
  }
  if (objects > 0) {
    const why = 'Objects that the calls created, as responses or files, are at their instances. Delete them there.'
    left.push({ what: 'objects', count: objects, why })
  }
  if (damagedBytes > 0) {
    const why = 'Bytes of damaged parts of the journal: what they were cannot be known. They leave with their segments.'
    left.push({ what: 'damaged', count: damagedBytes, why })
  }
  if (aside > 0) {
    const why = 'Archives that a rebuild has put aside as NAME.damaged: they cannot be read. Delete them.'
    left.push({ what: 'aside', count: aside, why })
  }
  left.push({ what: 'elsewhere', count: null, why: elsewhere })
  return left
}

const elsewhere =
  'Not reached: calls in flight and later ones, bodies of other callers that speak of the person, ledgers of other replicas and of collectors, counters of limits in Redis until their windows end, logs, and backups.'
