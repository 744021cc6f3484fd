import { endings, openings, points } from './data/index.ts'
import { dice } from './random.ts'

/** What was said in a recording: two or three sentences of a meeting, the same for the same bytes and seed. */
export function transcript(bytes: Uint8Array, seed: number): string {
  // A megabyte tells recordings apart; uploads may have 25.
  const luck = dice(seed, `${bytes.byteLength} ${Buffer.from(bytes.subarray(0, 1_048_576)).toString('latin1')}`)
  return [luck.pick(openings), luck.pick(points), luck.pick(endings)].join(' ')
}
