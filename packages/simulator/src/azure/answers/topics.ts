import { type Topic, topics } from './data/index.ts'
import { contentWords, isOrder, stem, wordsOf } from './words.ts'

/** One way of naming a topic: the question must have one stem of each slot. */
interface Naming {
  readonly topic: number
  readonly slots: readonly ReadonlySet<string>[]
}

const namings: readonly Naming[] = topics.flatMap(({ ask }, topic) =>
  ask.split('|').map(way => ({
    topic,
    slots: way
      .trim()
      .split(' ')
      // The whole slot counts as well: `async/await` can be one word of the question.
      .map(slot => new Set([...slot.split('/'), slot].flatMap(forms))),
  })),
)

/** The ways that begin with a stem, so that a question compares a dozen of them instead of all. */
const byFirstStem = new Map<string, Naming[]>()
for (const naming of namings)
  for (const word of naming.slots[0] ?? []) byFirstStem.set(word, [...(byFirstStem.get(word) ?? []), naming])

const vocabularies = topics.map(({ ask, say, more }) => new Set(wordsOf([ask, say, ...more].join(' ')).flatMap(forms)))

/** Smallest share of the question's own words that a topic must know, by the number of slots that fit the question. */
const coverageMin = [1, 0.34, 0.2, 0.1] as const
const wordsReadMax = 60

function forms(word: string): string[] {
  const plain = word.toLowerCase()
  // Compounds also count by their parts: not a B-tree, but `part-time`.
  return [plain, stem(plain)]
}

/**
 * The topic of the question, or null. The most specific way of naming wins, then the topic that knows most of the
 * question's words.
 */
export function topicFor(asked: string): Topic | null {
  const read = wordsOf(asked).slice(0, wordsReadMax)
  const stems = new Set([...read, ...asked.slice(0, 400).split(/[\s?!.,;:"]+/)].flatMap(forms))
  const telling = contentWords(read.join(' ')).filter(word => !isOrder(word))
  const candidates = new Set([...stems].flatMap(word => byFirstStem.get(word) ?? []))
  let best: { readonly topic: Topic; readonly score: number } | null = null
  for (const { topic: at, slots } of candidates) {
    if (!slots.every(slot => [...slot].some(word => stems.has(word)))) continue
    const known = vocabularies[at]
    const topic = topics[at]
    if (known === undefined || topic === undefined) continue
    const covered = telling.filter(word => forms(word).some(form => known.has(form))).length
    const coverage = covered / Math.max(1, telling.length)
    if (coverage < (coverageMin[Math.min(3, slots.length)] ?? 1)) continue
    const score = slots.length + coverage
    if (best === null || score > best.score) best = { topic, score }
  }
  return best?.topic ?? null
}
