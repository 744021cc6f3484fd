import { drawOf } from '../seed.ts'

/** Deltas are padded to a multiple of this many characters, so that their size does not show the length of a token. */
const blockChars = 16

const letters = Array.from({ length: 64 }, (_, at) => drawOf('obfuscation', at).id('', 64)).join('')

/**
 * The padding of a delta: 1 .. 16 letters and digits, decided by `at`, the number of its event. Recorded answers of the
 * service have 12 beside 4 characters, 15 beside one and 8 beside 8.
 */
export function obfuscation(delta: string, at: number): string {
  const start = (at * 53) % (letters.length - blockChars)
  return letters.slice(start, start + blockChars - (delta.length % blockChars))
}
