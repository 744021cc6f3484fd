/** Reads the halves of a record in full, for recovery and feeds. The store reads only what its columns need. */
import { kinds } from '../field.ts'
import type { Field } from '../fields.ts'
import { closedFrom, openedFrom, type StoredValues } from '../read-fields.ts'
import type { Closed, Opened } from '../record.ts'
import { type BlockHalf, hasFlag, positionOf } from './fields.ts'
import { type BlockView, namesOf, textsOf } from './metadata.ts'

/** @param flags of the entry's head. */
export function readOpened(source: Buffer, view: DataView, block: BlockView, id: string, flags: number): Opened {
  return openedFrom(valuesOf('opened', source, view, block, id, flags))
}

/** Decodes a `Closed` without the `Opened` that it may carry. */
export function readClosed(source: Buffer, view: DataView, block: BlockView, id: string): Closed {
  return closedFrom(valuesOf('closed', source, view, block, id, 0))
}

function valuesOf(
  half: BlockHalf,
  source: Buffer,
  view: DataView,
  block: BlockView,
  id: string,
  flags: number,
): StoredValues {
  const names = namesOf(source, view, block)
  const texts = textsOf(source, view, block)
  return (field: Field) => {
    const at = positionOf(field, half) ?? -1
    switch (kinds[field.kind].list) {
      case 'head':
        return id
      case 'flags':
        return hasFlag(flags, field)
      case 'numbers':
        return orNull(block.number(view, at))
      case 'names':
        return names[at] ?? null
      case 'texts':
        return texts[at] ?? null
    }
  }
}

const orNull = (value: number): number | null => (Number.isNaN(value) ? null : value)
