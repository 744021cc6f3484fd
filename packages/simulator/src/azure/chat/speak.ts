/** A model's answer to a conversation: text, JSON or tool calls, cut at stop sequences and at the token limit. */
import { answerJson, answerText, chooseToolCall, type Turn } from '../answers/index.ts'
import { countText, familyOf, nextCallTokens, type TokenPiece, tokenPieces } from '../billing/index.ts'
import type { Work } from '../call.ts'
import type { Question, Said } from './said.ts'

/**
 * One answer for each choice of the question. `part` separates several questions of one call. With a seed, equal calls
 * get equal answers, and the answers are kept.
 */
export function speak(work: Work, question: Question, part = 0): readonly Said[] {
  // Not from the whole body: the same question under another token limit begins with the same words.
  const seed = question.seed ?? work.service.seed ?? work.draw.number(`text ${part}`)
  const brief = { ...question, turns: question.turns.map(shortened) }
  const say = (): Said[] =>
    Array.from({ length: question.choices }, (_, variant) => sayOnce(work, brief, seed, variant))
  return work.service.seed === null ? say() : work.service.said.get(`${work.key} ${part}`, say)
}

/** Only the beginning and the end of long texts decide the answer: reading all would take longer than answering. */
const readCharsMax = 8_192

function shortened(turn: Turn): Turn {
  if (turn.text.length <= readCharsMax) return turn
  const half = readCharsMax / 2
  return { ...turn, text: `${turn.text.slice(0, half)}\n${turn.text.slice(-half)}`.toWellFormed() }
}

/** Prompt tokens that are in the service's cache. */
export function cachedTokens(work: Work, turns: readonly Turn[], promptTokens: number): number {
  const text = turns.map(turn => `${turn.role}\n${turn.text}`).join('\n')
  return work.service.prompts.cachedTokens(work.deployment.name, text, promptTokens)
}

function sayOnce(work: Work, question: Question, seed: number, variant: number): Said {
  const { model } = work.deployment
  const { openingTokens, closingTokens } = familyOf(model)
  const reasoning = reasoningTokens(work, question.effort, variant)
  const thought = reasoning + openingTokens
  const left = question.tokensMax === null ? Number.POSITIVE_INFINITY : question.tokensMax - thought
  if (left <= 0 && thought > 0) return silent(question.tokensMax ?? 0, reasoning)
  const calls = toolCalls(question, seed + variant)
  if (calls && calls.length > 0) return sayCalls(work, question, calls, { reasoning, thought, left })
  const full = question.json
    ? answerJson({ messages: question.turns, schema: question.json.schema, seed, variant })
    : answerText({ model, messages: question.turns, seed, variant })
  const text = beforeStop(full, question.stop)
  const pieces = tokenPieces(model, text)
  const kept = keep(pieces, left)
  // The token that ends a text needs room too.
  const isCut = kept.length < pieces.length || total(kept) + closingTokens > left
  const closing = isCut ? 0 : closingTokens
  return {
    text: isCut ? joined(kept) : text,
    pieces: kept,
    toolCalls: [],
    finish: isCut ? 'length' : 'stop',
    reasoningTokens: reasoning,
    thoughtTokens: thought,
    closingTokens: closing,
    tokens: thought + total(kept) + closing,
  }
}

/** For a limit that was used up before the first visible token. */
function silent(tokensMax: number, reasoning: number): Said {
  const tokens = Math.max(0, tokensMax)
  const thought = { reasoningTokens: Math.min(tokens, reasoning), thoughtTokens: tokens, closingTokens: 0, tokens }
  return { text: '', pieces: [], toolCalls: [], finish: 'length', ...thought }
}

function toolCalls(question: Question, seed: number): readonly { name: string; arguments: string }[] | null {
  if (question.tools.length === 0 || question.toolChoice === 'none') return null
  const { turns, tools, toolChoice } = question
  return chooseToolCall({ messages: turns, tools, toolChoice, seed, parallel: question.parallelTools })
}

function sayCalls(
  work: Work,
  question: Question,
  calls: readonly { name: string; arguments: string }[],
  { reasoning, thought, left: tokensMax }: { reasoning: number; thought: number; left: number },
): Said {
  const { model } = work.deployment
  let left = tokensMax
  let isCut = false
  const said = calls.flatMap((call, at) => {
    const openingTokens = countText(model, call.name) + nextCallTokens(at)
    if (left < openingTokens) {
      isCut = true
      left = 0
      return []
    }
    left -= openingTokens
    const pieces = tokenPieces(model, call.arguments)
    const kept = keep(pieces, left)
    left -= total(kept)
    isCut ||= kept.length < pieces.length
    return [{ name: call.name, arguments: joined(kept), pieces: kept, openingTokens }]
  })
  const tokens = said.reduce((sum, call) => sum + call.openingTokens + total(call.pieces), thought)
  // A function that was forced by name ends with `stop`, as in the service.
  const finish = isCut
    ? 'length'
    : typeof question.toolChoice === 'object' && question.toolChoice !== null
      ? 'stop'
      : 'tool_calls'
  const thinking = { reasoningTokens: reasoning, thoughtTokens: thought, closingTokens: 0 }
  return { text: '', pieces: [], toolCalls: said, finish, ...thinking, tokens }
}

/** Reasoning models think in steps of 64 tokens, and longer with more effort. */
const stepsByEffort: Readonly<Record<string, readonly [least: number, most: number]>> = {
  none: [0, 0],
  minimal: [0, 0],
  low: [1, 2],
  medium: [2, 6],
  high: [8, 14],
}

function reasoningTokens(work: Work, effort: string | null, variant: number): number {
  if (!work.deployment.facts.reasons) return 0
  const [least, most] = stepsByEffort[effort ?? 'medium'] ?? [2, 6]
  return 64 * (least + (work.draw.number(`reasoning ${variant}`) % (most - least + 1)))
}

function beforeStop(text: string, stop: readonly string[]): string {
  const ends = stop.filter(word => word !== '').map(word => text.indexOf(word))
  const first = Math.min(...ends.filter(at => at >= 0), text.length)
  return text.slice(0, first)
}

function keep(pieces: readonly TokenPiece[], tokensMax: number): readonly TokenPiece[] {
  let tokens = 0
  const over = pieces.findIndex(piece => {
    tokens += piece.tokens
    return tokens > tokensMax
  })
  return over < 0 ? pieces : pieces.slice(0, over)
}

const joined = (pieces: readonly TokenPiece[]): string => pieces.map(piece => piece.text).join('')

const total = (pieces: readonly TokenPiece[]): number => pieces.reduce((sum, piece) => sum + piece.tokens, 0)
