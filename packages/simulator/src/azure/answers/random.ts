/** A source of choices that is the same for the same seed and text, on every machine. */
export interface Dice {
  /** 0 <= value < 1. */
  next(): number
  /** Whole, 0 <= value < below. */
  below(below: number): number
  /** One of the list. @throws RangeError for an empty list. */
  pick<T>(list: readonly T[]): T
  /** At most `count` different ones, in the order of the list. */
  some<T>(list: readonly T[], count: number): T[]
}

/** 32-bit FNV-1a with a final mix: similar texts get very different values. */
export function hash32(text: string, seed = 0): number {
  let hash = (0x811c9dc5 ^ seed) >>> 0
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}

/** Mulberry32 over the hash of the text. */
export function dice(seed: number, text: string): Dice {
  let state = hash32(text, seed)
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000
  }
  const below = (limit: number): number => Math.floor(next() * limit)
  return {
    next,
    below,
    pick(list) {
      const at = below(list.length)
      for (const [index, item] of list.entries()) if (index === at) return item
      throw new RangeError('Nothing to pick from: the list is empty.')
    },
    some(list, count) {
      const ranked = list.map((item, index) => ({ item, index, rank: next() }))
      const chosen = ranked.sort((left, right) => left.rank - right.rank).slice(0, count)
      return chosen.sort((left, right) => left.index - right.index).map(({ item }) => item)
    },
  }
}
