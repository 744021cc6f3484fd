/** What a part says of itself, in members of its JSON object beside those of the record. */
import { createHash } from 'node:crypto'
import { longColumnNames } from '../forms.ts'

/** Most parts of a record. */
export const partsMax = 100_000

export interface PartMembers {
  /** From 1. */
  readonly part: number
  readonly parts: number
  /** Name of the places where the record is cut, 16 hexadecimal digits: parts of one cut fit together. */
  readonly cut: string
  /** SHA-256 of the pieces of texts in this part, one after the other, in UTF-8; hexadecimal. */
  readonly partSha256: string
  /** Likewise, of the whole texts. */
  readonly bodiesSha256: string
}

/** A record, or a part of one, as it was read. */
export type RecordDocument = Readonly<Record<string, unknown>> & { readonly id: string }

/** A message that is no record and no part of one. Its text shows nothing of the message but the id of a record. */
export class UnreadableMessageError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'UnreadableMessageError'
  }
}

/**
 * @returns null for a record that is whole.
 * @throws UnreadableMessageError when the members of a part are not what they must be.
 */
export function partMembersOf(document: RecordDocument): PartMembers | null {
  const { part, parts, cut, partSha256, bodiesSha256 } = document
  if (part === undefined) return null
  if (isNumber(parts, partsMax) && isNumber(part, parts) && isHex(cut, 16))
    if (isHex(partSha256, 64) && isHex(bodiesSha256, 64)) return { part, parts, cut, partSha256, bodiesSha256 }
  throw new UnreadableMessageError('The message is a part of a record without its numbers or checksums.')
}

const isNumber = (value: unknown, max: number): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= max

const isHex = (value: unknown, digits: number): value is string =>
  typeof value === 'string' && value.length === digits && /^[0-9a-f]+$/.test(value)

/** The texts of bodies in a document, or pieces of them, by the name of their column, in the order of the columns. */
export function textsOf(document: RecordDocument): (readonly [name: string, text: string])[] {
  return Object.entries(document).flatMap(([name, text]) =>
    typeof text === 'string' && longColumnNames.has(name) ? [[name, text] as const] : [],
  )
}

export function sha256(texts: Iterable<string>): string {
  const hash = createHash('sha256')
  for (const text of texts) hash.update(text)
  return hash.digest('hex')
}
