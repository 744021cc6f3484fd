/** Repeatable randomness: every random choice of a test comes from one seed. */
import { createCipheriv } from 'node:crypto'

export interface Random {
  readonly seed: number
  /** 0 (inclusive) .. 1 (exclusive). */
  share(): number
  /** A whole number from 0 to `count` - 1. */
  below(count: number): number
  /** True with this probability, 0..1. */
  chance(probability: number): boolean
  pick<T>(list: readonly T[]): T
}

/**
 * The seed of a run without `GATEHOUSE_TEST_SEED`: the same code gives the same result. `npm run chaos` tries others.
 */
const standardSeed = 20_261_125

/** The seed of this run: `GATEHOUSE_TEST_SEED`, or the default. */
export function seedOfRun(): number {
  const given = process.env['GATEHOUSE_TEST_SEED']
  if (given === undefined || given === '') return standardSeed
  const seed = Number(given)
  if (!Number.isSafeInteger(seed) || seed < 0) {
    throw new TypeError(
      `GATEHOUSE_TEST_SEED is "${given}"; it must be a whole number from 0, as a failed run prints it`,
    )
  }
  return seed
}

/** The generator `mulberry32`: 32 bits of state, good enough to mix calls, equal on every machine. */
export function randomOf(seed: number): Random {
  let state = seed >>> 0
  const share = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const below = (count: number): number => Math.floor(share() * count)
  return {
    seed,
    share,
    below,
    chance: probability => share() < probability,
    pick: list => {
      const picked = list[below(list.length)]
      if (picked === undefined) throw new TypeError('nothing to pick from')
      return picked
    },
  }
}

/** Bytes without a pattern, which cannot be compressed; equal for equal seeds. */
export function noiseOf(seed: number, length: number): Buffer {
  const key = Buffer.alloc(16)
  key.writeUInt32BE(seed >>> 0)
  return createCipheriv('aes-128-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(length))
}
