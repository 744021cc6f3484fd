/** Changes to a JSON document at positions that an earlier scan has found. All other bytes stay as they are. */
import type { Scan } from './json-scan.ts'

/** The bytes from `start` to before `end` become the text. */
export interface JsonEdit {
  readonly start: number
  readonly end: number
  readonly text: string
}

export class JsonEdits {
  readonly #body: Buffer
  /** Null until there is one: most changed bodies only get a member at the front. */
  #edits: JsonEdit[] | null = null
  /** Members that come in at the front, as `"key":value`. */
  #added = ''
  #openEnd = 0
  #isEmpty = false

  constructor(body: Buffer) {
    this.#body = body
  }

  /** @param edits none overlaps another one. */
  replace(edits: readonly JsonEdit[]): this {
    if (edits.length > 0) this.#edits = [...(this.#edits ?? []), ...edits]
    return this
  }

  /**
   * Sets a member of the outermost object: its value is replaced, or the member is added at the front. At most once for
   * each key. @param scan of the same body, which has the member if the body has it. @param json the value.
   */
  set(scan: Scan, key: string, json: string): this {
    const range = scan.members.get(key)
    if (range !== undefined) return this.replace([{ start: range.valueStart, end: range.valueEnd, text: json }])
    this.#added += `${this.#added === '' ? '' : ','}${JSON.stringify(key)}:${json}`
    this.#openEnd = scan.openEnd
    this.#isEmpty = scan.empty
    return this
  }

  /** The changed body; the same one when nothing changes. */
  applied(): Buffer {
    const body = this.#body
    const front = this.#added === '' ? null : Buffer.from(this.#isEmpty ? this.#added : `${this.#added},`)
    const edits = this.#edits?.filter(edit => changes(body, edit)).sort((one, other) => one.start - other.start) ?? []
    if (front === null && edits.length === 0) return body
    const pieces: Buffer[] = []
    let at = 0
    if (front !== null) {
      pieces.push(body.subarray(0, this.#openEnd), front)
      at = this.#openEnd
    }
    for (const { start, end, text } of edits) {
      pieces.push(body.subarray(at, start), Buffer.from(text))
      at = end
    }
    pieces.push(body.subarray(at))
    return Buffer.concat(pieces)
  }
}

function changes(body: Buffer, { start, end, text }: JsonEdit): boolean {
  return end - start !== Buffer.byteLength(text) || body.toString('utf8', start, end) !== text
}
