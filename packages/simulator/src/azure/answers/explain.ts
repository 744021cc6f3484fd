import { glossary, type KnowledgeRow, knowledge, type Topic } from './data/index.ts'
import type { Intent, Scene } from './scene.ts'
import { foreignAnswer } from './tone.ts'
import { topicFor } from './topics.ts'
import { unknown } from './unknown.ts'
import { capitalised, contentWords, isOrder, stem, wordsOf } from './words.ts'

const leadWeight = 3

interface WordForms {
  readonly plain: string
  readonly root: string
}

/** Stemmed once: doing it for each answer took most of its time. */
const stemmedRows = knowledge.map(row => ({ row, lead: wordForms(row.lead), near: wordForms(row.near) }))
const termPatterns = Object.keys(glossary).map(term => ({
  term,
  pattern: new RegExp(String.raw`(?<![\w-])${term}(?![\w-])`),
}))

function wordForms(words: string): WordForms[] {
  return words.split(' ').map(plain => ({ plain, root: stem(plain) }))
}

/**
 * Answers any question: from the topic that it names, else from a row of facts near it, else with an honest "I do not
 * know".
 */
export function explanation(scene: Scene): string {
  return foreignAnswer(scene) ?? known(scene) ?? unknown(scene)
}

/** An answer from the data files, else null. */
export const known: Intent = scene => {
  const topic = topicFor(scene.question)
  if (topic !== null) return fromTopic(topic, scene)
  return definitions(scene) ?? facts(scene)
}

function fromTopic({ say, more, next }: Topic, { luck }: Scene): string {
  const deeper = luck.some(more, 2 + luck.below(2)).join(' ')
  const question = next !== undefined && luck.below(2) === 0 ? next : ''
  const seam = say.includes('\n') ? '\n\n' : ' '
  return `${say}${seam}${[deeper, question].filter(part => part !== '').join(' ')}`.trim()
}

/** Two to four facts of the nearest row; those with the question's words come first. */
function facts({ question, luck }: Scene): string | null {
  const stems = new Set(wordsOf(question).flatMap(word => [word.toLowerCase(), stem(word)]))
  const telling = contentWords(question).filter(word => !isOrder(word))
  const ranked = stemmedRows
    .map(({ row, lead, near }) => {
      const leading = hits(lead, stems)
      return {
        row,
        hit: leading + hits(near, stems),
        score: leading === 0 ? 0 : leadWeight * leading + hits(near, stems),
      }
    })
    // One common word with a long question is a coincidence.
    .filter(({ score, hit }) => score > 0 && hit / Math.max(1, telling.length) >= 0.3)
    .sort((left, right) => right.score - left.score)
  const [first, second] = ranked
  if (first === undefined) return null
  const compares = /\b(?:compare|difference|versus|vs|better|between)\b/i.test(question)
  if (compares && second !== undefined)
    return [...chosen(first.row, 2, stems, luck), ...chosen(second.row, 2, stems, luck)].join(' ')
  return chosen(first.row, 2 + luck.below(2), stems, luck).join(' ')
}

function chosen(row: KnowledgeRow, count: number, stems: ReadonlySet<string>, luck: Scene['luck']): string[] {
  const ranked = row.facts.map(fact => ({
    fact,
    score: contentWords(fact).filter(word => stems.has(stem(word))).length + luck.next(),
  }))
  return ranked
    .sort((left, right) => right.score - left.score)
    .slice(0, count)
    .map(({ fact }) => fact)
}

/** Number of words that the question has, in either form. */
function hits(words: readonly WordForms[], stems: ReadonlySet<string>): number {
  return words.filter(({ plain, root }) => stems.has(root) || stems.has(plain)).length
}

/**
 * Definitions of the terms in "what is X", "explain X to ...", "the difference between X and Y". Null unless all of the
 * question's terms are known.
 */
function definitions({ question, luck }: Scene): string | null {
  if (
    !/\b(?:what (?:is|are|does)|what['’]s|what about|^and\b|define|explain|meaning|mean|difference|compare|versus|vs)\b/i.test(
      question,
    )
  )
    return null
  const lower = question.toLowerCase()
  const found = termPatterns.filter(({ pattern }) => pattern.test(lower)).map(({ term }) => term)
  const telling = contentWords(question).filter(word => !isOrder(word))
  if (found.length === 0 || (telling.length > 2 && found.length < 2)) return null
  const ordered = found.toSorted((left, right) => lower.indexOf(left) - lower.indexOf(right))
  const named = (term: string): string =>
    /^(?:tcp|udp|http|rest|sla|ebitda|roi|json|yaml|api)$/.test(term) ? term.toUpperCase() : capitalised(term)
  const sentences = ordered.map(term => `${named(term)} is ${glossary[term]}.`)
  const ending = luck.pick([
    'Shall I give you an example?',
    'Tell me where you came across it, and I can say what it means there.',
    'Would you like to see how it is used in practice?',
  ])
  return [...sentences, ending].join(' ')
}
