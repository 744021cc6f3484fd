import { foreignRows, foreignUnknown, telltales } from './data/index.ts'
import { type ForeignLanguage, type Language, languages } from './data/languages.ts'
import type { Scene } from './scene.ts'
import { sentencesOf, topicPhrase } from './words.ts'

const languageNames: Readonly<Record<ForeignLanguage, RegExp>> = {
  german: /\b(?:german|deutsch|auf deutsch)\b/i,
  french: /\b(?:french|français|francais)\b/i,
  spanish: /\b(?:spanish|español|espanol)\b/i,
  italian: /\b(?:italian|italiano)\b/i,
}

/** The language of the answer: the one that an instruction names (`Answer in French`), else that of the question. */
export function answerLanguage(scene: Scene): Language {
  const instructions = languages.find(language => {
    if (language === 'english') return false
    const name = languageNames[language]
    const order = new RegExp(
      String.raw`\b(?:in|auf|en|speak|use|antworte|réponds?|responde|rispondi)\s+(?:\w+\s+){0,2}?${name.source}`,
      'i',
    )
    return order.test(scene.instructions) || order.test(scene.question)
  })
  if (instructions !== undefined) return instructions
  const words = new Set(scene.question.toLowerCase().match(/\p{L}+/gu) ?? [])
  const scores = languages.flatMap(language => {
    return language === 'english'
      ? []
      : [{ language, hits: [...telltales[language]].filter(word => words.has(word)).length }]
  })
  const best = scores.reduce((left, right) => (right.hits > left.hits ? right : left))
  return best.hits >= 2 ? best.language : 'english'
}

/** An answer in another language: to what employees ask most, else an honest "I do not know". Null for English. */
export function foreignAnswer(scene: Scene): string | null {
  const language = answerLanguage(scene)
  if (language === 'english') return null
  const row = foreignRows.find(({ ask }) => ask.test(scene.question))
  if (row !== undefined) return row.say[language]
  return scene.luck.pick(foreignUnknown[language]).replace('{topic}', () => topicPhrase(scene.question))
}

/** Number of sentences in a brief answer. */
const briefSentences = 3

/** Applies brevity, lists and manner as system messages want them. Code, letters and lists are unchanged. */
export function inTone(answer: string, scene: Scene): string {
  const instructions = `${scene.instructions}\n${scene.question}`
  if (answer.includes('\n')) return answer
  const sentences = sentencesOf(answer)
  if (/\b(?:one|single) sentence\b/i.test(instructions)) return sentences[0] ?? answer
  const count = /\b(?:two|2) sentences\b/i.test(instructions)
    ? 2
    : /\b(?:concise(?:ly)?|brief(?:ly)?|short(?:ly)?|terse)\b/i.test(instructions)
      ? briefSentences
      : sentences.length
  const kept = sentences.slice(0, count)
  if (/\bbullet/i.test(instructions) && kept.length > 1) return kept.map(sentence => `- ${sentence}`).join('\n')
  const text = kept.length < sentences.length ? kept.join(' ') : answer
  if (/\bpirate\b/i.test(scene.instructions)) return `Arr, matey! ${text} Fair winds to ye!`
  return /\bformal(?:ly)?\b/i.test(scene.instructions) ? `Thank you for your enquiry. ${text}` : text
}
