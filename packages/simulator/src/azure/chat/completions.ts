/** Completions: the older operation, which continues a prompt. */

import { type JsonRecord, numberOrNull } from '../../json.ts'
import type { Spent } from '../billing/bill.ts'
import { countText, tokenPieces } from '../billing/index.ts'
import { admit, type Call, countedPrompt, jsonInput, meaningOf, settled, type Work, workOf } from '../call.ts'
import { invalidRequest } from '../errors.ts'
import { EventStream, sendJson } from '../http/answer.ts'
import { checkMembers } from '../members.ts'
import { completionFilter, promptFilterResults } from './filter.ts'
import { checkContext, checkNumber, integerIn, type StreamAsk, stopsOf, streamAsk } from './input.ts'
import type { Said } from './said.ts'
import { speak } from './speak.ts'

/** The service's maximum for calls that do not name one. */
const standardTokensMax = 16

interface CompletionAsk extends StreamAsk {
  readonly prompts: readonly string[]
  readonly choices: number
  readonly echo: boolean
  readonly tokensMax: number
  readonly stop: readonly string[]
  readonly seed: number | null
  readonly logprobs: boolean
}

interface CompletionAnswer extends Spent {
  readonly ask: CompletionAsk
  /** In the order of the prompts, with `choices` answers for each. */
  readonly said: readonly Said[]
  readonly usage: JsonRecord
}

export async function completions(call: Call): Promise<void> {
  const input = jsonInput(call)
  const work = workOf(call, meaningOf(input))
  const ask = completionAsk(work, input)
  const promptTokens = countedPrompt(work, 'completions', input)
  checkContext(work, promptTokens, ask.tokensMax, 'prompt')
  const most = ask.tokensMax * ask.choices * ask.prompts.length
  admit(call, work, promptTokens, most)
  const answer = completionAnswer(work, ask, promptTokens)
  const sending = ask.stream
    ? streamCompletions(call, work, answer)
    : sendJson(call, completionDocument(work, answer), answer, work.reportsUsage)
  return settled(call, work, most, sending)
}

/** The whole document, for a line of a batch. */
export function completionWhole(work: Work, input: JsonRecord): { document: JsonRecord; spent: Spent } {
  const ask = completionAsk(work, input)
  const promptTokens = countedPrompt(work, 'completions', input)
  checkContext(work, promptTokens, ask.tokensMax, 'prompt')
  const answer = completionAnswer(work, ask, promptTokens)
  return { document: completionDocument(work, answer), spent: answer }
}

function completionAsk(work: Work, input: JsonRecord): CompletionAsk {
  checkMembers('completions', input)
  checkNumber(input, 'temperature', 0, 2)
  return {
    ...streamAsk(input, work),
    prompts: promptsOf(input.prompt),
    choices: integerIn(input, 'n', 1, 128) ?? 1,
    echo: input.echo === true,
    tokensMax: integerIn(input, 'max_tokens', 0, work.deployment.facts.contextTokensMax) ?? standardTokensMax,
    stop: stopsOf(input),
    seed: numberOrNull(input.seed),
    logprobs: (integerIn(input, 'logprobs', 0, 5) ?? 0) > 0,
  }
}

/** A string, a list of strings, a list of tokens, or a list of lists of tokens. Tokens are not decoded into words. */
function promptsOf(prompt: unknown): string[] {
  if (prompt === undefined || prompt === null) return ['']
  if (typeof prompt === 'string') return [prompt]
  const isTokens = (value: unknown): boolean => Array.isArray(value) && value.every(each => Number.isInteger(each))
  if (isTokens(prompt)) return ['']
  if (Array.isArray(prompt) && prompt.every(each => typeof each === 'string')) return prompt
  if (Array.isArray(prompt) && prompt.every(isTokens)) return prompt.map(() => '')
  throw invalidRequest(
    "Invalid type for 'prompt': expected a string, or an array of strings or of tokens.",
    'prompt',
    'invalid_type',
  )
}

function completionAnswer(work: Work, ask: CompletionAsk, promptTokens: number): CompletionAnswer {
  const said = ask.prompts.flatMap((prompt, at) => {
    const question = {
      turns: [{ role: 'user', text: prompt }],
      tools: [],
      toolChoice: 'none',
      parallelTools: false,
      json: null,
      stop: ask.stop,
      tokensMax: ask.tokensMax,
      effort: null,
      choices: ask.choices,
      seed: ask.seed,
    }
    return speak(work, question, at).map(each => {
      return ask.echo ? echoed(work, prompt, each) : each
    })
  })
  const completionTokens = said.reduce((sum, each) => sum + each.tokens, 0)
  const usage = {
    completion_tokens: completionTokens,
    prompt_tokens: promptTokens,
    total_tokens: promptTokens + completionTokens,
  }
  return { ask, said, usage, promptTokens, completionTokens }
}

/** The prompt is repeated before the answer, and charged as a part of the answer's text. */
function echoed(work: Work, prompt: string, said: Said): Said {
  const pieces = [...tokenPieces(work.deployment.model, prompt), ...said.pieces]
  return { ...said, text: prompt + said.text, pieces, tokens: said.tokens + countText(work.deployment.model, prompt) }
}

const idOf = (work: Work): string => work.draw.id('cmpl-', 29)

function completionDocument(work: Work, { said, ask, usage }: CompletionAnswer): JsonRecord {
  return {
    choices: said.map((each, index) => ({
      content_filter_results: completionFilter,
      finish_reason: each.finish,
      index,
      logprobs: ask.logprobs ? completionLogprobs(work, each) : null,
      text: each.text,
    })),
    created: work.createdAtSeconds,
    id: idOf(work),
    model: work.deployment.facts.snapshot,
    object: 'text_completion',
    prompt_filter_results: ask.prompts.flatMap((_, at) =>
      promptFilterResults.map(each => ({ ...each, prompt_index: at })),
    ),
    ...(work.reportsUsage ? { usage } : {}),
  }
}

/** The older form of logprobs: parallel lists. */
function completionLogprobs(work: Work, said: Said): JsonRecord {
  let offset = 0
  const offsets = said.pieces.map(piece => {
    offset += piece.text.length
    return offset - piece.text.length
  })
  return {
    text_offset: offsets,
    token_logprobs: said.pieces.map(piece => -Math.round(work.draw.share(`logprob ${piece.text}`) ** 3 * 1e6) / 1e6),
    tokens: said.pieces.map(piece => piece.text),
    top_logprobs: said.pieces.map(piece => ({
      [piece.text]: -Math.round(work.draw.share(`logprob ${piece.text}`) ** 3 * 1e6) / 1e6,
    })),
  }
}

async function streamCompletions(call: Call, work: Work, answer: CompletionAnswer): Promise<void> {
  const { ask, said, usage } = answer
  const shared = {
    created: work.createdAtSeconds,
    id: idOf(work),
    model: work.deployment.facts.snapshot,
    object: 'text_completion',
  }
  const perChunk = ask.includeUsage ? { usage: null } : {}
  const stream = await EventStream.open(call)
  const first = { choices: [], created: 0, id: '', model: '', object: '', prompt_filter_results: promptFilterResults }
  if (!(await stream.send(`data: ${JSON.stringify(first)}\n\n`))) return
  for (const [index, each] of said.entries()) {
    const frame = (text: string, finish: string | null, filter: unknown): string => {
      const choice = { content_filter_results: filter, finish_reason: finish, index, logprobs: null, text }
      return `data: ${JSON.stringify({ choices: [choice], ...shared, ...perChunk })}\n\n`
    }
    for (const piece of each.pieces) {
      if (!(await stream.send(frame(piece.text, null, completionFilter), piece.tokens))) return
    }
    if (!(await stream.send(frame('', each.finish, {}), each.closingTokens))) return
  }
  if (ask.includeUsage && work.reportsUsage) {
    await stream.report(`data: ${JSON.stringify({ choices: [], ...shared, usage })}\n\n`, answer)
  }
  return stream.end('data: [DONE]\n\n', answer)
}
