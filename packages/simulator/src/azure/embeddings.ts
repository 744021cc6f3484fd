/** Embeddings: the same text gives the same vector on every instance, with a seed or without. */

import type { JsonRecord } from '../json.ts'
import { embed } from './answers/index.ts'
import type { Spent } from './billing/bill.ts'
import { countText } from './billing/index.ts'
import { admit, type Call, countedPrompt, jsonInput, meaningOf, type Work, workOf } from './call.ts'
import { integerIn } from './chat/input.ts'
import { invalidRequest } from './errors.ts'
import { sendJson } from './http/answer.ts'
import { checkMembers } from './members.ts'

const inputsMax = 2_048
const standardDimensions = 1_536

export async function embeddings(call: Call): Promise<void> {
  const input = jsonInput(call)
  const work = workOf(call, meaningOf(input))
  const texts = checkedTexts(work, input)
  const promptTokens = countedPrompt(work, 'embeddings', input)
  admit(call, work, promptTokens, null)
  const { document, spent } = embeddingsDocument(work, input, texts, promptTokens)
  return sendJson(call, document, spent, work.reportsUsage)
}

/** The whole document, for a line of a batch. */
export function embeddingsWhole(work: Work, input: JsonRecord): { document: JsonRecord; spent: Spent } {
  const texts = checkedTexts(work, input)
  return embeddingsDocument(work, input, texts, countedPrompt(work, 'embeddings', input))
}

function embeddingsDocument(
  work: Work,
  input: JsonRecord,
  texts: readonly string[],
  promptTokens: number,
): { document: JsonRecord; spent: Spent } {
  const dimensions = dimensionsOf(work, input)
  const isBase64 = input.encoding_format === 'base64'
  const data = texts.map((text, index) => {
    const vector = embed(text, dimensions)
    return { object: 'embedding', index, embedding: isBase64 ? base64(vector) : [...vector] }
  })
  const usage = { prompt_tokens: promptTokens, total_tokens: promptTokens }
  const document = {
    object: 'list',
    data,
    model: work.deployment.facts.snapshot,
    ...(work.reportsUsage ? { usage } : {}),
  }
  return { document, spent: { promptTokens, completionTokens: 0 } }
}

/** Little-endian floats of 32 bits, as clients read them. */
function base64(vector: Float32Array): string {
  return Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength).toString('base64')
}

function dimensionsOf(work: Work, input: JsonRecord): number {
  const { dimensions, shortens } = work.deployment.facts
  const most = dimensions ?? standardDimensions
  if (input.dimensions !== undefined && input.dimensions !== null && !shortens) {
    throw invalidRequest('This model does not support specifying dimensions.', 'dimensions', null)
  }
  return integerIn(input, 'dimensions', 1, most) ?? most
}

function checkedTexts(work: Work, input: JsonRecord): string[] {
  checkMembers('embeddings', input)
  const format = input.encoding_format
  if (format !== undefined && format !== null && format !== 'float' && format !== 'base64') {
    throw invalidRequest(
      "Invalid value for 'encoding_format': expected 'float' or 'base64'.",
      'encoding_format',
      'invalid_value',
    )
  }
  dimensionsOf(work, input)
  const texts = textsOf(input.input)
  for (const [at, text] of texts.entries()) checkLength(work, input.input, text, at)
  return texts
}

/** Each text must fit into the model's context. */
function checkLength(work: Work, input: unknown, text: string, at: number): void {
  const { facts, model } = work.deployment
  const most = facts.contextTokensMax
  // A token has at least one byte.
  if (Buffer.byteLength(text) <= most) return
  const given = Array.isArray(input) ? input[at] : text
  const tokens = typeof given === 'string' ? countText(model, given) : text.split(' ').length
  if (tokens <= most) return
  throw invalidRequest(
    `This model's maximum context length is ${most} tokens, however you requested ${tokens} tokens (${tokens} in your prompt; 0 for the completion). Please reduce your prompt; or completion length.`,
    null,
    null,
  )
}

/**
 * A string, strings, tokens, or lists of tokens. A token is treated as a word, so that lists of equal tokens are near
 * each other.
 */
function textsOf(input: unknown): string[] {
  const isTokens = (value: unknown): value is number[] =>
    Array.isArray(value) && value.length > 0 && value.every(each => Number.isInteger(each))
  const asWords = (tokens: readonly number[]): string => tokens.map(token => `t${token}`).join(' ')
  if (typeof input === 'string' && input !== '') return [input]
  if (isTokens(input)) return [asWords(input)]
  if (Array.isArray(input) && input.length > inputsMax) {
    throw invalidRequest(`Invalid 'input': at most ${inputsMax} inputs in a call.`, 'input', 'array_above_max_length')
  }
  if (Array.isArray(input) && input.length > 0) {
    if (input.every(each => typeof each === 'string' && each !== '')) return input
    if (input.every(isTokens)) return input.map(asWords)
  }
  throw invalidRequest(
    "'$.input' is invalid. Please check the API reference: https://platform.openai.com/docs/api-reference.",
    'input',
    null,
  )
}
