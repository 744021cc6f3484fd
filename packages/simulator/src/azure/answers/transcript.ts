import { endings, openings, points } from './data/index.ts'
import { dice } from './random.ts'

/** The text of a recording: two or three sentences of a meeting. The same bytes and seed give the same text. */
export function transcript(bytes: Uint8Array, seed: number): string {
  // The first megabyte distinguishes recordings; uploads may have 25.
  const luck = dice(seed, `${bytes.byteLength} ${Buffer.from(bytes.subarray(0, 1_048_576)).toString('latin1')}`)
  return [luck.pick(openings), luck.pick(points), luck.pick(endings)].join(' ')
}
