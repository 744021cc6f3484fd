import { codingAnswer } from './coding.ts'
import type { Intent, Scene } from './scene.ts'
import { topicFor } from './topics.ts'
import { capitalised, contentWords, sentencesOf, topicPhrase, wordsOf } from './words.ts'

/** Longest result that becomes part of a sentence unchanged. */
const resultCharactersMax = 600

/** After tool results: reports them as the answer to the question before them. */
export const fromToolResults: Intent = ({ messages, question, luck }) => {
  const lastSpoken = messages.findLastIndex(
    turn => turn.role === 'user' || (turn.role === 'assistant' && turn.text !== ''),
  )
  const results = messages.slice(lastSpoken + 1).filter(turn => turn.role === 'tool' || turn.role === 'function')
  if (results.length === 0) return null
  const found = results.map(turn => resultSentence(turn.text)).join(' ')
  const topic = topicPhrase(question)
  const ending = luck.pick([
    'Let me know if you need more detail.',
    'Shall I look up anything else?',
    `That is what I found on ${topic}.`,
  ])
  return `${luck.pick([`As for ${topic}:`, `I have looked up ${topic} for you.`])} ${found} ${ending}`
}

/** JSON as `key is value` phrases; other text unchanged. */
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

/** Questions that make sense only after earlier ones. */
export const followUp: Intent = scene => {
  const { messages, question } = scene
  const at = messages.findLastIndex(turn => turn.role === 'user')
  const before = messages.slice(0, at)
  const earlier = before.filter(turn => turn.role === 'user')
  const answer = before.findLast(turn => turn.role === 'assistant' && turn.text !== '')?.text
  const [first] = earlier
  if (first === undefined) return null
  if (/\bmy name\b/i.test(question)) {
    const name = earlier
      .map(turn => /\b(?:[Mm]y name is|I am|I'm|[Cc]all me)\s+(\p{Lu}[\p{L}-]+)/u.exec(turn.text)?.[1])
      .findLast(found => found !== undefined)
    if (name !== undefined) return `Your name is ${name}; you mentioned it earlier in our conversation.`
  }
  if (/\b(?:what|which)\b.*\b(?:did I|have I|I)\b.*\b(?:ask|say|said|tell|told|mention)/i.test(question)) {
    return `You asked about ${topicPhrase(earlier.at(-1)?.text ?? first.text)}${earlier.length > 1 ? `, and before that about ${topicPhrase(first.text)}` : ''}.`
  }
  if (answer === undefined) return null
  const last = earlier.at(-1)?.text ?? ''
  const sentences = sentencesOf(answer)
  const rewritten = inOtherLanguage({ question, last, scene })
  if (rewritten !== null) return rewritten
  if (/\b(?:shorter|in short|briefer|one line|simpler)\b/i.test(question) && wordsOf(question).length <= 12) {
    return `In one sentence: ${sentences.find(sentence => wordsOf(sentence).length > 5) ?? sentences[0] ?? answer}`
  }
  if (
    /^(?:why|how so|how come|are you sure|really|can you explain|explain|elaborate|tell me more|more|go on|continue|give (?:me )?an example)\b/i.test(
      question,
    ) &&
    contentWords(question).length <= 3
  ) {
    return deeper(last, answer, scene)
  }
  return null
}

interface LanguageWish {
  readonly question: string
  readonly last: string
  readonly scene: Scene
}

/** "And in Go?", "can you show me that in Python?": the earlier task in another language. */
function inOtherLanguage({ question, last, scene }: LanguageWish): string | null {
  const language = /\b(?:in|to|into|as|for) (typescript|javascript|python|c#|go|sql)(?![\w#])/i.exec(question)?.[1]
  if (language === undefined || wordsOf(question).length > 9) return null
  const task = last.replace(/\b(?:typescript|javascript|python|golang|go|sql)\b|c#/gi, ' ')
  return (
    codingAnswer({ ...scene, question: `Write code in ${language}: ${task}` }) ??
    `I have no code for that in ${language}. Tell me which part of it you want to see, and I will write that.`
  )
}

/** Facts about the earlier question that were not said yet; else the main point of the earlier answer. */
function deeper(last: string, answer: string, { luck }: Scene): string {
  const topic = topicFor(last)
  const unsaid = topic?.more.filter(sentence => !answer.includes(sentence)) ?? []
  const subject = topicPhrase(last)
  // A long phrase is not repeated, because the answer would sound like a recital.
  const named = wordsOf(subject).length <= 4 ? subject : 'that'
  if (unsaid.length > 0) return `More on ${named}: ${luck.some(unsaid, 3).join(' ')}`
  const [point = answer] = sentencesOf(answer).filter(sentence => wordsOf(sentence).length > 4)
  return `The main point on ${named} was this: ${point} I have nothing to add that I could back up; if you describe your own case in two or three sentences, I will go through it step by step. Which part is unclear?`
}
