/** The models' own tokenizer, from a library: text to tokens, and text in pieces as a model would send it. */
import { createRequire } from 'node:module'
import { familyOf } from './families.ts'

type Encoding = typeof import('gpt-tokenizer/encoding/o200k_base')

/** Whole characters that a stream can send in one chunk; usually one token. */
export interface TokenPiece {
  readonly text: string
  readonly tokens: number
}

const require = createRequire(import.meta.url)

/** Names of special tokens are ordinary text. */
const asText = { disallowedSpecial: new Set<string>() }

/** The library needs quadratic time for a run without a break. Human text has no runs of this many characters. */
const unbroken = /[\p{L}\p{M}]{400}|\s{400}|[^\s\p{L}\p{N}]{400}/gu
const runCharsMax = 400

/** Loaded at the first use, then kept by the module cache. */
function encodingOf(model: string): Encoding {
  return require(`gpt-tokenizer/encoding/${familyOf(model).encoding}`)
}

export function countText(model: string, text: string): number {
  if (text === '') return 0
  const encoding = encodingOf(model)
  return stretches(text).reduce((sum, stretch) => sum + encoding.countTokens(stretch, asText), 0)
}

/** The joined pieces are the text (with U+FFFD for unpaired surrogates), and their tokens add up to its `countText`. */
export function tokenPieces(model: string, text: string): TokenPiece[] {
  const encoding = encodingOf(model)
  return stretches(text.toWellFormed()).flatMap(stretch => piecesOf(encoding, stretch))
}

/** A character has at most as many tokens as bytes. */
const characterTokensMax = 8

/** One piece for each token, or for the tokens of one character that spans several. */
function piecesOf(encoding: Encoding, text: string): TokenPiece[] {
  const tokens = encoding.encode(text, asText)
  const pieces: TokenPiece[] = []
  let at = 0
  let open: number[] = []
  for (const token of tokens) {
    open.push(token)
    const said = encoding.decode(open)
    if (said !== '' && text.startsWith(said, at)) {
      pieces.push({ text: said, tokens: open.length })
      at += said.length
      open = []
    }
    // The decoder does not return everything (it drops a byte order mark): then the whole text is one piece.
    if (open.length > characterTokensMax) return [{ text, tokens: tokens.length }]
  }
  return open.length === 0 && at === text.length ? pieces : [{ text, tokens: tokens.length }]
}

function stretches(text: string): readonly string[] {
  if (text.length < runCharsMax) return text === '' ? [] : [text]
  const parts: string[] = []
  let start = 0
  for (const match of text.matchAll(unbroken)) {
    const end = match.index + match[0].length
    parts.push(text.slice(start, end))
    start = end
  }
  if (start < text.length) parts.push(text.slice(start))
  return parts
}
