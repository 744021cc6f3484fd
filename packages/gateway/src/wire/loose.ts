/**
 * A body without the parts that only one instance can read: encrypted reasoning, and the ids of items that the instance
 * keeps. To the model the rest says the same, except for its earlier reasoning. All other bytes stay as they are.
 */

import { digestOf } from './encrypted.ts'
import { jsonBytes } from './json-bytes.ts'
import type { JsonEdit } from './json-edits.ts'
import {
  JsonScanError,
  type MemberRange,
  memberValue,
  type Scan,
  scanObject,
  skipSpace,
  skipTextUntil,
  withoutMember,
} from './json-scan.ts'

const { bracketClose, bracketOpen, comma } = jsonBytes

/** The instance that made each content (by digest) and each item (by id). Others are unknown. */
export type Makers = ReadonlyMap<string, string>

interface LooseItem {
  readonly start: number
  readonly end: number
  readonly scan: Scan
  readonly type: string | null
  readonly id: string | null
  readonly digest: string | null
}

/** Larger bodies stay whole. Bytes. */
const bodyBytesMax = 4_194_304

const inputOnly: ReadonlySet<string> = new Set(['input'])
const itemMembers: ReadonlySet<string> = new Set(['type', 'id', 'encrypted_content'])
/** Kinds of items that are complete without an id. */
const needNoId: ReadonlySet<string> = new Set(['message', 'function_call', 'custom_tool_call', 'web_search_call'])

export class LooseBody {
  readonly #body: Buffer
  readonly #items: readonly LooseItem[]
  readonly #makers: Makers

  private constructor(body: Buffer, items: readonly LooseItem[], makers: Makers) {
    this.#body = body
    this.#items = items
    this.#makers = makers
  }

  /**
   * @returns null for a body that must stay whole: its input is no list of items, a member that decides is there twice,
   *   or something other than reasoning is encrypted (a compacted conversation has no other content).
   */
  static of(body: Buffer, makers: Makers): LooseBody | null {
    if (body.length > bodyBytesMax) return null
    try {
      const range = scanObject(body, inputOnly).members.get('input')
      if (range === undefined || body[range.valueStart] !== bracketOpen) return null
      const items = elementsOf(body, range).map(([start, end]) => readItem(body, start, end))
      if (items.some(({ digest, type }) => digest !== null && type !== 'reasoning')) return null
      const own = new Set(items.map(({ digest }) => digest))
      const isElsewhere = [...makers.keys()].some(made => made.startsWith('sha256:') && !own.has(made))
      return isElsewhere ? null : new LooseBody(body, items, makers)
    } catch (error) {
      if (error instanceof JsonScanError) return null
      throw error
    }
  }

  /** What is cut from the body so that this instance can read it; nothing where the instance made all of it. */
  cutsFor(instance: string): readonly JsonEdit[] {
    const isForeign = (made: string | null): boolean => {
      const maker = made === null ? undefined : this.#makers.get(made)
      return maker !== undefined && maker !== instance
    }
    const cuts: JsonEdit[] = []
    /** End of the last item that stays, and begin of the first one after it that does not. */
    let keptEnd: number | null = null
    let droppedStart: number | null = null
    for (const { start, end, scan, type, id, digest } of this.#items) {
      if (type === 'reasoning' && (isForeign(digest) || isForeign(id))) {
        droppedStart ??= start
        continue
      }
      // With the commas after them.
      if (droppedStart !== null) cuts.push(cut(droppedStart, start))
      droppedStart = null
      keptEnd = end
      const range = isForeign(id) && needNoId.has(type ?? 'message') ? scan.members.get('id') : undefined
      if (range !== undefined) cuts.push(cut(...withoutMember(this.#body, scan, range, end)))
    }
    const last = this.#items.at(-1)
    // With the comma before them.
    if (droppedStart !== null && last !== undefined) cuts.push(cut(keptEnd ?? droppedStart, last.end))
    return cuts
  }
}

function cut(start: number, end: number): JsonEdit {
  return { start, end, text: '' }
}

function readItem(body: Buffer, start: number, end: number): LooseItem {
  const scan = scanObject(body, itemMembers, start, end)
  const text = (key: string): string | null => {
    const range = scan.members.get(key)
    const value = range === undefined ? null : memberValue(body, range)
    return typeof value === 'string' && value !== '' ? value : null
  }
  const content = text('encrypted_content')
  const digest = content === null ? null : digestOf(Buffer.from(content))
  return { start, end, scan, type: text('type'), id: text('id'), digest }
}

/** Start and end of each element of a list. @throws JsonScanError */
function elementsOf(body: Buffer, { valueStart, valueEnd }: MemberRange): [number, number][] {
  const found: [number, number][] = []
  const last = valueEnd - 1
  let at = skipSpace(body, valueStart + 1, last)
  while (at < last) {
    const end = elementEnd(body, at, last)
    let behind = end
    while (behind > at && body[behind - 1] !== undefined && (body[behind - 1] as number) <= 0x20) behind -= 1
    found.push([at, behind])
    at = end < last ? skipSpace(body, end + 1, last) : last
  }
  return found
}

/** Offset of the comma after the element, or of the list's end. */
function elementEnd(body: Buffer, from: number, end: number): number {
  let depth = 0
  for (let at = from; at < end; ) {
    const byte = body[at] as number
    if (byte === 0x22) {
      at = skipTextUntil(body, at + 1, end, end)
      if (at < 0) throw new JsonScanError('malformed', from)
      continue
    }
    if (byte === 0x7b || byte === bracketOpen) depth += 1
    else if (byte === 0x7d || byte === bracketClose) depth -= 1
    else if (byte === comma && depth === 0) return at
    at += 1
  }
  return end
}
