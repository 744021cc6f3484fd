import { type Colleague, colleagues, regions } from './data/index.ts'
import type { Intent } from './scene.ts'
import { contentWords, isOrder, sentencesOf, stem, wordsOf } from './words.ts'

const asksForPeople =
  /\b(?:experts?|specialists?|colleagues?|someone|somebody|anyone|anybody|people (?:who|with))\b|\bwho (?:(?:else )?(?:here )?(?:knows?|speaks|works (?:on|with)|is (?:good|experienced|responsible)|has (?:experience|worked|introduced|done|led))|(?:can|could|should) (?:help|explain|review|advise|support|i ask|i talk|answer|tell|teach))\b/i
/** Texts about specialists, and questions that only mention colleagues. */
const asksForText =
  /^(?:please |can you |could you )?(?:write|draft|compose|summari[sz]e|explain|translate|how|what|why|give me (?:an? )?(?:regex|function))\b|\badvert/i
const fitsMax = 3
const weights = { skill: 3, place: 2, language: 2, unit: 1 } as const

interface Fit {
  readonly colleague: Colleague
  readonly score: number
  readonly skills: readonly string[]
  readonly isNear: boolean
  readonly speaks: string | null
}

/** Skills, split into stems once. */
const prepared = colleagues.map(colleague => ({
  colleague,
  skills: colleague.skills.split(', ').map(skill => ({ skill, stems: wordsOf(skill).map(stem) })),
  unit: wordsOf(colleague.unit).map(stem),
  places: wordsOf(colleague.place).map(stem),
  languages: colleague.languages.split(', '),
}))

/** Finds people of the company by skill, place and language. */
export const expertSearch: Intent = ({ question, luck }) => {
  if (asksForText.test(question) || !asksForPeople.test(question)) return null
  const fits = rankedFits(question)
  const [best, ...others] = fits
  if (best === undefined) return noMatch(question)
  const seconds = others
    .filter(({ score, skills }) => skills.length > 0 && score * 2 >= best.score)
    .slice(0, fitsMax - 1)
  const first = `${described(best)} ${reason(best)}`
  const also = seconds.map(
    (fit, at) =>
      `${described(fit)} ${at === 0 ? 'is a good second choice' : 'could step in as well'}: ${given(fit)} ${fit.colleague.did}.`,
  )
  const ending = luck.pick([
    `Write ${given(best)} two or three sentences on what you need and by when.`,
    `I would begin with ${given(best)}; a call of a quarter of an hour should be enough to see whether it fits.`,
    `If ${given(best)} is away, the team of ${best.colleague.unit} can name a stand-in.`,
  ])
  return [first, ...also, ending].join(' ')
}

function rankedFits(question: string): Fit[] {
  const stems = new Set(wordsOf(question).map(stem))
  const regionPlaces = new Set(
    Object.entries(regions).flatMap(([region, places]) => (stems.has(stem(region)) ? wordsOf(places).map(stem) : [])),
  )
  const fits = prepared.map(({ colleague, skills, unit, places, languages }): Fit => {
    const met = skills.map(({ skill, stems: parts }) => ({
      skill,
      share: parts.filter(part => stems.has(part)).length / parts.length,
    }))
    const isNear = places.some(place => stems.has(place) || regionPlaces.has(place))
    const speaks = languages.find(language => stems.has(stem(language))) ?? null
    // Each word of the question counts once, and most when it is a whole skill: `battery recycling` beats `battery
    // cells` with `recycling`.
    const skilled = [...stems].reduce((sum, word) => {
      const shares = skills.map(({ stems: parts }, at) => (parts.includes(word) ? (met[at]?.share ?? 0) : 0))
      return sum + weights.skill * Math.max(...shares)
    }, 0)
    const inUnit = unit.some(word => stems.has(word)) ? weights.unit : 0
    return {
      colleague,
      skills: met.filter(({ share }) => share >= 0.5).map(({ skill }) => skill),
      isNear,
      speaks,
      score: skilled + inUnit + (isNear ? weights.place : 0) + (speaks === null ? 0 : weights.language),
    }
  })
  const wantsSkill = fits.some(({ skills }) => skills.length > 0)
  // Without a common skill, only a plain question for a place or a language is answered by them.
  const plain = contentWords(question).filter(word => !isOrder(word)).length <= 4
  return fits
    .filter(({ skills, isNear, speaks }) => skills.length > 0 || (!wantsSkill && plain && (isNear || speaks !== null)))
    .sort((left, right) => right.score - left.score)
}

function given({ colleague }: Fit): string {
  return colleague.name.split(' ')[0] ?? colleague.name
}

function described({ colleague }: Fit): string {
  return `${colleague.name} (${colleague.unit}, ${colleague.place})`
}

function reason(fit: Fit): string {
  const { colleague, skills, speaks } = fit
  const done = new Set(wordsOf(colleague.did).map(stem))
  // A skill that the deed already shows is not repeated.
  const knows = skills.filter(skill => !wordsOf(skill).every(word => done.has(stem(word)))).slice(0, 2)
  const language = speaks === null ? null : `speaks ${listed(colleague.languages.split(', '))}`
  const known = knows.length === 0 ? null : `has ${listed(knows)} among the main skills`
  const further = [known, language].filter(part => part !== null)
  const second = further.length === 0 ? '' : ` ${given(fit)} also ${further.join(' and ')}.`
  return `is the best match: ${given(fit)} ${colleague.did}.${second}`
}

function listed(items: readonly string[]): string {
  return items.length < 2 ? items.join('') : `${items.slice(0, -1).join(', ')} and ${items.at(-1)}`
}

/** For a question that fits no profile: says so, and describes the kind of person to look for. */
function noMatch(question: string): string {
  const [sentence = question] = sentencesOf(question)
  const subject = sentence
    .replace(/[?.!]+$/, '')
    .replace(
      /^.*?\b(?:experts?|specialists?)\b (?:for|in|on|about|with)?\s*|^.*?\b(?:knows? about|knows?|help (?:me |us )?with|experience (?:in|with)|experienced in|good at|who (?:has|is|can|could|speaks))\s+/i,
      '',
    )
    .slice(0, 100)
  return `Nobody in the directory lists ${subject} among their skills. You need somebody who has done this in practice, not only read about it; university partners and suppliers are the usual places to look, and Procurement can set up a day of consulting. Shall I look for a related field instead?`
}
