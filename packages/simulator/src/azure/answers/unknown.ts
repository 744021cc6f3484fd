import { unknownKinds, unknownOthers } from './data/index.ts'
import type { Scene } from './scene.ts'
import { contentWords, wordsOf } from './words.ts'

type Luck = Scene['luck']

const phraseWordsMax = 14
const subject = String.raw`([^?.!\n]{2,120})`

function form(beginning: string): RegExp {
  return new RegExp(String.raw`^(?:please |can you |could you |would you )?(?:${beginning})\s+${subject}`, 'i')
}

const kinds = unknownKinds.map(({ begins, say }) => ({ form: form(begins), say }))

/**
 * An honest answer to a question about an unknown subject: general advice for this kind of question, and one question
 * back.
 */
export function unknown({ question, luck }: Scene): string {
  if (contentWords(question).length === 0) {
    return 'I am not sure what you would like to know. Could you say it in a sentence, with what you want to achieve and what you have tried?'
  }
  const sentence = question.match(/[^\n]+/)?.[0] ?? question
  for (const kind of kinds) {
    const found = kind.form.exec(sentence.trim().slice(0, 300))
    if (found !== null) return filled(kind.say, found[1] ?? '', luck)
  }
  return filled(unknownOthers, sentence, luck)
}

function filled(says: readonly string[], phrase: string, luck: Luck): string {
  const words = towardsYou(
    phrase
      .trim()
      .replace(/[\s,;:.!?]+$/, '')
      .replace(/ means?$/, ''),
  ).split(/\s+/)
  const short = words.length > phraseWordsMax ? `${words.slice(0, phraseWordsMax).join(' ')} …` : words.join(' ')
  return luck.pick(says).replace('$1', () => short)
}

/** Repeats the asker's own words: `my landlord` becomes `your landlord`. */
export function towardsYou(phrase: string): string {
  const turned: Readonly<Record<string, string>> = {
    i: 'you',
    me: 'you',
    my: 'your',
    mine: 'yours',
    myself: 'yourself',
    we: 'you',
    us: 'you',
    our: 'your',
    ours: 'yours',
    am: 'are',
  }
  if (wordsOf(phrase).length === 0) return phrase.slice(0, 60)
  return phrase.replace(/\b[a-z]+\b/gi, word => turned[word.toLowerCase()] ?? word)
}
