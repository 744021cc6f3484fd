import { randomFillSync } from 'node:crypto'
import type { Clock } from './clock.ts'

const idCharacters = 36
const randomBytesPerId = 10
const poolBytes = randomBytesPerId * 256
const digits = Buffer.from('0123456789abcdef', 'latin1')
const dash = 0x2d
/** Positions of the two digits of each byte in the text; dashes are left out. */
const places = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34] as const
const bytesOfTime = 6

/**
 * Makes UUIDs of version 7 (RFC 9562 section 5.7): 48 bits of milliseconds, then random bits, so ids sort by time.
 * Random bytes are drawn for 256 ids at a time, because `randomUUID` costs a system call each. The text is made in one
 * piece: a string put together from pairs of digits costs three times as much, and again when it is written somewhere.
 */
export function uuidV7(clock: Clock): () => string {
  const random = Buffer.alloc(poolBytes)
  const text = Buffer.alloc(idCharacters, dash)
  let used = poolBytes
  let writtenMs = -1

  function put(index: number, byte: number): void {
    const at = places[index] as number
    text[at] = digits[byte >> 4] as number
    text[at + 1] = digits[byte & 0x0f] as number
  }

  function putTime(ms: number): void {
    writtenMs = ms
    const high = Math.floor(ms / 0x1_0000_0000)
    for (let index = 0; index < 2; index++) put(index, (high >>> (8 - 8 * index)) & 0xff)
    for (let index = 0; index < 4; index++) put(2 + index, (ms >>> (24 - 8 * index)) & 0xff)
  }

  return () => {
    if (used === poolBytes) {
      randomFillSync(random)
      used = 0
    }
    const ms = Math.floor(clock())
    if (ms !== writtenMs) putTime(ms)
    put(bytesOfTime, 0x70 | ((random[used] as number) & 0x0f))
    put(bytesOfTime + 1, random[used + 1] as number)
    put(bytesOfTime + 2, 0x80 | ((random[used + 2] as number) & 0x3f))
    for (let index = 3; index < randomBytesPerId; index++) put(bytesOfTime + index, random[used + index] as number)
    used += randomBytesPerId
    return text.toString('latin1')
  }
}
