import { openedNumbers } from '../journal/fields.ts'
import type { BlockView } from '../journal/metadata.ts'
import { textsOf } from '../journal/metadata.ts'
import type { SegmentScanner } from '../journal/scanner.ts'
import type { CodedNames, NameBlocks } from './name-blocks.ts'

/**
 * What the store keeps of an exchange's opening half until the exchange ends. Each list is in the order of the
 * journal's.
 */
export interface OpeningFacts {
  readonly names: CodedNames
  /** NaN is null. */
  readonly numbers: readonly number[]
  readonly texts: readonly (string | null)[]
  readonly flags: number
}

const noTexts: readonly (string | null)[] = []

/** Reads the opening half out of an entry that holds it. */
export function readOpening(blocks: NameBlocks, entry: SegmentScanner, block: BlockView): OpeningFacts {
  const { window, view } = entry
  const numbers: number[] = []
  for (let at = 0; at < openedNumbers.length; at++) numbers.push(block.number(view, at))
  return {
    names: blocks.opened(window, view, block),
    numbers,
    texts: block.endAt > block.textsAt ? textsOf(window, view, block) : noTexts,
    flags: entry.flags,
  }
}
