import { mailActs, occasions } from './data/index.ts'
import { factsOf } from './facts.ts'
import type { Intent } from './scene.ts'
import { capitalised } from './words.ts'

const asksForMail =
  /\b(?:draft|write|compose|prepare|formulate|send)\b[^.\n]{0,60}\b(?:e-?mail|mail|letter|message|announcement|reply|note|invitation)\b/i
const kindWords = /\b(?:e-?mail|mail|letter|message|announcement|reply|note|invitation)\b/i
const group = String.raw`(?:(?:my|our|the|all|a|an)\s+)?(?:(?:new|whole|entire|dear|other|former|unhappy|angry|annoyed)\s+)?(?:colleagues?|team|customers?|managers?|boss|staff|employees?|everyone|everybody|landlord|suppliers?|department|candidates?|applicants?|clients?|neighbou?rs?|teachers?|friends?|participants|partners?|newcomers?|interns?|apprentices?)`
const person = String.raw`(?:(?:Mr|Mrs|Ms|Dr|Prof)\.? )?\p{Lu}\p{L}+(?: \p{Lu}\p{L}+)?`
const receiverForm = new RegExp(String.raw`\b${anyCase('(?:to|for)')}\s+(${anyCase(group)}\b|${person})`, 'u')
const objectForm = new RegExp(String.raw`^(${anyCase(group)}\b|${person}|${anyCase('him|her|them')})\s*`, 'u')
const verbForm =
  /\b(?:that|which|to|for|and)?\s*\b(invit|remind|thank|welcom|congratulat|inform|tell|ask|request|apologi[sz]|declin|accept|cancel|announc|postpon|mov|complain|confirm)(?:es|e|ing|s)?\b\s*/i

/** The pattern, for letters of either case. Names must keep theirs, and modifiers like `(?-i:)` need Node 23. */
function anyCase(pattern: string): string {
  return pattern.replace(/\\.|[a-z]/gi, sign =>
    sign.length > 1 ? sign : `[${sign.toLowerCase()}${sign.toUpperCase()}]`,
  )
}

/** Mails, letters and announcements: addressed to the named person, about the named subject, signed by the asker. */
export const mail: Intent = scene => {
  const { question, luck } = scene
  if (!asksForMail.test(question)) return null
  const at = kindWords.exec(question)
  const request =
    question
      .slice((at?.index ?? 0) + (at?.[0].length ?? 0))
      .split('\n')[0]
      ?.replace(/[.!?]+\s*$/, '')
      .trim() ?? ''
  const read = requestOf(request, question)
  const act = mailActs[read.act] ?? mailActs['about']
  if (act === undefined) return null
  const rest = toReceiver(read.rest)
  const fill = (text: string): string =>
    text
      .replaceAll('{rest}', () => rest)
      .replaceAll('{thing}', () => (rest === '' ? 'this' : rest.replace(/^(?:to|for|about|of|on|that)\s+/i, '')))
  const occasion = occasions.find(({ words }) => words.test(question))
  const details = occasion?.acts.includes(read.act) === true ? occasion.say : luck.pick(act.details)
  const isFormal = /\b(?:formal|official)\b/i.test(question)
  const subject = capitalised(fill(rest === '' && act.bareSubject !== null ? act.bareSubject : act.subject))
    .replace(/\s+/g, ' ')
    .trim()
  const opening = fill(rest === '' && act.bare !== null ? act.bare : act.opening)
  return [
    `Subject: ${subject.length > 90 ? `${subject.slice(0, 88).replace(/\s\S*$/, '')} …` : subject}`,
    '',
    `${isFormal || read.receiver === null ? 'Dear' : luck.pick(['Dear', 'Hello'])} ${saluted(read.receiver)},`,
    '',
    capitalised(`${opening} ${details}`),
    '',
    fill(luck.pick(act.closing)),
    '',
    isFormal ? 'Yours sincerely,' : luck.pick(['Kind regards,', 'Best wishes,', 'Best regards,']),
    '[Your name]',
  ].join('\n')
}

/** Kinds of mail that name their purpose, as "a thank-you note". */
const actNouns: readonly { readonly words: RegExp; readonly act: string }[] = [
  { words: /\bthank[- ]you (?:note|letter|mail|e-?mail|message)/i, act: 'thank' },
  { words: /\binvitation\b/i, act: 'invit' },
  { words: /\b(?:apology|apologies)\b/i, act: 'apologiz' },
  { words: /\bannouncement\b/i, act: 'announc' },
  { words: /\bcomplaint\b/i, act: 'complain' },
  { words: /\breminder\b/i, act: 'remind' },
  { words: /\bwelcome (?:note|letter|mail|e-?mail|message)/i, act: 'welcom' },
]

interface MailRequest {
  readonly act: string
  readonly receiver: string | null
  /** The rest of the request, after act and receiver. */
  readonly rest: string
}

function requestOf(request: string, question: string): MailRequest {
  const named = receiverForm.exec(request)
  const act = actNouns.find(({ words }) => words.test(question))?.act
  const verb = verbForm.exec(request)
  const about = /\b(?:about|regarding|concerning)\s+/i.exec(request)
  if (act !== undefined && (verb === null || !/^(?:that|which)\b/i.test(verb[0]))) {
    return { act, receiver: named?.[1] ?? null, rest: withoutReceiver(request, named) }
  }
  if (verb === null || (about !== null && about.index < verb.index)) {
    const subject = about === null ? withoutReceiver(request, named) : request.slice(about.index + about[0].length)
    return {
      act: 'about',
      receiver: named?.[1] ?? factsOf(question).names[0] ?? null,
      rest: subject.replace(/^(?:that|saying)\s+/i, ''),
    }
  }
  const behind = request.slice(verb.index + verb[0].length)
  const object = objectForm.exec(behind)
  const pronoun = /^(?:him|her|them)$/i.test(object?.[1] ?? '')
  const receiver = object !== null && !pronoun ? object[1] : named?.[1]
  return {
    act: (verb[1] ?? 'about').toLowerCase().replace('apologis', 'apologiz'),
    receiver: receiver ?? null,
    rest: withoutReceiver(behind.slice(object?.[0].length ?? 0), object === null ? receiverForm.exec(behind) : null),
  }
}

function withoutReceiver(text: string, receiver: RegExpExecArray | null): string {
  return (receiver === null ? text : text.replace(receiver[0], ' ')).replace(/\s+/g, ' ').trim()
}

/** The receiver in the salutation: a name as it is; `my landlord` becomes a name to fill in. */
function saluted(receiver: string | null): string {
  if (receiver === null) return 'all'
  if (/^\p{Lu}/u.test(receiver)) return receiver
  const bare = receiver
    .replace(/^(?:my|our|the|all|a|an|unhappy|angry|annoyed)\s+/gi, '')
    .replace(/^(?:unhappy|angry|annoyed|whole|entire|former)\s+/i, '')
  if (/^(?:everyone|everybody|staff|employees|department)$/i.test(bare)) return 'all'
  return /(?:s|team)$/i.test(bare) && !/boss$/i.test(bare)
    ? bare
    : /colleague|boss|friend|landlord|manager|neighbou?r|teacher|newcomer|intern|apprentice/i.test(bare)
      ? '[name]'
      : capitalised(bare)
}

/** Turns the receiver into "you": `his visit` becomes `your visit`. */
function toReceiver(text: string): string {
  const turned: Readonly<Record<string, string>> = {
    his: 'your',
    their: 'your',
    they: 'you',
    he: 'you',
    she: 'you',
    them: 'you',
    him: 'you',
  }
  return text
    .replace(/\b(?:he|she) (?:is|was)\b/gi, 'you are')
    .replace(/\bthey (?:are|were)\b/gi, 'you are')
    .replace(/\b(?:his|their|they|he|she|them|him)\b/gi, word => turned[word.toLowerCase()] ?? word)
    .replace(/\bher\b(?= \p{L})/giu, 'your')
    .trim()
}
