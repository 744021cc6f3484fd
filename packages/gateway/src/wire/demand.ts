/** The demand of a JSON body: how many answers it asks for, and how long they may be at most. */
import { memberValue, type Scan } from './json-scan.ts'
import { PromptCounter } from './prompts.ts'
import { inSlices } from './slices.ts'

export interface Demand {
  /** Answers that are generated, at least 1: choices of every prompt, and candidates that are discarded. */
  readonly answers: number
  /** Most tokens of all answers together; null when neither the body sets a maximum nor its length does. */
  readonly completionTokensMax: number | null
}

/** Members that a demand is read from. */
export const demandMembers = [
  'max_tokens',
  'max_completion_tokens',
  'max_output_tokens',
  'n',
  'best_of',
  'prompt',
  // The text to be spoken.
  'input',
] as const

/** More answers than any operation makes. An absurd number must not overflow the reservation. */
const answersMost = 1_000_000

/**
 * Sound tokens that one byte of text becomes: about 21 tokens a second (1,250 a minute by the price list of
 * gpt-4o-mini-tts), 13 bytes of English or 12 of Chinese a second, and half as much again for slow voices. Spoken
 * answers report no usage.
 */
const soundTokensPerByte = 2.5
const soundTokensAtLeast = 50

const one: Demand = { answers: 1, completionTokensMax: null }

/** @param operation name of the operation: several prompts in one body are counted only for `completions`. */
export function demandOf(operation: string, body: Buffer, scan: Scan): Demand | Promise<Demand> {
  const { members } = scan
  if (operation === 'audio/speech') return spokenDemand(scan)
  const count = (key: string): number | null => (members.has(key) ? countIn(body, scan, key) : null)
  const maxima = [count('max_tokens'), count('max_completion_tokens'), count('max_output_tokens')]
  // Backends refuse two maxima or use one of them. The largest counts, so that a caller cannot choose the smaller.
  const most = maxima.reduce((larger, next) => (next === null ? larger : Math.max(larger ?? 0, next)), null)
  const choices = Math.max(1, count('n') ?? 1, count('best_of') ?? 1)
  const prompts = operation === 'completions' ? promptsIn(body, scan) : 1
  if (prompts instanceof Promise) return prompts.then(number => demand(most, choices * number))
  return most === null && choices * prompts === 1 ? one : demand(most, choices * prompts)
}

function spokenDemand({ members }: Scan): Demand {
  const range = members.get('input')
  const bytes = range === undefined ? 0 : range.valueEnd - range.valueStart
  return { answers: 1, completionTokensMax: soundTokensAtLeast + Math.ceil(bytes * soundTokensPerByte) }
}

function demand(most: number | null, asked: number): Demand {
  const answers = Math.min(asked, answersMost)
  return { answers, completionTokensMax: most === null ? null : most * answers }
}

function promptsIn(body: Buffer, scan: Scan): number | Promise<number> {
  const range = scan.members.get('prompt')
  return range === undefined ? 1 : inSlices(new PromptCounter(body, range), range.valueEnd - range.valueStart)
}

/** Longest text of a count, in bytes. */
const digitsMax = 24

/** Null for a value that is no count: the backend refuses it. */
function countIn(body: Buffer, scan: Scan, key: string): number | null {
  const range = scan.members.get(key)
  if (range === undefined || range.valueEnd - range.valueStart > digitsMax) return null
  const first = body[range.valueStart] ?? 0
  if (first < 0x30 || first > 0x39) return null
  const value = memberValue(body, range)
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : null
}
