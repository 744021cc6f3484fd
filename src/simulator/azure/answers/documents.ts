import { bestRow } from './explain.ts'
import { factsOf } from './facts.ts'
import type { Intent } from './scene.ts'
import { capitalised, contentWords, isFiller, sentencesOf, stem, topicPhrase, wordsOf } from './words.ts'

/** Summaries of a text that is in the message: its own sentences, the ones that hold most of what it repeats. */
export const summary: Intent = ({ asked, messages, luck }) => {
  if (!/\b(?:summar(?:y|i[sz]e|i[sz]ing)|tl;?dr|key points|main points|in a nutshell)\b/i.test(asked)) return null
  const text = handedOver(asked) ?? messages.findLast(turn => turn.role === 'user' && turn.text.length > 300)?.text
  if (text === undefined || text === null) return null
  const chosen = centralSentences(text, 3)
  if (chosen.length === 0) return null
  return `${luck.pick(['In short:', 'Summary:', 'The main points are these.'])} ${chosen.join(' ')}`
}

/** The text that an instruction is followed by: behind a colon or a line break, or in quotes. */
function handedOver(asked: string): string | null {
  const [, behind] = /^[^\n:]{0,200}(?::\s*|\n+)([\s\S]{40,})$/.exec(asked) ?? []
  return behind ?? factsOf(asked).quoted.find(text => text.length >= 40) ?? (asked.length > 300 ? asked : null)
}

function centralSentences(text: string, count: number): string[] {
  const sentences = sentencesOf(text).filter(sentence => wordsOf(sentence).length >= 4)
  const weights = new Map<string, number>()
  for (const word of wordsOf(text)) if (!isFiller(word)) weights.set(stem(word), (weights.get(stem(word)) ?? 0) + 1)
  const ranked = sentences.map((sentence, at) => {
    const words = contentWords(sentence)
    const sum = words.reduce((total, word) => total + (weights.get(stem(word)) ?? 0), 0)
    // The first sentence mostly says what it is about.
    return { sentence, at, score: sum / Math.sqrt(Math.max(1, words.length)) + (at === 0 ? 2 : 0) }
  })
  const best = ranked.sort((left, right) => right.score - left.score).slice(0, count)
  return best
    .sort((left, right) => left.at - right.at)
    .map(({ sentence }) => (/[.!?]$/.test(sentence) ? sentence : `${sentence}.`))
}

/** Mails, letters and announcements: to the one who is named, about what is said, signed by the one who asks. */
export const mail: Intent = ({ asked, luck }) => {
  if (
    !/\b(?:draft|write|compose|prepare|formulate)\b[^.]{0,60}\b(?:e-?mail|mail|letter|message|announcement|reply|note|invitation)\b/i.test(
      asked,
    )
  )
    return null
  const facts = factsOf(asked)
  const [, about] = /\b(?:about|regarding|concerning|that|saying|because|on|for)\s+([^.\n]{4,160})/i.exec(asked) ?? []
  const subject = topicPhrase(
    about ?? asked.replace(/\b(?:draft|write|compose|prepare|an?|e-?mail|mail|letter|message)\b/gi, ' '),
  )
  const [, receiver] = /\bto (?:my |our |the |all )?(\p{L}+(?: \p{Lu}\p{L}+)?)/u.exec(asked) ?? []
  const name = facts.names[0] ?? receiver
  const when = facts.dates[0] ?? facts.whens[0]
  const row = bestRow(asked)
  const purpose = about === undefined ? subject : about.trim().replace(/[.!?]$/, '')
  const lines = [
    `Subject: ${capitalised(subject)}`,
    '',
    `${luck.pick(['Dear', 'Hello'])} ${name ? capitalised(name) : 'colleagues'},`,
    '',
    `${luck.pick(['I am writing to you about', 'this is about', 'a short note on'])} ${purpose}. ${row ? luck.pick(row.facts) : `I would like to settle ${subject} soon and need your view for that.`}`,
    when
      ? `Would ${when} suit you, or is there a better time?`
      : luck.pick([
          'Could you let me know by the end of the week whether that works for you?',
          'Please tell me if anything stands against it.',
        ]),
    '',
    luck.pick(['Many thanks and best regards', 'Kind regards', 'Thank you in advance and best wishes']),
  ]
  return lines.map(capitalised).join('\n')
}

/** Rewriting of a text that is in the message: corrected spacing and capitals, or formal wording. */
export const transformed: Intent = ({ asked, luck }) => {
  if (!/^(?:please )?(?:rewrite|rephrase|improve|correct|proofread|polish|make (?:this|it))\b/i.test(asked)) return null
  const text = handedOver(asked) ?? factsOf(asked).quoted[0]
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
  const mended = replacements.reduce((result, [from, to]) => result.replace(from, to), text)
  const sentences = sentencesOf(mended).map(capitalised)
  return `${luck.pick(['Here is a clearer version:', 'I would write it this way:'])}\n\n${sentences.map(part => (/[.!?]$/.test(part) ? part : `${part}.`)).join(' ')}`
}
