/**
 * An entry of the journal without what it says about a person, as long as it was: positions of other entries, and those
 * that cursors and the store point to, stay right. Bodies become zeros at the end of the metadata, so the entry has no
 * body any more, as one of a workload that captures figures only.
 */
import { crc32 } from 'node:zlib'
import type { Field } from '../fields.ts'
import { LedgerError } from '../index.ts'
import { blankText, erasingOf } from '../privacy/personal.ts'
import { readClosedBlock } from './exchange-reader.ts'
import { closedNames, closedTexts, flag, openedNames, openedTexts } from './fields.ts'
import { at, frameHeadBytes, frameKind } from './frame.ts'
import { absent, BlockView, namesOf, textsOf } from './metadata.ts'
import type { SegmentScanner } from './scanner.ts'
import { formatOf } from './version.ts'

const deploymentAt = openedNames.findIndex(({ name }) => name === 'deployment')

/**
 * The entry that `entry` is at.
 * @param pseudonym in the place of the caller's object id; not longer than that.
 * @throws LedgerError `ledger_corrupt` for an entry that has no room for it.
 */
export function erasedEntry(entry: SegmentScanner, pseudonym: string): Buffer {
  const bytes = Buffer.alloc(entry.end - entry.offset)
  const headAt = entry.headAt
  entry.window.copy(bytes, 0, headAt, headAt + frameHeadBytes)
  let end = frameHeadBytes
  for (const block of blocksOf(entry, pseudonym)) {
    if (end + block.byteLength > bytes.byteLength) {
      const message = `An entry of the journal (${entry.offset} of segment ${entry.segment}) has no room for a pseudonym.`
      throw new LedgerError('ledger_corrupt', message)
    }
    end += block.copy(bytes, end)
  }
  bytes.writeUInt32LE(bytes.byteLength - frameHeadBytes, at.metaBytes)
  bytes.writeUInt32LE(0, at.bodyBytes)
  bytes.writeUInt32LE(0, at.requestBytes)
  bytes.writeUInt32LE(0, at.bodyCrc)
  bytes.writeUInt32LE(crc32(bytes.subarray(at.bodyCrc)), at.headCrc)
  return bytes
}

/** The metadata, block by block. None for an entry that continues a body, and for one that cannot be read. */
function blocksOf(entry: SegmentScanner, pseudonym: string): readonly Buffer[] {
  if (entry.kind === frameKind.requestBytes || entry.kind === frameKind.responseBytes) return []
  const opened = new BlockView()
  const openedShape = formatOf(entry).opened
  if (entry.kind === frameKind.opened) {
    const isRead = opened.read(entry.view, entry.headAt + frameHeadBytes, entry.metaEnd, openedShape)
    return isRead ? [erasedBlock(entry, opened, openedNames, openedTexts, pseudonym)] : []
  }
  const closed = new BlockView()
  if (!readClosedBlock(entry, closed)) return []
  const end = erasedBlock(entry, closed, closedNames, closedTexts, pseudonym)
  if ((entry.flags & flag.carriesOpened) === 0) return [end]
  const isRead = opened.read(entry.view, closed.endAt, entry.metaEnd, openedShape)
  return isRead ? [end, erasedBlock(entry, opened, openedNames, openedTexts, pseudonym)] : [end]
}

function erasedBlock(
  { window, view }: SegmentScanner,
  block: BlockView,
  nameFields: readonly Field[],
  textFields: readonly Field[],
  pseudonym: string,
): Buffer {
  const names = namesOf(window, view, block)
  // A closing half has no deployment, and nothing that depends on it.
  const deployment = nameFields === openedNames ? (names[deploymentAt] ?? null) : null
  const erase = (field: Field | undefined, text: string | null): string | null => {
    if (field === undefined || text === null) return null
    switch (erasingOf(field)) {
      case 'keep':
        return text
      case 'remove':
        return null
      case 'blank':
        return blankText
      case 'pseudonym':
        return pseudonym
      case 'own':
        return text === deployment ? text : null
    }
  }
  const numbers = window.subarray(block.numbersAt, block.numbersAt + block.shape.numbers * 8)
  const texts = textsOf(window, view, block).map((text, index) => erase(textFields[index], text))
  return encodeBlock(
    numbers,
    texts,
    names.map((text, index) => erase(nameFields[index], text)),
  )
}

/** A block in the form of metadata.ts. */
function encodeBlock(numbers: Buffer, texts: readonly (string | null)[], names: readonly (string | null)[]): Buffer {
  const nameBytes = Buffer.from(names.map(text => text ?? '').join(''))
  const textBytes = Buffer.from(texts.map(text => text ?? '').join(''))
  const sizes = Buffer.alloc(8 + (texts.length + names.length) * 2)
  sizes.writeUInt32LE(nameBytes.byteLength, 0)
  sizes.writeUInt32LE(textBytes.byteLength, 4)
  for (const [index, text] of [...texts, ...names].entries()) {
    sizes.writeUInt16LE(text === null ? absent : text.length, 8 + index * 2)
  }
  return Buffer.concat([numbers, sizes, nameBytes, textBytes])
}
