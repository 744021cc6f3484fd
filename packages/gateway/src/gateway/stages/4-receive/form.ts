import { MultipartError, MultipartReader, type PartHead, type PartSink } from '../../../wire/multipart.ts'
import type { Reference } from '../../../wire/references.ts'
import { fold } from '../../../wire/shape.ts'
import { inSlices, type Sliced } from '../../../wire/slices.ts'
import { Refusal } from '../../refusals.ts'

export interface FormFacts {
  readonly model: string | null
  /** Position of the content of the part `model` in the form; null without that part. */
  readonly modelAt: { readonly start: number; readonly end: number } | null
  readonly stream: boolean
  /** Files that the form names by their id instead of bringing them. */
  readonly references: readonly Reference[]
}

/**
 * The deciding parts of a multipart form. The form is read whole, because it names the deployment, which must be known
 * before anything is sent.
 * @throws Refusal body_undecodable, body_duplicate_key, body_key_spelling
 */
export function factsOfForm(body: Buffer, boundary: string): FormFacts | Promise<FormFacts> {
  return inSlices(new FormScan(body, boundary), body.length)
}

class FormScan implements Sliced<FormFacts> {
  readonly #body: Buffer
  readonly #reader: MultipartReader
  readonly #sink = new FactSink()
  #at = 0

  constructor(body: Buffer, boundary: string) {
    this.#body = body
    this.#reader = new MultipartReader(boundary, this.#sink)
  }

  advance(bytes: number): boolean {
    const to = Math.min(this.#body.length, this.#at + bytes)
    readingForm(() => {
      this.#reader.write(this.#body.subarray(this.#at, to))
      if (to === this.#body.length) this.#reader.end()
    })
    this.#at = to
    return to === this.#body.length
  }

  result(): FormFacts {
    return this.#sink.facts()
  }
}

/** Turns an error of the form's reader into a refusal. */
export function readingForm(read: () => void): void {
  try {
    read()
  } catch (error) {
    if (!(error instanceof MultipartError)) throw error
    if (error.partsMost > 0) throw new Refusal('body_too_complex', { most: error.partsMost, what: 'parts of its form' })
    const reason = `multipart/form-data: ${error.message}`
    throw new Refusal('body_undecodable', { encoding: reason }, { cause: error })
  }
}

/** Parts whose content decides something. */
const mattering: readonly string[] = ['model', 'stream', 'purpose', '_charset_']

/**
 * @returns the part's name when it decides something, else null.
 * @throws Refusal body_key_spelling for a name that a lenient reader could take for such a part: in another case, in
 *   single quotes, as a list, encoded, or of a file.
 */
export function matteringName({ name, filename }: PartHead): string | null {
  if (mattering.includes(name)) {
    if (filename !== null)
      throw new Refusal('body_key_spelling', { key: `${name} as a file`, meant: name }, { param: name })
    return name
  }
  const meant = fold(unescaped(name)).replace(/[\s\0'"`\u2018-\u201f]|\[.*$/g, '')
  if (!mattering.includes(meant)) return null
  throw new Refusal('body_key_spelling', { key: name, meant }, { param: meant })
}

/** Browsers write %22 for a quotation mark, and some readers decode any %XX. */
function unescaped(name: string): string {
  try {
    return decodeURIComponent(name)
  } catch {
    return name
  }
}

/** Longest content of a deciding part, in bytes. */
const valueBytesMax = 4_096

/** Reads the deciding parts and skips the others. */
class FactSink implements PartSink {
  readonly #values = new Map<string, { text: string; start: number; end: number }>()
  readonly #references: Reference[] = []
  #part: { key: string | null; isReference: boolean; start: number; pieces: Buffer[]; bytes: number } | null = null

  begin(head: PartHead, start: number): void {
    const key = matteringName(head)
    if (key !== null && this.#values.has(key)) throw new Refusal('body_duplicate_key', { key }, { param: key })
    if (key !== null) requirePlainText(head)
    // The name in any spelling that a lenient reader might accept.
    const isReference = head.filename === null && /file_ids?/i.test(unescaped(head.name))
    this.#part = key === null && !isReference ? null : { key, isReference, start, pieces: [], bytes: 0 }
  }

  content(bytes: Buffer): void {
    const part = this.#part
    if (part === null) return
    part.bytes += bytes.length
    if (part.bytes > valueBytesMax) {
      throw new Refusal('body_too_complex', { most: valueBytesMax, what: 'bytes in a field of the form' })
    }
    part.pieces.push(bytes)
  }

  end(end: number): void {
    const part = this.#part
    this.#part = null
    if (part === null) return
    const text = Buffer.concat(part.pieces).toString()
    if (part.key !== null) this.#values.set(part.key, { text, start: part.start, end })
    if (part.isReference) this.#references.push({ id: text, kind: 'file', param: 'file_id', echoed: false })
  }

  facts(): FormFacts {
    const model = this.#values.get('model')
    const charset = this.#values.get('_charset_')?.text ?? 'utf-8'
    if (!/^utf-?8$/i.test(charset)) throw new Refusal('body_undecodable', { encoding: 'multipart/form-data in UTF-8' })
    return {
      model: model?.text ?? null,
      modelAt: model === undefined ? null : { start: model.start, end: model.end },
      stream: this.#values.get('stream')?.text === 'true',
      references: this.#references,
    }
  }
}

/** A deciding field must be text in UTF-8. @throws Refusal body_undecodable */
export function requirePlainText({ type }: PartHead): void {
  if (type === '' || /^text\/plain\s*(?:;\s*charset="?(?:utf-?8|us-ascii)"?\s*)?$/i.test(type.trim())) return
  throw new Refusal('body_undecodable', { encoding: 'multipart/form-data with fields in UTF-8' })
}
