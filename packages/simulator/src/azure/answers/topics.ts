import { type Topic, topics } from './data/index.ts'
import { contentWords, isOrder, stem, wordsOf } from './words.ts'

/** One way of naming a topic: each slot holds stems of which one must be in the question. */
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
      // The whole slot counts as well: `async/await` is one word to those who write it so.
      .map(slot => new Set([...slot.split('/'), slot].flatMap(forms))),
  })),
)

/** The ways that begin with a stem: a question looks at a dozen of them instead of at all. */
const byFirstStem = new Map<string, Naming[]>()
for (const naming of namings)
  for (const word of naming.slots[0] ?? []) byFirstStem.set(word, [...(byFirstStem.get(word) ?? []), naming])

const vocabularies = topics.map(({ ask, say, more }) => new Set(wordsOf([ask, say, ...more].join(' ')).flatMap(forms)))

/** Share of the question's own words that a topic must know, by the number of slots that met the question. */
const coverageMin = [1, 0.34, 0.2, 0.1] as const
const wordsReadMax = 60

function forms(word: string): string[] {
  const plain = word.toLowerCase()
  // Compounds are known by their parts too: a B-tree is not, `part-time` is.
  return [plain, stem(plain)]
}

/** What is known about the question, or null: the most specific way of naming wins, then the one that knows most of the question's words. */
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
