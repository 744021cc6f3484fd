/**
 * Reads the halves of a record in full, for recovery and feeds. The store reads only what its columns need. The readers
 * are compiled from the table of fields: loops over the table would run for every record.
 */
import { kinds } from '../field.ts'
import type { Field, FieldName } from '../fields.ts'
import { makerOf } from '../makers.ts'
import { closedFields, fieldOf, openedFields, unknownOf } from '../read-fields.ts'
import type { Closed, Opened } from '../record.ts'
import { type BlockHalf, positionOf } from './fields.ts'
import { attemptsFrom, deploymentsFrom } from './forms.ts'
import { type BlockView, namesOf, textsOf } from './metadata.ts'

type Texts = readonly (string | null)[]
type NamesOf = (source: Buffer, view: DataView, block: BlockView) => Texts
type HalfReader<Half> = (
  id: string,
  flags: number,
  view: DataView,
  block: BlockView,
  names: Texts,
  texts: Texts,
) => Half

const orNull = (value: number): number | null => (Number.isNaN(value) ? null : value)

const openedReader = readerOf<Opened>('opened', openedFields)
const closedReader = readerOf<Closed>('closed', closedFields)

/** @param flags of the entry's head. @param names reads the names of a block, or knows them. */
export function readOpened(
  source: Buffer,
  view: DataView,
  block: BlockView,
  id: string,
  flags: number,
  names: NamesOf = namesOf,
): Opened {
  return openedReader(id, flags, view, block, names(source, view, block), textsOf(source, view, block))
}

/** Decodes a `Closed` without the `Opened` that it may carry. */
export function readClosed(
  source: Buffer,
  view: DataView,
  block: BlockView,
  id: string,
  names: NamesOf = namesOf,
): Closed {
  return closedReader(id, 0, view, block, names(source, view, block), textsOf(source, view, block))
}

function readerOf<Half>(half: BlockHalf, fields: readonly Field[]): HalfReader<Half> {
  const parameters = ['id', 'flags', 'view', 'block', 'names', 'texts']
  return makerOf(fields, parameters, field => valueText(field, half), { attemptsFrom, deploymentsFrom, orNull })
}

/** The value of a field, in terms of what a `HalfReader` gets. */
function valueText(field: Field, half: BlockHalf): string {
  const stored = storedText(field, half)
  if (field.kind === 'deployments') return `deploymentsFrom(${stored})`
  if (field.kind === 'attempts') {
    const other = (name: FieldName): string => storedText(fieldOf(name), half)
    const record = `{ instance: ${other('instance')}, status: ${other('status')} }`
    return `attemptsFrom(${stored}, ${other('onlyAttemptMs')}, ${record})`
  }
  return `${stored} ?? ${JSON.stringify(unknownOf(field))}`
}

/** The value as the journal keeps it; null where it has none. */
function storedText(field: Field, half: BlockHalf): string {
  const at = positionOf(field, half) ?? -1
  switch (kinds[field.kind].list) {
    case 'head':
      return 'id'
    case 'flags':
      return `(flags & ${1 << at}) !== 0`
    case 'numbers':
      return `orNull(block.number(view, ${at}))`
    case 'names':
      return `(names[${at}] ?? null)`
    case 'texts':
      return `(texts[${at}] ?? null)`
  }
}
