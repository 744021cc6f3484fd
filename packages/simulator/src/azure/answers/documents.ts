import { plainWords } from './data/index.ts'
import { factsOf } from './facts.ts'
import type { Intent } from './scene.ts'
import { capitalised, contentWords, isFiller, sentencesOf, stem, wordsOf } from './words.ts'

/** Summaries of a text in the message: its own sentences with the most words that it repeats. */
export const summary: Intent = ({ question, messages, luck }) => {
  if (!/\b(?:summar(?:y|i[sz]e|i[sz]ing)|tl;?dr|key points|main points|in a nutshell)\b/i.test(question)) return null
  const text = attachedText(question) ?? messages.findLast(turn => turn.role === 'user' && turn.text.length > 300)?.text
  if (text === undefined || text === null) return null
  const chosen = centralSentences(text, 3)
  if (chosen.length === 0) return null
  return `${luck.pick(['In short:', 'Summary:', 'The main points are these.'])} ${chosen.join(' ')}`
}

/** The text that an instruction is about: after a colon or a line break, or in quotes. */
function attachedText(question: string): string | null {
  const [, behind] = /^[^\n:]{0,200}(?::\s*|\n+)([\s\S]{40,})$/.exec(question) ?? []
  return behind ?? factsOf(question).quoted.find(text => text.length >= 40) ?? (question.length > 300 ? question : null)
}

function centralSentences(text: string, count: number): string[] {
  const sentences = sentencesOf(text).filter(sentence => wordsOf(sentence).length >= 4)
  const weights = new Map<string, number>()
  for (const word of wordsOf(text)) if (!isFiller(word)) weights.set(stem(word), (weights.get(stem(word)) ?? 0) + 1)
  const ranked = sentences.map((sentence, at) => {
    const words = contentWords(sentence)
    const sum = words.reduce((total, word) => total + (weights.get(stem(word)) ?? 0), 0)
    // The first sentence usually introduces the subject.
    return { sentence, at, score: sum / Math.sqrt(Math.max(1, words.length)) + (at === 0 ? 2 : 0) }
  })
  const best = ranked.sort((left, right) => right.score - left.score).slice(0, count)
  return best
    .sort((left, right) => left.at - right.at)
    .map(({ sentence }) => (/[.!?]$/.test(sentence) ? sentence : `${sentence}.`))
}

/** Rewrites a text in the message: with corrected spacing and capitals, or formal wording. */
export const transformed: Intent = ({ question, luck }) => {
  if (!/^(?:please )?(?:rewrite|rephrase|improve|correct|proofread|polish|make (?:this|it))\b/i.test(question))
    return null
  const text = attachedText(question) ?? /:\s*(\S[\s\S]+)$/.exec(question)?.[1] ?? factsOf(question).quoted[0]
  if (text === undefined || text === null) return null
  const replacements: readonly (readonly [RegExp, string])[] = [
    [/\bcan't\b/gi, 'cannot'],
    [/\bdon't\b/gi, 'do not'],
    [/\bwon't\b/gi, 'will not'],
    [/\bi\b/g, 'I'],
    [/\basap\b/gi, 'as soon as possible'],
    [/\bwanna\b/gi, 'want to'],
    [/\bgonna\b/gi, 'going to'],
    [/\bu\b/g, 'you'],
    [/\bpls\b/gi, 'please'],
    [/\bteh\b/g, 'the'],
    [/\s+/g, ' '],
  ]
  const corrected = replacements.reduce((result, [from, to]) => result.replace(from, to), text)
  const sentences = sentencesOf(corrected).map(capitalised)
  if (/\bpolite(?:ly|r)?\b|\bfriendl(?:y|ier)\b/i.test(question)) return polite(corrected)
  return `${luck.pick(['Here is a clearer version:', 'I would write it this way:'])}\n\n${sentences.map(part => (/[.!?]$/.test(part) ? part : `${part}.`)).join(' ')}`
}

/** Turns an order into a request; other sentences keep their words. */
function polite(text: string): string {
  const order = text
    .trim()
    .replace(/^please\s+/i, '')
    .replace(/[.!]+$/, '')
    .replace(/\s+(?:right )?now$|\s+immediately$|\s+as soon as possible$/i, '')
  const isHurried = /\b(?:now|immediately|as soon as possible)[.!]*$/i.test(text.trim())
  const lowered = order.charAt(0).toLowerCase() + order.slice(1)
  return `Could you please ${lowered}${isHurried ? ' as soon as you can' : ''}? That would help me a lot. Thank you in advance!`
}

/** Turns legal and official wording into everyday words, and explains the terms. */
export const plainLanguage: Intent = ({ question, luck }) => {
  if (!/\b(?:plain|simple|simpler|easy|everyday) (?:language|words|english|terms)\b/i.test(question)) return null
  const [, behind] = /:\s*([\s\S]{12,})$/.exec(question) ?? []
  const text = behind ?? factsOf(question).quoted.find(quoted => quoted.length >= 12)
  if (text === undefined) return null
  // One after the other: a longer phrase is replaced before the shorter ones in it.
  let said = text
  const terms: string[] = []
  for (const { formal, plain, term } of plainWords) {
    const corrected = said.replace(formal, plain)
    if (corrected !== said && term !== null) terms.push(term)
    said = corrected
  }
  if (said === text) return null
  const sentences = sentencesOf(said.replace(/\s+/g, ' ').trim()).map(part =>
    capitalised(/[.!?]$/.test(part) ? part : `${part}.`),
  )
  const opening = luck.pick(['In plain language:', 'In simple words:', 'This is what it says:'])
  return `${opening}\n\n${sentences.join(' ')}${
    terms.length > 0
      ? `\n\n${terms
          .slice(0, 3)
          .map(term => `${capitalised(term)}.`)
          .join(' ')}`
      : ''
  }`
}
