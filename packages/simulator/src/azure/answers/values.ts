import { cities, familyNames, givenNames } from './data/index.ts'
import type { Facts } from './facts.ts'
import type { Dice } from './random.ts'
import { capitalised, contentWords, sentencesOf, topicPhrase, wordsOf } from './words.ts'

export interface TextSource {
  readonly question: string
  readonly facts: Facts
  readonly luck: Dice
  readonly prose: () => string
}

/** The content for a field, by its name. The first row with words of the name decides. */
const fields: readonly (readonly [RegExp, (source: TextSource, name: string) => string])[] = [
  // What runs it does so on a machine of the caller: only a command that the question has, or one that changes nothing.
  [/^(?:cmd|command|commandline|command line)$/, ({ question }) => /`([^`\n]+)`/.exec(question)?.[1] ?? 'ls'],
  [
    /e-?mail/,
    ({ facts, luck }) =>
      facts.emails[0] ??
      `${luck
        .pick(givenNames)
        .toLowerCase()
        .normalize('NFD')
        .replace(/\P{ASCII}/gu, '')}@contoso.com`,
  ],
  [
    /\b(url|uri|link|website|href)\b/,
    ({ facts, luck }) => facts.urls[0] ?? `https://intranet.contoso.com/pages/${100 + luck.below(900)}`,
  ],
  [
    /\b(city|town|location|place|destination|country|region|address|where)\b/,
    ({ facts, luck }) => facts.places[0] ?? facts.names[0] ?? luck.pick(cities),
  ],
  [/\b(origin|from)\b/, ({ facts, luck }) => facts.places[0] ?? luck.pick(cities)],
  [
    /\bto\b/,
    ({ facts, luck }) => facts.emails[0] ?? facts.places[1] ?? facts.places[0] ?? facts.names[0] ?? luck.pick(cities),
  ],
  [/\b(time ?zone|timezone)\b/, () => 'Europe/Berlin'],
  [
    /\b(date|day|deadline|due|when|birthday|start|end)\b/,
    ({ facts, luck }) => facts.dates[0] ?? facts.whens[0] ?? dateBy(luck),
  ],
  [/\btime\b/, ({ facts, luck }) => facts.whens.find(when => /\d/.test(when)) ?? `${9 + luck.below(8)}:00`],
  [/\bcurrency\b/, ({ question }) => /\b(USD|EUR|GBP|CHF|JPY)\b/.exec(question)?.[0] ?? 'EUR'],
  [
    /\b(language|locale|lang)\b/,
    ({ question }) => /\b(English|German|French|Spanish|Italian|Dutch)\b/i.exec(question)?.[0] ?? 'English',
  ],
  [
    /\bid$|\bid\b|identifier|code|key|number/,
    ({ facts, luck }) =>
      facts.quoted[0] ?? facts.numbers[0]?.toString() ?? `${luck.pick([...'ABCDEF'])}-${1_000 + luck.below(9_000)}`,
  ],
  [
    /\b(query|search|keyword|keywords|question|q|term|topic|subject|title|headline|skill)\b/,
    ({ facts, question }) => facts.quoted[0] ?? capitalised(topicPhrase(question)),
  ],
  [
    /\b(summary|description|answer|explanation|reason|reasoning|body|content|message|text|comment|note|notes|response|details|analysis|step|rationale)\b/,
    ({ facts, prose, luck }, name) =>
      facts.quoted[0] ??
      (/item|step|reason\b|explanation|note|comment|text\b/.test(name) ? luck.pick(sentencesOf(prose())) : prose()),
  ],
  [/\b(code|snippet|sql)\b/, ({ facts }) => facts.quoted[0] ?? 'SELECT 1'],
  [
    /\b(name|person|author|employee|user|customer|manager|participant|owner|assignee|participants|attendees)\b/,
    ({ facts, luck }) =>
      luck.pick(facts.names.length > 0 ? facts.names : [`${luck.pick(givenNames)} ${luck.pick(familyNames)}`]),
  ],
  [/\b(unit|units)\b/, ({ question }) => (/fahrenheit/i.test(question) ? 'fahrenheit' : 'celsius')],
  [/\b(company|organisation|organization|vendor|supplier)\b/, ({ facts }) => facts.names[0] ?? 'Contoso'],
]

/**
 * A text for the field of this name, from the question if it names one. `format` as in JSON Schema; unknown ones are
 * text.
 */
export function textFor(name: string, source: TextSource, format: string | null = null, description = ''): string {
  const formatted = format === null ? null : ofFormat(format, source)
  if (formatted !== null) return formatted
  const spelled = name
    .replace(/([\p{Ll}\d])(\p{Lu})/gu, '$1 $2')
    .replace(/[_.-]+/g, ' ')
    .toLowerCase()
  const row =
    fields.find(([words]) => words.test(spelled)) ?? fields.find(([words]) => words.test(description.toLowerCase()))
  if (row !== undefined) return row[1](source, spelled)
  const words = contentWords(source.question).filter(word => !/^\d+$/.test(word))
  return source.facts.quoted[0] ?? (words.length > 0 ? source.luck.pick(words) : (wordsOf(spelled)[0] ?? 'general'))
}

function ofFormat(format: string, { facts, luck }: TextSource): string | null {
  const hex = (digits: number): string => Array.from({ length: digits }, () => luck.below(16).toString(16)).join('')
  switch (format) {
    case 'date':
      return facts.dates.find(date => !Number.isNaN(Date.parse(date))) ?? dateBy(luck)
    case 'date-time':
      return `${facts.dates.find(date => !Number.isNaN(Date.parse(date))) ?? dateBy(luck)}T${String(8 + luck.below(10)).padStart(2, '0')}:00:00Z`
    case 'time':
      return `${String(8 + luck.below(10)).padStart(2, '0')}:30:00Z`
    case 'duration':
      return `PT${15 * (1 + luck.below(8))}M`
    case 'email':
      return facts.emails[0] ?? `${luck.pick(['maria.keller', 'jonas.larsen', 'priya.novak'])}@contoso.com`
    case 'uri':
    case 'url':
      return facts.urls[0] ?? `https://intranet.contoso.com/pages/${100 + luck.below(900)}`
    case 'hostname':
      return 'intranet.contoso.com'
    case 'ipv4':
      return `10.${luck.below(256)}.${luck.below(256)}.${1 + luck.below(254)}`
    case 'ipv6':
      return `2001:db8::${hex(4)}`
    case 'uuid':
      return `${hex(8)}-${hex(4)}-4${hex(3)}-a${hex(3)}-${hex(12)}`
    default:
      return null
  }
}

function dateBy(luck: Dice): string {
  return `2026-${String(1 + luck.below(12)).padStart(2, '0')}-${String(1 + luck.below(28)).padStart(2, '0')}`
}
