import { hash32 } from './random.ts'
import { isFiller, stem, wordsOf } from './words.ts'

/** Number of places that one feature changes: with more of them short texts collide less often by chance. */
const placesPerFeature = 4
const fillerWeight = 0.15
const fragmentWeight = 0.35

/**
 * A vector of length 1 made of hashed features: stems of the words, and fragments of three letters. Texts that share
 * words or parts of words are near each other (cosine), others far. The same text has the same vector on every machine.
 */
export function embed(text: string, dimensions: number): Float32Array<ArrayBuffer> {
  const vector = new Float32Array(dimensions)
  const counts = new Map<string, number>()
  const add = (feature: string, weight: number): void => {
    counts.set(feature, (counts.get(feature) ?? 0) + weight)
  }
  for (const word of wordsOf(text)) {
    const root = stem(word)
    const weight = isFiller(word) ? fillerWeight : 1
    add(`w ${root}`, weight)
    const framed = `<${root}>`
    const fragments = Math.max(1, framed.length - 2)
    for (let at = 0; at < fragments; at += 1) {
      add(`f ${framed.slice(at, at + 3)}`, (weight * fragmentWeight) / Math.sqrt(fragments))
    }
  }
  // A text without words (only signs, or nothing) has a place of its own too.
  if (counts.size === 0) add(`t ${text}`, 1)
  for (const [feature, count] of counts) place(vector, feature, Math.log1p(count))
  return normalised(vector)
}

function place(vector: Float32Array, feature: string, weight: number): void {
  for (let copy = 0; copy < placesPerFeature; copy += 1) {
    const hash = hash32(feature, copy + 1)
    const at = (hash >>> 1) % vector.length
    vector[at] = (vector[at] ?? 0) + (hash & 1 ? weight : -weight)
  }
}

function normalised(vector: Float32Array<ArrayBuffer>): Float32Array<ArrayBuffer> {
  const length = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0))
  // Features can cancel each other in very few dimensions.
  if (length === 0) return vector.fill(1 / Math.sqrt(vector.length))
  return vector.map(value => value / length)
}
