import { isFiller, wordsOf } from './words.ts'

/** Values in a question: for the arguments of a tool and the fields of a document. */
export interface Facts {
  readonly quoted: readonly string[]
  readonly numbers: readonly number[]
  /** ISO dates as written, and dates as `3 March 2026` in that form. */
  readonly dates: readonly string[]
  /** `today`, `next Monday`, `2 pm`. */
  readonly whens: readonly string[]
  /** Capitalised phrases after in, at, to, from, for, near, and those that are listed with them. */
  readonly places: readonly string[]
  /** Other capitalised phrases that do not begin a sentence. */
  readonly names: readonly string[]
  readonly emails: readonly string[]
  readonly urls: readonly string[]
}

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
/** Other capitalised words after `in`: units, languages, formats. */
const notPlaces =
  /^(?:Celsius|Fahrenheit|Kelvin|English|German|French|Spanish|Italian|Dutch|Python|TypeScript|JavaScript|Java|Go|Rust|JSON|YAML|Euros?|I|HR|IT)$/i
const capitalPhrase = String.raw`\p{Lu}[\p{L}’'-]*(?: (?:de |la |of |the )?\p{Lu}[\p{L}’'-]*)*`
const placeList = new RegExp(
  String.raw`\b(?:in|at|to|from|for|near|between)\s+((?:${capitalPhrase})(?:(?:,\s*(?:and |or )?|\s+and\s+|\s+or\s+)${capitalPhrase})*)`,
  'gu',
)
const relative =
  /\b(?:today|tonight|tomorrow|yesterday|(?:next|this|last) (?:week|month|quarter|year|monday|tuesday|wednesday|thursday|friday|saturday|sunday)|(?:mon|tues|wednes|thurs|fri|satur|sun)day|\d{1,2}(?::\d\d)? ?(?:am|pm)|\d{1,2}:\d\d)\b/gi

export function factsOf(text: string): Facts {
  const quoted = [
    ...text.matchAll(/"([^"]{1,200})"|“([^”]{1,200})”|«([^»]{1,200})»|(?<![\p{L}])'([^']{2,200})'(?!\p{L})/gu),
  ]
  const places = [...text.matchAll(placeList)].flatMap(([, list = '']) =>
    list.split(/,\s*(?:and |or )?|\s+and\s+|\s+or\s+/),
  )
  const named = places.filter(place => !isTimeName(place) && !notPlaces.test(place))
  return {
    quoted: quoted.map(found => found.slice(1).find(part => part !== undefined) ?? ''),
    numbers: [...text.matchAll(/(?<![\p{L}\d.-])-?\d+(?:,\d{3})*(?:\.\d+)?(?![\d-]|\p{L})/gu)].map(([number]) =>
      Number(number.replaceAll(',', '')),
    ),
    dates: [...text.matchAll(/\b\d{4}-\d\d-\d\d\b/g)].map(([date]) => date).concat(writtenDates(text)),
    whens: text.match(relative) ?? [],
    places: [...new Set(named)],
    names: namesOf(text).filter(name => !named.includes(name)),
    emails: text.match(/(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,5}/g) ?? [],
    urls: text.match(/https?:\/\/[^\s"'<>]+/g) ?? [],
  }
}

function writtenDates(text: string): string[] {
  const found = [
    ...text.matchAll(/\b(?<day>\d{1,2})(?:st|nd|rd|th|\.)? (?:of )?(?<month>[A-Z][a-z]{2})[a-z]* (?<year>\d{4})\b/g),
    ...text.matchAll(/\b(?<month>[A-Z][a-z]{2})[a-z]* (?<day>\d{1,2})(?:st|nd|rd|th)?,? (?<year>\d{4})\b/g),
  ]
  return found.flatMap(({ groups }) => {
    const month = months.indexOf(groups?.month?.toLowerCase() ?? '') + 1
    if (month === 0) return []
    return [`${groups?.year}-${String(month).padStart(2, '0')}-${(groups?.day ?? '1').padStart(2, '0')}`]
  })
}

function isTimeName(phrase: string): boolean {
  return phrase.match(relative) !== null || months.includes(phrase.slice(0, 3).toLowerCase())
}

function namesOf(text: string): string[] {
  const phrases = [...text.matchAll(new RegExp(capitalPhrase, 'gu'))]
    .filter(found => {
      const beginsSentence = /(?:^|[.!?\n:]\s*)$/.test(text.slice(Math.max(0, found.index - 3), found.index))
      // A capital at the beginning of a sentence means nothing; the words after a name do.
      return (
        !beginsSentence ||
        /^ (?:and \p{Lu}|is\b|are\b|was\b|has\b|works\b|wants\b)/u.test(text.slice(found.index + found[0].length))
      )
    })
    .map(([phrase]) => phrase)
  return [...new Set(phrases)].filter(
    phrase => phrase.length > 1 && !isTimeName(phrase) && !wordsOf(phrase).every(isFiller),
  )
}
