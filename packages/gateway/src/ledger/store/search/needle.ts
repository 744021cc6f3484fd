import { streamedTexts, unescaped } from './deltas.ts'

/** Characters before and after a match that are shown with it. */
const aroundChars = 60
const backslash = 0x5c

/**
 * A text that is searched in bodies, as people read it: JSON's escapes are resolved, and the pieces of a stream are
 * joined. Most bodies are decided by looking for bytes, without decoding them.
 */
export class Needle {
  readonly #text: string
  readonly #ignoreCase: boolean
  readonly #bytes: Buffer
  /** Longest part of the text that JSON never escapes, so that it is in the bytes of every match. Empty for none. */
  readonly #anchor: Buffer

  constructor(text: string, ignoreCase: boolean) {
    this.#text = ignoreCase ? text.toLowerCase() : text
    this.#ignoreCase = ignoreCase
    this.#bytes = Buffer.from(text)
    const plain = text.match(/[A-Za-z0-9 .,;:!?()_*-]+/g) ?? []
    this.#anchor = Buffer.from(
      ignoreCase ? '' : plain.reduce((longest, one) => (one.length > longest.length ? one : longest), ''),
    )
  }

  /**
   * The first match with some of the text around it; null for none.
   * @param isStream true where the body is server-sent events.
   */
  find(body: Buffer, isStream: boolean): string | null {
    if (this.#mayContain(body)) {
      const text = body.toString('utf8')
      const found = this.#around(text) ?? (body.includes(backslash) ? this.#around(unescaped(text)) : null)
      if (found !== null) return found
    }
    if (!isStream) return null
    for (const pieces of streamedTexts(body)) {
      const found = this.#mayContain(pieces) ? this.#around(unescaped(pieces.toString('utf8'))) : null
      if (found !== null) return found
    }
    return null
  }

  #mayContain(body: Buffer): boolean {
    if (this.#ignoreCase || body.includes(this.#bytes)) return true
    // Only an escape can hide the rest.
    return body.includes(backslash) && (this.#anchor.byteLength === 0 || body.includes(this.#anchor))
  }

  #around(text: string): string | null {
    const at = (this.#ignoreCase ? text.toLowerCase() : text).indexOf(this.#text)
    if (at === -1) return null
    const [from, to] = [Math.max(0, at - aroundChars), at + this.#text.length + aroundChars]
    // Halves of a surrogate pair at the cuts are no text.
    return `${from > 0 ? '…' : ''}${text.slice(from, to).toWellFormed()}${to < text.length ? '…' : ''}`
  }
}
