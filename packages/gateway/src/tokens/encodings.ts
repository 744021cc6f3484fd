import { createRequire } from 'node:module'

type Encoding = typeof import('gpt-tokenizer/encoding/o200k_base')

/** A piece of text that a stream can carry in one chunk: whole characters, mostly of one token. */
export interface TokenPiece {
  readonly text: string
  readonly tokens: number
}

/**
 * Byte-pair merging takes time quadratic in the length of a run that the encoding does not split by itself: letters,
 * spaces or other signs without a break (80,000 spaces took 3.3 s). Runs are therefore cut where a window of this many
 * UTF-16 units, aligned to its own length, is completely within one run. No run below 256 units is cut, every run of
 * 768 or more is, and the cost stays near 2 µs a character in the worst case. A cut changes the count by less than 3
 * tokens (the test measures it), in practice by one at most: less than 2 % of such a run.
 */
const windowUnits = 256
const unbrokenWindow = /[\p{L}\p{M}]{254,256}|\s{256}|[^\s\p{L}\p{N}]{254,256}/uy

const require = createRequire(import.meta.url)
const asPlainText = { disallowedSpecial: new Set<string>() }

/**
 * `cl100k_base` for GPT-4, GPT-3.5 and text-embedding models, `o200k_base` for all later ones and for unknown names.
 */
export function encodingName(model: string): 'o200k_base' | 'cl100k_base' {
  return /^(ft:)?(gpt-4(?![\d.o])|gpt-3\.?5|text-embedding-|(davinci|babbage)-002)/i.test(model)
    ? 'cl100k_base'
    : 'o200k_base'
}

/** Loaded at its first use (0.2 s, 65 MB) and then kept by the module cache; a lookup costs 1 µs. */
function encodingOf(model: string): Encoding {
  return require(`gpt-tokenizer/encoding/${encodingName(model)}`)
}

/** Tokens of `text` as plain text: names of special tokens in it are ordinary text. Long runs are cut (`cutRuns`). */
export function countText(model: string, text: string): number {
  if (text === '') return 0
  const encoding = encodingOf(model)
  if (text.length < windowUnits) return encoding.countTokens(text, asPlainText)
  let tokens = 0
  for (const stretch of cutRuns(text)) tokens += encoding.countTokens(stretch, asPlainText)
  return tokens
}

/**
 * Splits text as a model would produce it. The joined pieces are the text, and their tokens add up to `countText`. A
 * character of several tokens stays in one piece. Unpaired surrogates become U+FFFD.
 */
export function tokenPieces(model: string, text: string): TokenPiece[] {
  const encoding = encodingOf(model)
  return cutRuns(text.toWellFormed()).flatMap(stretch => stretchPieces(encoding, stretch))
}

function stretchPieces(encoding: Encoding, stretch: string): TokenPiece[] {
  if (stretch === '') return []
  const tokens = encoding.encode(stretch, asPlainText)
  const pieces: TokenPiece[] = []
  let taken = 0
  function* feed(): Generator<number> {
    for (const token of tokens) {
      taken += 1
      yield token
    }
  }
  let before = 0
  for (const text of encoding.decodeGenerator(feed())) {
    pieces.push({ text, tokens: taken - before })
    before = taken
  }
  // The decoder drops a byte order mark. The stretch is then one piece.
  const whole = pieces.map(piece => piece.text).join('') === stretch
  return whole ? pieces : [{ text: stretch, tokens: tokens.length }]
}

/** The text in stretches, cut only inside long unbroken runs. The joined stretches are the text. */
export function cutRuns(text: string): string[] {
  const stretches: string[] = []
  const window = new RegExp(unbrokenWindow)
  let start = 0
  for (let at = 0; at + windowUnits <= text.length; at += windowUnits) {
    // A surrogate pair is never split. With `u`, a regular expression cannot start inside one.
    window.lastIndex = insidePair(text, at) ? at + 1 : at
    if (!window.test(text)) continue
    const end = insidePair(text, at + windowUnits) ? at + windowUnits - 1 : at + windowUnits
    stretches.push(text.slice(start, end))
    start = end
  }
  stretches.push(text.slice(start))
  return stretches
}

function insidePair(text: string, at: number): boolean {
  const code = text.charCodeAt(at)
  return code >= 0xdc00 && code <= 0xdfff && at > 0 && (text.charCodeAt(at - 1) & 0xfc00) === 0xd800
}
