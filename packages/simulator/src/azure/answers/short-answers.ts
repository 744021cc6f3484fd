import { capitals, jokes, phrasebook } from './data/index.ts'
import { foreignLanguages, type Language, languages } from './data/languages.ts'
import type { Intent } from './scene.ts'
import { answerLanguage } from './tone.ts'
import { capitalised, topicPhrase, wordsOf } from './words.ts'

/** "Say this is a test", "reply with exactly OK". */
export const literal: Intent = ({ question }) => {
  const order =
    /^(?:please )?(?:say|repeat(?: after me)?|print|(?:reply|respond|answer)(?: only| just)? with)\b(?: (?:only|exactly|just|back|the (?:word|words|text|phrase|sentence)))*:?\s+(.{1,400})$/is.exec(
      question,
    )
  if (order?.[1] === undefined || question.includes('\n')) return null
  const words = order[1]
    .trim()
    .replace(/^["'“](.*)["'”][.!]?$/s, '$1')
    .replace(/ and nothing else[.!]?$/i, '')
  return capitalised(/[.!?\p{Lu}\d]$/u.test(words) ? words : `${words}.`)
}

const greetings = {
  german:
    'Hallo! Womit kann ich Ihnen heute helfen? Ich beantworte Fragen, fasse Texte zusammen und schreibe Entwürfe.',
  french: 'Bonjour ! Comment puis-je vous aider aujourd’hui ? Je réponds aux questions, je résume et je rédige.',
  spanish: '¡Hola! ¿En qué puedo ayudarle hoy? Respondo preguntas, resumo textos y redacto borradores.',
  italian: 'Ciao! Come posso aiutarla oggi? Rispondo a domande, riassumo testi e scrivo bozze.',
} as const

/** "How are you?", a mere yes, and questions about what can be question. */
export const chatter: Intent = ({ question, luck }) => {
  if (/^(?:and )?how are you\b|^how(?:['’]s| is) it going\b/i.test(question) && wordsOf(question).length <= 6) {
    return luck.pick([
      'Thank you, I am fine and ready to work. How are you, and what can I do for you today?',
      'All well here, thank you for asking! What is on your list today?',
    ])
  }
  if (/^(?:ok(?:ay)?|fine|great|good|perfect|cool|yes|no|sure|test(?:ing)?|ping)[.!]?$/i.test(question)) {
    return /^(?:test|ping)/i.test(question)
      ? 'The test has arrived, and this is the answer to it. Send me a question or a text whenever you like.'
      : 'All right. Just write when there is something else: a question, a text to be worked on, or a piece of code.'
  }
  if (/^what can you (?:do|help)|^help[.!]?$|^what do you do\b/i.test(question)) {
    return 'I answer questions on HR, IT and the business, find colleagues by skill, place and language, draft mails and job advertisements, summarise or simplify texts, and write or review code in TypeScript, JavaScript, Python, C#, Go and SQL. What would you like to begin with?'
  }
  return null
}

/** Greetings, thanks and "who are you?", if the message has nothing else. */
export const smallTalk: Intent = scene => {
  const { question, luck } = scene
  const isGreeting =
    /^(?:hi|hello|hey|hallo|hola|bonjour|ciao|good (?:morning|afternoon|evening)|guten (?:tag|morgen))\b/i.test(
      question,
    )
  if (isGreeting && wordsOf(question).length <= 4) {
    const name = /\b(?:I am|I'm|my name is) (\p{Lu}\p{L}+)/u.exec(question)?.[1]
    const language = /^(?:hallo|guten)/i.test(question)
      ? 'german'
      : /^hola/i.test(question)
        ? 'spanish'
        : /^bonjour/i.test(question)
          ? 'french'
          : answerLanguage(scene)
    if (language !== 'english') return greetings[language]
    const offer = luck.pick(['What can I do for you?', 'How can I help you today?', 'What are you working on?'])
    return `Hello${name ? ` ${name}` : ''}! ${offer} I can answer questions, summarise a text, draft a mail or look at code with you.`
  }
  if (/^(?:many )?(?:thanks|thank you|thx|merci|danke)\b/i.test(question) && wordsOf(question).length <= 8) {
    return luck.pick([
      'You are welcome! If anything else comes up, just ask.',
      'Glad that it helped. Shall we look at the next point, or is that all for today?',
    ])
  }
  if (/^(?:who|what) are you\b/i.test(question)) {
    const persona = /\byou are (?:an? )?([^.\n]{3,80})/i.exec(scene.instructions)?.[1]
    return `I am ${persona ? `your ${persona.replace(/^(?:the|an?) /i, '')}` : 'an assistant that runs on Azure OpenAI'}. I answer questions, summarise texts, draft mails and help with code; tell me what you need.`
  }
  return null
}

const spelledSigns: readonly (readonly [RegExp, string])[] = [
  [/\b(?:plus|added to)\b/gi, '+'],
  [/\bminus\b/gi, '-'],
  [/\b(?:times|multiplied by)\b|×|(?<=\d)\s*x\s*(?=\d)/gi, '*'],
  [/\bdivided by\b|÷/gi, '/'],
  [/\^|\bto the power of\b/gi, '**'],
]

/** Equations of the first degree in one unknown: `8x + 7 = -23`. */
export const equation: Intent = ({ question }) => {
  // `customer_id = 7 or 1 = 1` is not an equation: the unknown must be separate.
  const found = /(?<![\w-])(-?\d{0,9})\s?\*?\s?([a-z])(?![a-z])\s?([-+]\s?\d{1,9})?\s?=\s?(-?\d{1,9})/i.exec(question)
  if (found === null) return null
  const [whole, factorText = '', unknown, constantText = '0', right] = found
  const factor = factorText === '' ? 1 : factorText === '-' ? -1 : Number(factorText)
  const constant = Number(constantText.replace(/\s/g, ''))
  if (factor === 0) return null
  const rest = Number(right) - constant
  const move = constant < 0 ? `Add ${-constant} to` : `Subtract ${constant} from`
  return `To solve ${whole.trim()}, isolate ${unknown}. ${constant === 0 ? '' : `${move} both sides: ${factor}${unknown} = ${rest}. `}Divide both sides by ${factor}: ${unknown} = ${shown(rest / factor)}.`
}

/** Verses on the topic of the question. */
export const poem: Intent = ({ question, luck }) => {
  const kind = /\b(haiku|poem|verse|limerick|song)\b/i.exec(question)?.[1]?.toLowerCase()
  if (kind === undefined) return null
  const topic = topicPhrase(question.replace(/\b(?:haiku|poem|verses?|limerick|song|short)\b/gi, ' '))
  const firsts = [`Quietly comes ${topic},`, `Morning, and ${topic} again,`, `Who has seen ${topic} arrive?`]
  const seconds = [
    'a door left open to the wind,',
    'the kettle hums, the windows clear,',
    'light wanders slowly down the wall,',
  ]
  const thirds = ['the day begins to breathe.', 'and nobody says a word.', 'and something small is new.']
  const verse = [luck.pick(firsts), luck.pick(seconds), luck.pick(thirds)]
  if (kind === 'haiku') return verse.join('\n')
  return [
    ...verse,
    '',
    `So let ${topic} stay a while,`,
    luck.pick(['as guests do who have learned to wait,', 'and count no hours by the clock,']),
    'until the evening takes it home.',
  ].join('\n')
}

/** Sums in signs or words, and percentages. */
export const arithmetic: Intent = ({ question, luck }) => {
  const percent = /(?<!\d)(\d{1,15}(?:\.\d{1,9})?)\s?(?:%|percent)\s+of\s+(\d[\d,]{0,19}(?:\.\d{1,9})?)/i.exec(question)
  if (percent !== null) {
    const whole = Number((percent[2] ?? '').replaceAll(',', ''))
    return `${percent[1]}% of ${percent[2]} is ${shown((Number(percent[1]) / 100) * whole)}.`
  }
  const signs = spelledSigns.reduce(
    (text, [words, sign]) => text.replace(words, sign),
    question.replace(/(?<=\d),(?=\d{3})/g, ''),
  )
  const [expression] =
    /[-(]{0,20}\d[\d.\s()]{0,40}(?:(?:\*\*|[-+*/])[-\s(]{0,20}\d[\d.\s()]{0,40}){1,60}/.exec(signs) ?? []
  if (expression === undefined || /\d{4}-\d\d-\d\d/.test(question)) return null
  // "the season 2024/2025", "available 24/7": a sum makes up nearly all of the question, or the question asks for it.
  const isAsked = /\b(?:calculate|compute|evaluate|what(?:['’]s| is)|how much|sum|result|solve)\b|=/i.test(question)
  if (!isAsked && wordsOf(signs.replace(expression, ' ')).length > 2) return null
  const result = evaluated(expression)
  if (result === null) return null
  const shownExpression = expression.trim().replace(/\s*(\*\*|[-+*/])\s*/g, ' $1 ')
  return luck.pick([`${shownExpression} = ${shown(result)}.`, `The result of ${shownExpression} is ${shown(result)}.`])
}

function shown(value: number): string {
  return Number(value.toPrecision(12)).toString()
}

/** Evaluates + - * / ** and brackets by precedence climbing; null for a text that is not a sum. */
function evaluated(expression: string): number | null {
  const tokens = expression.match(/\d+(?:\.\d+)?|\*\*|[-+*/()]/g) ?? []
  if (tokens.length > 60) return null
  const precedence: Readonly<Record<string, number>> = { '+': 1, '-': 1, '*': 2, '/': 2, '**': 3 }
  let at = 0
  const operand = (): number => {
    const token = tokens[at++]
    if (token === '-') return -operand()
    if (token !== '(') return token === undefined ? Number.NaN : Number(token)
    const inner = sum(0)
    return tokens[at++] === ')' ? inner : Number.NaN
  }
  const sum = (least: number): number => {
    let left = operand()
    for (let rank = precedence[tokens[at] ?? ''] ?? 0; rank > least; rank = precedence[tokens[at] ?? ''] ?? 0) {
      const sign = tokens[at++]
      const right = sum(sign === '**' ? rank - 1 : rank)
      left = applied(sign, left, right)
    }
    return left
  }
  const result = sum(0)
  return at === tokens.length && Number.isFinite(result) ? result : null
}

function applied(sign: string | undefined, left: number, right: number): number {
  switch (sign) {
    case '+':
      return left + right
    case '-':
      return left - right
    case '*':
      return left * right
    case '/':
      return left / right
    default:
      return left ** right
  }
}

/** "Count from 1 to 10", up to 200 numbers. */
export const counting: Intent = ({ question }) => {
  const range = /\bcount (?:up )?(?:from (\d+) )?to (\d+)/i.exec(question)
  if (range === null) return null
  const from = Number(range[1] ?? 1)
  const count = Math.min(200, Math.max(1, Number(range[2]) - from + 1))
  return Array.from({ length: count }, (_, step) => from + step).join(', ')
}

export const capital: Intent = ({ question, luck }) => {
  const country = /\bcapital(?: city)? of (?:the )?([\p{L} ]{3,30})/iu.exec(question)?.[1]?.trim().toLowerCase()
  const city = country === undefined ? undefined : capitals[country]
  if (country === undefined || city === undefined) return null
  const name = country === 'usa' ? 'the USA' : country.replace(/\b\p{L}/gu, letter => letter.toUpperCase())
  return luck.pick([`The capital of ${name} is ${city}.`, `${city} is the capital of ${name}.`])
}

export const joke: Intent = ({ question, luck }) =>
  /\b(?:joke|make me laugh)\b/i.test(question) ? luck.pick(jokes) : null

/** Translates the phrases of the phrase book; the rest of the text is unchanged. */
export const translation: Intent = scene => {
  const { question } = scene
  const target = languages.find(language => new RegExp(String.raw`\b(?:in|into|to) ${language}\b`, 'i').test(question))
  const [, quoted, plain] =
    /\b(?:translate|say|how do you say|what is)\b[^"“:\n]*?(?:["“]([^"”]+)["”]|:\s*([^\n]+)$)/i.exec(question) ?? []
  const named =
    /\b(?:translate|how do you say|say)\s+(?:the (?:word|phrase|sentence)\s+)?(.{2,200}?)\s+(?:in|into|to)\s+\w+[.?!]?$/i.exec(
      question,
    )?.[1]
  const text = quoted ?? plain ?? named
  if (target === undefined || text === undefined || !/\b(?:translate|say|translation)\b/i.test(question)) return null
  // One source language for the whole text, else words of the translation would be translated again.
  const from = target === 'english' ? sourceOf(text) : 'english'
  const translated = phrasebook.reduce((result, row) => {
    return result.replace(wordPattern(row[from]), row[target])
  }, text)
  return `“${text.trim()}” in ${capitalised(target)} is: “${capitalised(translated.trim())}”`
}

/** The foreign language with the most phrases in the text. */
function sourceOf(text: string): Language {
  const known = foreignLanguages.map(language => phrasebook.filter(row => wordPattern(row[language]).test(text)).length)
  return foreignLanguages[known.indexOf(Math.max(...known))] ?? 'german'
}

function wordPattern(phrase: string): RegExp {
  const escaped = phrase.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
  return new RegExp(String.raw`(?<!\p{L})${escaped}(?!\p{L})`, 'iu')
}
