import type { Intent } from './scene.ts'
import { capitalised, contentWords, sentencesOf, topicPhrase, wordsOf } from './words.ts'

/** Longest result that is put into a sentence as it is. */
const resultCharactersMax = 600

/** After tool results: says what they found, as the answer to the question before them. */
export const fromToolResults: Intent = ({ messages, asked, luck }) => {
  const lastSpoken = messages.findLastIndex(
    turn => turn.role === 'user' || (turn.role === 'assistant' && turn.text !== ''),
  )
  const results = messages.slice(lastSpoken + 1).filter(turn => turn.role === 'tool' || turn.role === 'function')
  if (results.length === 0) return null
  const found = results.map(turn => resultSentence(turn.text)).join(' ')
  const topic = topicPhrase(asked)
  const ending = luck.pick([
    'Let me know if you need more detail.',
    'Shall I look up anything else?',
    `That is what I found on ${topic}.`,
  ])
  return `${luck.pick([`As for ${topic}:`, `I have looked up ${topic} for you.`])} ${found} ${ending}`
}

/** JSON as `key is value` phrases, text as it is. */
function resultSentence(text: string): string {
  const value = parsed(text)
  const spoken =
    typeof value === 'object' && value !== null ? phrases(value, '').slice(0, 8).join(', ') : String(value).trim()
  const short = spoken.slice(0, resultCharactersMax)
  if (short === '') return 'The lookup gave no result.'
  return capitalised(/[.!?]$/.test(short) ? short : `${short}.`)
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

function phrases(value: unknown, name: string, depth = 0): string[] {
  const label = name
    .replace(/([\p{Ll}\d])(\p{Lu})/gu, '$1 $2')
    .replace(/[_-]+/g, ' ')
    .toLowerCase()
    .trim()
  if (depth > 4) return []
  if (Array.isArray(value)) {
    const plain = value.every(item => typeof item !== 'object' || item === null)
    if (plain)
      return value.length === 0
        ? [`${label} is empty`]
        : [`${label} ${value.length > 1 ? 'are' : 'is'} ${value.join(', ')}`.trim()]
    return value.slice(0, 5).flatMap(item => phrases(item, '', depth + 1))
  }
  if (typeof value === 'object' && value !== null)
    return Object.entries(value).flatMap(([key, item]) => phrases(item, key, depth + 1))
  return [label === '' ? String(value) : `the ${label} is ${String(value)}`]
}

/** Questions that only make sense with what was said before. */
export const followUp: Intent = ({ messages, asked, luck }) => {
  const at = messages.findLastIndex(turn => turn.role === 'user')
  const before = messages.slice(0, at)
  const earlier = before.filter(turn => turn.role === 'user')
  const answer = before.findLast(turn => turn.role === 'assistant' && turn.text !== '')?.text
  const [first] = earlier
  if (first === undefined) return null
  if (/\bmy name\b/i.test(asked)) {
    const name = earlier
      .map(turn => /\b(?:[Mm]y name is|I am|I'm|[Cc]all me)\s+(\p{Lu}[\p{L}-]+)/u.exec(turn.text)?.[1])
      .findLast(found => found !== undefined)
    if (name !== undefined) return `Your name is ${name}; you mentioned it earlier in our conversation.`
  }
  if (/\b(?:what|which)\b.*\b(?:did I|have I|I)\b.*\b(?:ask|say|said|tell|told|mention)/i.test(asked)) {
    return `You asked about ${topicPhrase(earlier.at(-1)?.text ?? first.text)}${earlier.length > 1 ? `, and before that about ${topicPhrase(first.text)}` : ''}.`
  }
  if (answer === undefined) return null
  const topic = topicPhrase(earlier.at(-1)?.text ?? '')
  const sentences = sentencesOf(answer)
  if (/\b(?:shorter|in short|briefer|one line|simpler)\b/i.test(asked) && wordsOf(asked).length <= 12) {
    return `In one sentence: ${sentences.find(sentence => wordsOf(sentence).length > 5) ?? sentences[0] ?? answer}`
  }
  if (
    /^(?:why|how so|how come|are you sure|really|can you explain|explain|elaborate|tell me more|more|go on|continue|give (?:me )?an example)\b/i.test(
      asked,
    ) &&
    contentWords(asked).length <= 3
  ) {
    const point = luck.pick(sentences.filter(sentence => wordsOf(sentence).length > 4).concat(sentences.slice(0, 1)))
    return `On ${topic}, the point to look at is this: ${point} It follows from what you described at the beginning; with a concrete case of ${luck.pick(contentWords(topic).concat(topic))} I could show each step, from where things stand now to the result you want.`
  }
  return null
}
