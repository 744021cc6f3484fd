/**
 * Finds the objects that a JSON body refers to by id, anywhere in it. All references count, also those under a key that
 * is there twice or is written with escapes: `JSON.parse` would show one, and the instance might use the other.
 *
 * The instance looks some of them up; others come along, with their content, in earlier answers that a client sends
 * back (`echoed`). Members that the caller fills freely are left out (metadata, attributes, schemas of functions and
 * formats).
 */

import { digestOf } from './encrypted.ts'
import { type Item, itemOf, mustBeKnown, noteFilled, noteMember, saysWhat } from './items.ts'
import { unescaped } from './json-bytes.ts'
import {
  depthMax,
  JsonScanError,
  outsideTexts,
  requestCaps,
  skipSpace,
  skipTextUntil,
  tooManyParts,
} from './json-scan.ts'
import type { ObjectKind } from './objects.ts'
import type { Sliced } from './slices.ts'

/**
 * Items are parts of responses and conversations. Reasoning is content that only the instance that encrypted it can
 * read; its id is the digest of the content. Audio is an answer that a later turn of a chat names.
 */
export type ReferenceKind = ObjectKind | 'item' | 'reasoning' | 'audio'

export interface Reference {
  readonly id: string
  readonly kind: ReferenceKind
  /** The member that names the object. */
  readonly param: string
  /** True where the call brings the content along, or only mentions the id: an unknown one may pass. */
  readonly echoed: boolean
}

interface IdPlace {
  readonly kind: ReferenceKind
  /** True for a member of the body itself only. */
  readonly outermost?: true
  /** Only in an object under this key. */
  readonly under?: string
  /** Only inside of this member of the body. */
  readonly inside?: string
}

/** Members whose text or list of texts are ids that the instance looks up. */
const places: ReadonlyMap<string, readonly IdPlace[]> = new Map<string, readonly IdPlace[]>([
  ['file_id', [{ kind: 'file' }]],
  ['file_ids', [{ kind: 'file' }]],
  ['input_file_id', [{ kind: 'file', outermost: true }]],
  ['training_file', [{ kind: 'file', outermost: true }]],
  ['validation_file', [{ kind: 'file', outermost: true }]],
  ['vector_store_ids', [{ kind: 'vector_store' }]],
  ['previous_response_id', [{ kind: 'response', outermost: true }]],
  ['conversation', [{ kind: 'conversation', outermost: true }]],
  [
    'id',
    [
      { kind: 'conversation', under: 'conversation' },
      { kind: 'audio', under: 'audio', inside: 'messages' },
      { kind: 'file', under: 'source', inside: 'data_source' },
    ],
  ],
  ['container', [{ kind: 'container', under: 'tools' }]],
  ['container_id', [{ kind: 'container', under: 'environment' }]],
])

/** Members that mention ids: their owner matters, but they may be unknown. */
const mentions: ReadonlyMap<string, ReferenceKind> = new Map<string, ReferenceKind>([
  ['id', 'item'],
  ['approval_request_id', 'item'],
  ['container_id', 'container'],
  ['container', 'container'],
  ['file_id', 'file'],
  ['file_ids', 'file'],
  ['vector_store_ids', 'vector_store'],
  ['previous_response_id', 'response'],
  ['conversation', 'conversation'],
])

/** Members that the caller fills freely: they are not searched. */
const free: ReadonlySet<string> = new Set(['attributes', 'metadata', 'parameters', 'schema'])
/** Members with citations of earlier answers: mentioned, and not looked up. */
const citing: ReadonlySet<string> = new Set(['annotations', 'results'])
/** Members of the body whose members are items. */
const itemLists: ReadonlySet<string> = new Set(['input', 'items'])
/** Members whose ids name calls of tools; the model makes these up. */
const messages = 'messages'

/** Longest key that can matter, with every character escaped. */
const keyBytesMax = 160
const idBytesMax = 2_048

/** Most different objects that one body may refer to. Each of them may have to be looked up. */
export const referencesMax = 1_000
/** Most different objects that a body may mention: a long conversation that is sent back has some per turn. */
const mentionsMax = 10_000

const none: readonly Reference[] = []

/**
 * Escapes that could hide a letter or the underscore of a key. Python escapes everything that is not ASCII, but never
 * these.
 */
const escapesOfLetters = ['\\u005', '\\u006', '\\u007'].map(text => Buffer.from(text))
const escapeOfAscii = Buffer.from('\\u00')

/**
 * @param words A body that refers to anything contains at least one of them: without them the body is not searched.
 * @throws JsonScanError when the body cannot be read.
 */
export function findReferences(bytes: Buffer, words: readonly string[]): readonly Reference[] {
  return inSlice(new ReferenceSearch(bytes, words), bytes)
}

/** False when a body contains none of the words, however its keys are escaped: then it refers to nothing. */
function mayRefer(bytes: Buffer, words: readonly string[]): boolean {
  if (words.some(word => bytes.includes(word))) return true
  return bytes.includes(escapeOfAscii) && escapesOfLetters.some(letter => bytes.includes(letter))
}

/** Longer than any of the words: each window reaches this far into the next one. */
const overlapBytes = 64

/**
 * `findReferences` piece by piece: it searches the words window by window, and reads the body from the first window
 * that has one.
 */
export class ReferenceSearch implements Sliced<readonly Reference[]> {
  readonly #bytes: Buffer
  readonly #words: readonly string[]
  #looked = 0
  #finder: ReferenceFinder | null = null

  constructor(bytes: Buffer, words: readonly string[]) {
    this.#bytes = bytes
    this.#words = words
  }

  /** @throws JsonScanError */
  advance(bytes: number): boolean {
    if (this.#finder !== null) return this.#finder.advance(bytes)
    const window = this.#bytes.subarray(this.#looked, this.#looked + bytes + overlapBytes)
    this.#looked += bytes
    if (!mayRefer(window, this.#words)) return this.#looked >= this.#bytes.length
    this.#finder = new ReferenceFinder(this.#bytes)
    return false
  }

  /** @throws JsonScanError */
  result(): readonly Reference[] {
    return this.#finder === null ? none : this.#finder.result()
  }
}

/**
 * Finds references without searching the words first. @throws JsonScanError when the body is no JSON object, as far as
 * its structure shows.
 */
export function allReferences(bytes: Buffer): readonly Reference[] {
  return inSlice(new ReferenceFinder(bytes), bytes)
}

function inSlice<T>(work: Sliced<T>, bytes: Buffer): T {
  while (!work.advance(bytes.length));
  return work.result()
}

interface ReferenceFrame {
  readonly isList: boolean
  /** Key of the value; lists pass theirs on. */
  readonly name: string
  /** Member of the body that contains it; empty for the body itself. */
  readonly root: string
  readonly isFree: boolean
  readonly cites: boolean
  /** True for a list of items. */
  readonly holdsItems: boolean
  /** Offset of its opening bracket. */
  readonly start: number
  /** The member whose value comes next. */
  key: string
  /** The item's own members; null for everything else. */
  readonly item: Item | null
}

/** `allReferences` piece by piece. */
export class ReferenceFinder implements Sliced<readonly Reference[]> {
  readonly #bytes: Buffer
  readonly #found = new Map<string, Reference>()
  readonly #frames: ReferenceFrame[] = []
  #began = false
  #mentioned = 0
  #at: number
  #parts = 0
  /** Start of the text in which the scan paused; -1 between texts. */
  #textFrom = -1

  /** @throws JsonScanError not_an_object */
  constructor(bytes: Buffer) {
    this.#bytes = bytes
    let at = skipSpace(bytes, 0, bytes.length)
    if (bytes[at] === 0xef && bytes[at + 1] === 0xbb && bytes[at + 2] === 0xbf) at += 3
    this.#at = skipSpace(bytes, at, bytes.length)
    if (bytes[this.#at] !== 0x7b) throw new JsonScanError('not_an_object', this.#at)
  }

  /** @throws JsonScanError */
  advance(bytes: number): boolean {
    const to = this.#at + bytes
    const stop = Math.min(to, this.#bytes.length)
    while (this.#at < stop) this.#at = this.#token(this.#at, to)
    return this.#at >= this.#bytes.length
  }

  /** Only after `advance` has returned true. @throws JsonScanError malformed when the body breaks off. */
  result(): readonly Reference[] {
    if (this.#frames.length > 0 || this.#at < this.#bytes.length)
      throw new JsonScanError('malformed', this.#bytes.length)
    return [...this.#found.values()]
  }

  /** @returns the offset after the token. */
  #token(at: number, to: number): number {
    if (this.#textFrom !== -1) return this.#string(this.#textFrom, at, to)
    const byte = this.#bytes[at] as number
    switch (byte) {
      case 0x22:
        return this.#string(at, at + 1, to)
      case 0x7b:
      case 0x5b:
        this.#open(byte === 0x5b, at)
        return at + 1
      case 0x7d:
      case 0x5d:
        this.#close(byte === 0x5d, at)
        return at + 1
      default:
        if (!outsideTexts[byte] || (this.#frames.length === 0 && byte > 0x20)) throw new JsonScanError('malformed', at)
        return at + 1
    }
  }

  /** @param at Offset of its opening quote. @param from Offset within it at which to continue. */
  #string(at: number, from: number, to: number): number {
    const bytes = this.#bytes
    const frame = this.#frames.at(-1)
    if (frame === undefined) throw new JsonScanError('malformed', at)
    const end = skipTextUntil(bytes, from, to, bytes.length)
    this.#textFrom = end < 0 ? at : -1
    if (end < 0) return ~end
    this.#countPart(at)
    if (frame.isList) this.#value(frame, frame.name, at, end)
    else if (bytes[skipSpace(bytes, end, bytes.length)] === 0x3a) frame.key = this.#key(at, end)
    else this.#value(frame, frame.key, at, end)
    return end
  }

  #key(at: number, end: number): string {
    return end - at > keyBytesMax ? '' : this.#text(at, end)
  }

  #value(frame: ReferenceFrame, key: string, at: number, end: number): void {
    if (frame.isFree) return
    if (frame.item !== null && end - at > 2) noteFilled(frame.item, key)
    if (key === 'encrypted_content' && !frame.cites) {
      if (end - at > 2) this.#add(this.#digest(at, end), 'reasoning', key, true)
      return
    }
    if (end - at > idBytesMax) return
    if (frame.item !== null && saysWhat(key)) {
      noteMember(frame.item, key, this.#text(at, end))
      return
    }
    const place = frame.cites ? undefined : places.get(key)?.find(one => this.#isAt(frame, one))
    if (place !== undefined) {
      this.#add(this.#text(at, end), place.kind, place.under === 'conversation' ? place.under : key, false)
      return
    }
    const kind = mentions.get(key)
    if (kind !== undefined && !(kind === 'item' && frame.root === messages)) {
      this.#add(this.#text(at, end), kind, key, true)
    }
  }

  #isAt(frame: ReferenceFrame, { outermost, under, inside }: IdPlace): boolean {
    // True for a member of the body itself, and for an element of such a list.
    if (outermost === true) return this.#frames.length === (frame.isList ? 2 : 1)
    return (under === undefined || frame.name === under) && (inside === undefined || frame.root === inside)
  }

  #digest(at: number, end: number): string {
    const raw = this.#bytes.subarray(at + 1, end - 1)
    return digestOf(raw.includes(0x5c) ? Buffer.from(this.#text(at, end)) : raw)
  }

  #open(isList: boolean, at: number): void {
    this.#countPart(at)
    const parent = this.#frames.at(-1)
    if (this.#frames.length >= depthMax) throw new JsonScanError('too_deep', at)
    if (parent === undefined) {
      if (this.#began) throw new JsonScanError('malformed', at)
      this.#began = true
      this.#frames.push({ ...bodyFrame, isList, start: at })
      return
    }
    const name = parent.isList ? parent.name : parent.key
    const isOutermost = this.#frames.length === 1
    const holds = parent.holdsItems || (isOutermost && itemLists.has(name))
    this.#frames.push({
      isList,
      name,
      root: isOutermost ? name : parent.root,
      isFree: parent.isFree || free.has(name),
      cites: parent.cites || citing.has(name),
      holdsItems: holds && isList,
      start: at,
      key: '',
      item: holds && !isList ? itemOf() : null,
    })
  }

  #close(isList: boolean, at: number): void {
    const frame = this.#frames.pop()
    if (frame === undefined || frame.isList !== isList) throw new JsonScanError('malformed', at)
    const parent = this.#frames.at(-1)
    if (parent?.item != null && skipSpace(this.#bytes, frame.start + 1, at) < at) noteFilled(parent.item, parent.key)
    const { item } = frame
    if (item === null || item.ids.length === 0) return
    const echoed = !mustBeKnown(item)
    for (const id of item.ids) this.#add(id, 'item', 'input', echoed)
  }

  #countPart(at: number): void {
    this.#parts += 1
    if (this.#parts > requestCaps.parts) throw tooManyParts(at)
  }

  #add(id: string, kind: ReferenceKind, param: string, echoed: boolean): void {
    const before = this.#found.get(id)
    // A reference that is looked up in one place stays one, even if another place only mentions it.
    if (before !== undefined && (echoed || !before.echoed)) return
    if (before === undefined && echoed) this.#mentioned += 1
    if (before !== undefined) this.#mentioned -= 1
    this.#found.set(id, { id, kind, param, echoed })
    if (this.#mentioned > mentionsMax)
      throw new JsonScanError('too_many', this.#at, 'ids of stored objects', mentionsMax)
    if (this.#found.size - this.#mentioned > referencesMax)
      throw new JsonScanError('too_many', this.#at, 'references to stored objects', referencesMax)
  }

  #text(at: number, end: number): string {
    const text = unescaped(this.#bytes.toString('utf8', at + 1, end - 1))
    if (text === null) throw new JsonScanError('malformed', at)
    return text
  }
}

const bodyFrame: Omit<ReferenceFrame, 'isList' | 'start'> = {
  name: '',
  root: '',
  isFree: false,
  cites: false,
  holdsItems: false,
  key: '',
  item: null,
}
