import { hash, randomBytes } from 'node:crypto'

const base62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

/** The source of ids and numbers of one call. With equal roots, equal labels give equal draws. */
export class Draw {
  readonly #root: string
  constructor(root: string) {
    this.#root = root
  }

  /** Whole number, 0..2^32-1. */
  number(label: string): number {
    return hash('sha256', `${this.#root}:${label}`, 'buffer').readUInt32BE(0)
  }

  /** 0 (included) .. 1 (excluded). */
  share(label: string): number {
    return this.number(label) / 0x1_0000_0000
  }

  /** `prefix` and up to 32 letters and digits, as chatcmpl-Bx81… */
  id(prefix: string, letters: number, label = 'id'): string {
    const digest = hash('sha256', `${this.#root}:${prefix}:${label}`, 'buffer')
    let text = prefix
    for (let at = 0; at < letters; at += 1) text += base62[(digest[at % digest.length] ?? 0) % 62]
    return text
  }

  /** `prefix` and up to 64 hexadecimal digits, as resp_68a1… */
  hexId(prefix: string, digits: number, label = 'id'): string {
    return prefix + hash('sha256', `${this.#root}:${prefix}:${label}`, 'hex').slice(0, digits)
  }
}

/**
 * A draw that no other call shares.
 * @param random default: the machine's randomness.
 */
export function freshDraw(random?: () => number): Draw {
  return new Draw(random === undefined ? randomBytes(16).toString('hex') : `${random()} ${random()}`)
}

/** A draw that follows only from its parts. */
export function drawOf(...parts: readonly (string | number)[]): Draw {
  return new Draw(hash('sha256', parts.join('\n'), 'hex'))
}

/** Numbers 0 .. 1 in a sequence that the seed decides (mulberry32); without a seed, the machine's randomness. */
export function sequence(seed: number | null): () => number {
  if (seed === null) return Math.random
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000
  }
}
