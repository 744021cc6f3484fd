/** Names in fewer columns than they have: cut, and still different from each other. */
import { columnsOf, cutToColumns } from './printable.ts'

const ellipsis = '…'
/** Names that share a longer beginning are cut in their middle instead, so that they do not take the whole line. */
const sharedMost = 32

/** Least width at which all names differ when their ends are cut: their longest shared beginning, one more, and `…`. */
export function distinctWidth(names: Iterable<string>): number {
  const sorted = [...new Set(names)].sort()
  let shared = 0
  for (const [at, name] of sorted.entries()) {
    const next = sorted[at + 1]
    if (next !== undefined) shared = Math.max(shared, columnsOf(sharedBeginning(name, next)))
  }
  return Math.min(shared, sharedMost) + 2
}

function sharedBeginning(one: string, other: string): string {
  let at = 0
  while (at < one.length && one[at] === other[at]) at += 1
  return one.slice(0, at)
}

/**
 * Cuts the names of one column. Known names never get the same text, nor does a further one get that of another, unless
 * it is too narrow for numbers.
 */
export class DistinctNames {
  readonly #width: number
  readonly #cut: Cut
  readonly #shown = new Map<string, string>()
  readonly #taken = new Set<string>()

  /** @param known those that are shown for certain; they decide where names are cut. */
  constructor(known: Iterable<string>, width: number) {
    const names = [...new Set(known)]
    this.#width = width
    this.#cut = cuts.find(cut => isDistinct(names.map(name => cut(name, width)))) ?? cutMiddle
    // Names that fit keep their own text.
    for (const name of names) if (columnsOf(name) <= width) this.#keep(name, name)
    for (const name of names) this.show(name)
  }

  show(name: string): string {
    return this.#shown.get(name) ?? this.#keep(name, this.#unused(name))
  }

  /** True where the text of a further name is as long and as plain as those of the known ones. */
  isPlain(name: string): boolean {
    return this.#shown.has(name) || !this.#taken.has(this.#cut(name, this.#width))
  }

  #keep(name: string, text: string): string {
    this.#shown.set(name, text)
    this.#taken.add(text)
    return text
  }

  #unused(name: string): string {
    const text = this.#cut(name, this.#width)
    if (!this.#taken.has(text)) return text
    for (let number = 2; ; number++) {
      const end = `${ellipsis}${number}`
      if (columnsOf(end) > this.#width) return text
      const numbered = beginning(name, this.#width - columnsOf(end)) + end
      if (!this.#taken.has(numbered)) return numbered
    }
  }
}

type Cut = (name: string, width: number) => string
const cuts: readonly Cut[] = [cutToColumns, cutMiddle]

function isDistinct(texts: readonly string[]): boolean {
  return new Set(texts).size === texts.length
}

/** `dev-open…ance-2` */
function cutMiddle(name: string, width: number): string {
  if (columnsOf(name) <= width || width < 3) return cutToColumns(name, width)
  const room = width - 1
  const end = ending(name, Math.floor(room / 2))
  return beginning(name, room - columnsOf(end)) + ellipsis + end
}

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' })

function beginning(text: string, most: number): string {
  return fitting(
    [...graphemes.segment(text)].map(({ segment }) => segment),
    most,
  ).join('')
}

function ending(text: string, most: number): string {
  return fitting([...graphemes.segment(text)].map(({ segment }) => segment).reverse(), most)
    .reverse()
    .join('')
}

/** The first ones that fit into so many columns. */
function fitting(segments: readonly string[], most: number): string[] {
  const kept: string[] = []
  let columns = 0
  for (const segment of segments) {
    columns += columnsOf(segment)
    if (columns > most) break
    kept.push(segment)
  }
  return kept
}
