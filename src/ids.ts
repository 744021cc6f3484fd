import { randomFillSync } from 'node:crypto'
import type { Clock } from './clock.ts'

const hex = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))
const poolBytes = 10 * 256

/**
 * Makes UUIDs of version 7 (RFC 9562 section 5.7): 48 bits of milliseconds, then random, so that ids sort by time.
 * Random bytes are drawn 256 ids at a time: `randomUUID` costs a system call each.
 */
export function uuidV7(clock: Clock): () => string {
  const random = Buffer.alloc(poolBytes)
  let used = poolBytes
  const h = (byte: number): string => hex[byte & 0xff] as string
  return () => {
    if (used === poolBytes) {
      randomFillSync(random)
      used = 0
    }
    const at = Math.floor(clock())
    const high = Math.floor(at / 0x1_0000_0000)
    const low = at >>> 0
    const r = (index: number): number => random[used + index] as number
    const id =
      `${h(high >>> 8)}${h(high)}${h(low >>> 24)}${h(low >>> 16)}-${h(low >>> 8)}${h(low)}` +
      `-${h(0x70 | (r(0) & 0x0f))}${h(r(1))}-${h(0x80 | (r(2) & 0x3f))}${h(r(3))}` +
      `-${h(r(4))}${h(r(5))}${h(r(6))}${h(r(7))}${h(r(8))}${h(r(9))}`
    used += 10
    return id
  }
}
