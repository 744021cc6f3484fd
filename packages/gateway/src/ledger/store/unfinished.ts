/** Exchanges that are open: after a start, those that a dead process left open. */
import type { Direction } from '../index.ts'
import { readBodies } from '../journal/bodies.ts'
import { frameHeadBytes, frameKind } from '../journal/frame.ts'
import { readOpened } from '../journal/halves.ts'
import { readId } from '../journal/ids.ts'
import { BlockView } from '../journal/metadata.ts'
import type { OpenExchanges } from '../journal/pairing.ts'
import { type JournalPosition, offsetOf, segmentOf } from '../journal/position.ts'
import { SegmentScanner } from '../journal/scanner.ts'
import { formatOf } from '../journal/version.ts'
import type { Opened } from '../record.ts'

/** What the journal has of an open exchange. */
export interface Unfinished {
  readonly id: string
  /** Null when its opening entry was lost. */
  readonly opened: Opened | null
  readonly request: readonly Uint8Array[]
  readonly response: readonly Uint8Array[]
  /** When its last entry was written, milliseconds since the epoch. */
  readonly writtenAtMs: number
}

/** Ids of the exchanges that are open, oldest first. */
export function idsOf(open: OpenExchanges<unknown>): string[] {
  return open.ids().map(id => readId(Buffer.from(id, 'latin1'), 0))
}

/** The id as `OpenExchanges` has it. */
export function openId(id: string): string {
  return Buffer.from(id.replaceAll('-', ''), 'hex').toString('latin1')
}

/** Null when it is not open. @param journal directory of the segments. */
export function unfinishedOf(journal: string, open: OpenExchanges<unknown>, id: string): Unfinished | null {
  const exchange = open.get(openId(id))
  if (exchange === undefined) return null
  const { openedAt, parts, writtenAtMs } = exchange
  const read = readBodies(journal, { openedAt, parts: parts ?? [], closedAt: 0 }, id)
  return {
    id,
    opened: openedAt === 0 ? null : openedOf(journal, openedAt, id),
    request: read?.request ?? [],
    response: read?.response ?? [],
    writtenAtMs,
  }
}

/**
 * Bytes of one direction of an open exchange, of entries before `end`: more may have been read meanwhile. Empty when it
 * is not open.
 * @param journal directory of the segments.
 */
export function writtenOf(
  journal: string,
  open: OpenExchanges<unknown>,
  wanted: { readonly id: string; readonly direction: Direction; readonly end: JournalPosition },
): readonly Uint8Array[] {
  const { id, direction, end } = wanted
  const exchange = open.get(openId(id))
  if (exchange === undefined) return []
  const { openedAt, parts } = exchange
  // Kind and position in turn: both stay where the position is before the end.
  const before = (parts ?? []).filter((_, at, all) => (all[at | 1] ?? end) < end)
  return readBodies(journal, { openedAt, parts: before, closedAt: 0 }, id)?.[direction] ?? []
}

function openedOf(journal: string, position: JournalPosition, id: string): Opened | null {
  const scanner = new SegmentScanner(journal, segmentOf(position), 0, 16 * 1024)
  try {
    if (!scanner.seek(offsetOf(position)) || scanner.kind !== frameKind.opened) return null
    const block = new BlockView()
    if (!block.read(scanner.view, scanner.headAt + frameHeadBytes, scanner.metaEnd, formatOf(scanner).opened))
      return null
    return readOpened(scanner.window, scanner.view, block, id, scanner.flags)
  } finally {
    scanner.close()
  }
}
