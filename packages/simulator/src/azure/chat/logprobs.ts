import type { JsonRecord } from '../../json.ts'
import type { TokenPiece } from '../billing/index.ts'
import type { Work } from '../call.ts'

/**
 * The `logprobs` of a choice, in chat's form: plausible, decreasing, and equal for the same token of the same answer.
 */
export function logprobsOf(work: Work, pieces: readonly TokenPiece[], top: number): JsonRecord {
  return {
    content: pieces.map(piece => {
      const logprob = -round(work.draw.share(`logprob ${piece.text}`) ** 3)
      const others = alternatives(piece.text, Math.max(0, top - 1)).map((token, at) =>
        entry(token, round(logprob - 2 - at * 0.75)),
      )
      return { ...entry(piece.text, logprob), top_logprobs: top > 0 ? [entry(piece.text, logprob), ...others] : [] }
    }),
    refusal: null,
  }
}

function entry(token: string, logprob: number): JsonRecord {
  return { token, logprob, bytes: [...Buffer.from(token)] }
}

/**
 * Other forms of a token, as real answers list them: with and without the space, in other case, then frequent words.
 */
function alternatives(token: string, count: number): string[] {
  const bare = token.trimStart()
  const frequent = [
    ' the',
    ' a',
    ' and',
    ' to',
    ' of',
    ' in',
    ' is',
    ' for',
    ' that',
    ' you',
    ',',
    '.',
    ' it',
    ' with',
    ' on',
    ' as',
    ' be',
    ' your',
    ' are',
    ' or',
    ' this',
  ]
  const capital = bare.charAt(0).toUpperCase() + bare.slice(1)
  const all = [token.startsWith(' ') ? bare : ` ${bare}`, capital, bare.toLowerCase(), ...frequent]
  return [...new Set(all)].filter(each => each !== token && each !== '').slice(0, count)
}

const round = (value: number): number => Math.round(value * 1e6) / 1e6
