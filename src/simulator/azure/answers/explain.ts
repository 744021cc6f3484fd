import { glossary } from './data/glossary.ts'
import { type KnowledgeRow, knowledge } from './data/knowledge.ts'
import { frames } from './data/phrases.ts'
import type { Scene } from './scene.ts'
import { foreignAnswer } from './tone.ts'
import { capitalised, contentWords, stem, topicPhrase, wordsOf } from './words.ts'

const leadWeight = 3

interface WordForms {
  readonly plain: string
  readonly root: string
}

/** Stemmed once: doing it in each answer took most of its time. */
const stemmedRows = knowledge.map(row => ({ row, lead: wordForms(row.lead), near: wordForms(row.near) }))
const termPatterns = Object.keys(glossary).map(term => ({
  term,
  pattern: new RegExp(String.raw`(?<![\w-])${term}(?![\w-])`),
}))

function wordForms(words: string): WordForms[] {
  return words.split(' ').map(plain => ({ plain, root: stem(plain) }))
}

/** Answers any question: from the row that knows it, else with advice around the question's own words. */
export function explanation(scene: Scene): string {
  const foreign = foreignAnswer(scene)
  if (foreign !== null) return foreign
  const terms = definitions(scene)
  if (terms !== null) return terms
  const [row, second] = knownRows(scene.asked)
  if (row === undefined) return advice(scene)
  const compares = /\b(?:compare|difference|versus|vs|better|or|between)\b/i.test(scene.asked)
  return told(compares && second !== undefined ? [row, second] : [row], scene)
}

/** The row whose words the question uses most, if any. */
export function bestRow(asked: string): KnowledgeRow | null {
  return knownRows(asked)[0] ?? null
}

/** Rows with at least one of their lead words in the question, or three others, best first. */
function knownRows(asked: string): KnowledgeRow[] {
  const stems = new Set(wordsOf(asked).flatMap(word => [word.toLowerCase(), stem(word)]))
  return stemmedRows
    .map(({ row, lead, near }) => ({ row, score: leadWeight * hits(lead, stems) + hits(near, stems) }))
    .filter(({ score }) => score >= leadWeight)
    .sort((left, right) => right.score - left.score)
    .map(({ row }) => row)
}

/** How many of the words are in the question, by either form. */
function hits(words: readonly WordForms[], stems: ReadonlySet<string>): number {
  return words.filter(({ plain, root }) => stems.has(root) || stems.has(plain)).length
}

function told(rows: readonly KnowledgeRow[], { asked, luck }: Scene): string {
  const topic = topicPhrase(asked)
  const stems = new Set(contentWords(asked).map(stem))
  // Facts that use the question's words come first; the rest is a matter of luck.
  const perRow = rows.length > 1 ? 2 : 2 + luck.below(3)
  const chosen = rows.flatMap(row => {
    const ranked = row.facts.map(fact => ({
      fact,
      score: contentWords(fact).filter(word => stems.has(stem(word))).length + luck.next(),
    }))
    return ranked.sort((left, right) => right.score - left.score).slice(0, perRow)
  })
  const openings = [
    `On “${topic}”:`,
    `Regarding ${topic}, this is what applies.`,
    `${capitalised(topic)}: here is what to know.`,
  ]
  const endings = [
    'If your case is a special one, tell me more and I will look closer.',
    'Shall I go into one of these points?',
    `Does that answer your question about ${topic}?`,
  ]
  return [luck.pick(openings), ...chosen.map(({ fact }) => fact), luck.pick(endings)].join(' ')
}

function advice({ asked, luck }: Scene): string {
  const words = contentWords(asked)
  if (words.length === 0)
    return 'I am not sure what you would like to know. Could you say it in a sentence, with what you want to achieve and what you have tried?'
  const topic = topicPhrase(asked)
  const word = luck.pick(words)
  const other = luck.pick(words.length > 1 ? words.filter(candidate => candidate !== word) : [topic])
  const frame = /\b(?:how (?:do|can|should|to)|should|plan|help|prepare|improve|suggest|recommend|best way)\b/i.test(
    asked,
  )
    ? frames.advising
    : frames.explaining
  return [
    luck.pick<string>(frame.openings),
    ...luck.some<string>(frame.points, 2 + luck.below(2)),
    luck.pick<string>(frame.endings),
  ]
    .map(part => capitalised(part.replaceAll('{topic}', topic).replaceAll('{word}', word).replaceAll('{other}', other)))
    .join(' ')
}

/** What is asked for by its name: "what is X", "explain X to ...", "the difference between X and Y". Null unless all that is asked is known. */
function definitions({ asked, luck }: Scene): string | null {
  if (!/\b(?:what (?:is|are|does)|define|explain|meaning|mean|difference|compare|versus|vs)\b/i.test(asked)) return null
  const lower = asked.toLowerCase()
  const known = termPatterns.filter(({ pattern }) => pattern.test(lower)).map(({ term }) => term)
  if (known.length === 0 || (contentWords(asked).length > 3 && known.length < 2)) return null
  const ordered = known.toSorted((left, right) => lower.indexOf(left) - lower.indexOf(right))
  const named = (term: string): string =>
    term.length <= 6 && /^(?:tcp|udp|http|rest|sla|ebitda|roi|json|yaml)$/.test(term)
      ? term.toUpperCase()
      : capitalised(term)
  const sentences = ordered.map(term => `${named(term)} is ${glossary[term]}.`)
  const together =
    ordered.length > 1
      ? `So the choice between ${ordered.map(named).join(' and ')} follows from what you need more.`
      : luck.pick(['Shall I give you an example?', 'In practice it is seen best in a small example; I can write one.'])
  return [...sentences, together].join(' ')
}
