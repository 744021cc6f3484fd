import { dotControls } from '../../control-characters.ts'

/** A place of the text that is looked for. */
export interface Place {
  readonly found: string
  readonly before: string
  readonly after: string
}

/** UTF-16 units that are shown before and after a place. */
const aroundUnits = 60

/**
 * The text that is looked for. Letters of either case are the same (simple case folding of Unicode, as regular
 * expressions have it with the flags `iu`), any white space is any other, and composed characters are decomposed ones.
 */
export class Needle {
  readonly #pattern: RegExp
  /** A part of the text that JSON does not escape in a short form; null when there is none. */
  readonly #plain: RegExp | null

  constructor(text: string) {
    const forms = [...new Set([text, text.normalize('NFC'), text.normalize('NFD')].map(form => form.trim()))]
    this.#pattern = anyOf(forms)
    const plain = forms.map(longestPlain)
    this.#plain = plain.includes('') ? null : anyOf([...new Set(plain)])
  }

  /** The first place in a text; null when there is none. */
  placeIn(text: string): Place | null {
    const match = this.#pattern.exec(text)
    if (match === null) return null
    const end = match.index + match[0].length
    return {
      before: shown(text.slice(Math.max(0, match.index - aroundUnits), match.index)),
      found: shown(match[0]),
      after: shown(text.slice(end, end + aroundUnits)),
    }
  }

  /** False when no string of this JSON text can have a place. Much cheaper than parsing it. */
  mayBeIn(json: string): boolean {
    return this.#plain === null || json.includes('\\u') || this.#plain.test(json)
  }
}

function anyOf(forms: readonly string[]): RegExp {
  const words = (form: string): string => form.split(/\s+/u).map(RegExp.escape).join('\\s+')
  return new RegExp(forms.map(words).join('|'), 'iu')
}

/** Only these have a short escape (RFC 8259, section 7); all others are written as they are, or as `\u`. */
function longestPlain(form: string): string {
  const parts = form.split(/[\s"\\/\p{Cc}]+/u)
  return parts.reduce((longest, part) => (part.length > longest.length ? part : longest), '')
}

/** One line, without control characters and halves of characters. */
function shown(text: string): string {
  return dotControls(text.toWellFormed().replace(/\s+/gu, ' '))
}
