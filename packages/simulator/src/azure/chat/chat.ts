/** Chat completions. */

import type { JsonRecord } from '../../json.ts'
import type { Spent } from '../billing/bill.ts'
import type { TokenPiece } from '../billing/index.ts'
import { admit, type Call, countedPrompt, jsonInput, meaningOf, settled, type Work, workOf } from '../call.ts'
import { EventStream, sendJson } from '../http/answer.ts'
import { drawOf } from '../seed.ts'
import { answerFilter, completionFilter, promptFilterResults, violentCompletionFilter } from './filter.ts'
import { type ChatAsk, chatAsk, checkContext } from './input.ts'
import { logprobsOf } from './logprobs.ts'
import { obfuscation } from './obfuscation.ts'
import { groundingOf } from './on-your-data.ts'
import type { Said, SaidToolCall } from './said.ts'
import { cachedTokens, speak } from './speak.ts'
import { keepChat } from './stored.ts'

/** An asynchronous filter checks the text in steps of this many tokens. */
const asyncFilterStepTokens = 40

interface ChatAnswer extends Spent {
  readonly ask: ChatAsk
  readonly said: readonly Said[]
  readonly usage: JsonRecord
  /** The sources of an answer "on your data"; null for any other answer. */
  readonly context: JsonRecord | null
}

export async function chatCompletions(call: Call): Promise<void> {
  const input = jsonInput(call)
  const work = workOf(call, meaningOf(input))
  const ask = chatAsk(work, input)
  const promptTokens = countedPrompt(work, 'chat/completions', input)
  checkContext(work, promptTokens, ask.question.tokensMax, 'messages')
  const { tokensMax, choices } = ask.question
  const most = tokensMax === null ? null : tokensMax * choices
  admit(call, work, promptTokens, most)
  const answer = chatAnswer(work, ask, promptTokens, groundingOf(call, work, input))
  const sending = ask.stream
    ? streamChat(call, work, answer)
    : sendJson(call, chatDocument(work, answer), answer, work.reportsUsage)
  await settled(call, work, most, sending)
  if (input.store === true && call.response.writableEnded) keepChat(work.service, input, chatDocument(work, answer))
}

/** The whole document, for a line of a batch. */
export function chatWhole(work: Work, input: JsonRecord): { document: JsonRecord; spent: Spent } {
  const ask = chatAsk(work, input)
  const promptTokens = countedPrompt(work, 'chat/completions', input)
  checkContext(work, promptTokens, ask.question.tokensMax, 'messages')
  const answer = chatAnswer(work, ask, promptTokens)
  return { document: chatDocument(work, answer), spent: answer }
}

function chatAnswer(work: Work, ask: ChatAsk, promptTokens: number, context: JsonRecord | null = null): ChatAnswer {
  const said = speak(work, ask.question)
  const sum = (of: (each: Said) => number): number => said.reduce((total, each) => total + of(each), 0)
  const completionTokens = sum(each => each.tokens)
  const thoughtTokens = sum(each => each.thoughtTokens)
  const usage = {
    completion_tokens: completionTokens,
    completion_tokens_details: {
      accepted_prediction_tokens: 0,
      audio_tokens: 0,
      reasoning_tokens: sum(each => each.reasoningTokens),
      rejected_prediction_tokens: 0,
    },
    prompt_tokens: promptTokens,
    prompt_tokens_details: {
      audio_tokens: ask.audioTokens,
      cached_tokens: cachedTokens(work, ask.question.turns, promptTokens),
    },
    total_tokens: promptTokens + completionTokens,
  }
  return { ask, said, usage, context, promptTokens, completionTokens, thoughtTokens }
}

function chatDocument(work: Work, answer: ChatAnswer): JsonRecord {
  const { said, ask, usage, context } = answer
  return {
    choices: said.map((each, index) => ({
      content_filter_results: answerFilter(each.text),
      finish_reason: finishOf(each, ask),
      index,
      logprobs: ask.logprobs ? logprobsOf(work, each.pieces, ask.topLogprobs) : null,
      message: { ...messageOf(work, each, index, ask), ...(context === null ? {} : { end_turn: true, context }) },
    })),
    created: work.createdAtSeconds,
    id: work.draw.id('chatcmpl-', 29),
    model: work.deployment.facts.snapshot,
    object: context === null ? 'chat.completion' : 'extensions.chat.completion',
    prompt_filter_results: promptFilterResults,
    ...(ask.serviceTier === null ? {} : { service_tier: ask.serviceTier }),
    system_fingerprint: fingerprint(work),
    ...(work.reportsUsage ? { usage } : {}),
  }
}

function messageOf(work: Work, said: Said, index: number, ask: ChatAsk): JsonRecord {
  const [first] = said.toolCalls
  if (!first) return { annotations: [], content: said.text, refusal: null, role: 'assistant' }
  const spoken = { annotations: [], content: null, refusal: null, role: 'assistant' }
  if (ask.isLegacyFunctions) return { ...spoken, function_call: { arguments: first.arguments, name: first.name } }
  return {
    ...spoken,
    tool_calls: said.toolCalls.map((each, at) => ({
      function: { arguments: each.arguments, name: each.name },
      id: toolCallId(work, index, at),
      type: 'function',
    })),
  }
}

function finishOf(said: Said, ask: ChatAsk): string {
  return said.finish === 'tool_calls' && ask.isLegacyFunctions ? 'function_call' : said.finish
}

const toolCallId = (work: Work, choice: number, at: number): string => work.draw.id('call_', 24, `${choice} ${at}`)

/** One fingerprint for all answers of a model's snapshot; GPT-5 has none. */
function fingerprint(work: Work): string | null {
  if (work.deployment.facts.snapshot.startsWith('gpt-5')) return null
  return drawOf('fingerprint', work.deployment.facts.snapshot).hexId('fp_', 10)
}

const safeJson = JSON.stringify(completionFilter)
const violentJson = JSON.stringify(violentCompletionFilter)

/** The frames of one answer. Their common part is serialised once. */
class ChatFrames {
  readonly #before: string
  readonly #after: string
  readonly #usage: string
  readonly #isAsync: boolean
  readonly #obfuscates: boolean
  /** The first delta of a choice that is text, as JSON. */
  readonly opening: string
  #frames = 0
  constructor(work: Work, { ask, context }: ChatAnswer) {
    const before = {
      created: work.createdAtSeconds,
      id: work.draw.id('chatcmpl-', 29),
      model: work.deployment.facts.snapshot,
    }
    const after = {
      object: context === null ? 'chat.completion.chunk' : 'extensions.chat.completion.chunk',
      ...(ask.serviceTier === null ? {} : { service_tier: ask.serviceTier }),
      system_fingerprint: fingerprint(work),
    }
    this.#before = JSON.stringify(before).slice(1, -1)
    this.#after = JSON.stringify(after).slice(1, -1)
    this.#usage = ask.includeUsage ? ',"usage":null' : ''
    this.#isAsync = work.service.filter === 'asynchronous'
    this.#obfuscates = ask.obfuscates
    const sources = context === null ? {} : { end_turn: false, context }
    this.opening = JSON.stringify({ content: '', refusal: null, role: 'assistant', ...sources })
  }

  /** `delta`, `logprobs` and `filter` are JSON; the padding follows from `text`. */
  choice(index: number, delta: string, finish: string | null, logprobs: string, filter = '{}', text = ''): string {
    const filtered = this.#isAsync && finish !== 'content_filter' ? '' : `"content_filter_results":${filter},`
    const reason = finish === null ? 'null' : `"${finish}"`
    return `data: {"choices":[{${filtered}"delta":${delta},"finish_reason":${reason},"index":${index},"logprobs":${logprobs}}],${this.#tail(text)}${this.#usage}}\n\n`
  }

  usage(usage: JsonRecord): string {
    return `data: {"choices":[],${this.#tail('')},"usage":${JSON.stringify(usage)}}\n\n`
  }

  /** The same frame with the usage in it, as models report it that do not know `stream_options`. */
  withUsage(frame: string, usage: JsonRecord): string {
    return `${frame.slice(0, -3)},"usage":${JSON.stringify(usage)}}\n\n`
  }

  #tail(text: string): string {
    if (!this.#obfuscates) return `${this.#before},${this.#after}`
    this.#frames += 1
    return `${this.#before},"obfuscation":"${obfuscation(text, this.#frames)}",${this.#after}`
  }

  /** The asynchronous filter's findings in the characters from `start` to `end`. */
  annotation(index: number, start: number, end: number): string {
    const choice = {
      content_filter_offsets: { check_offset: start, start_offset: start, end_offset: end },
      content_filter_results: completionFilter,
      finish_reason: null,
      index,
    }
    return `data: ${JSON.stringify({ choices: [choice], created: 0, id: '', model: '', object: '' })}\n\n`
  }
}

const promptFrame = `data: ${JSON.stringify({
  choices: [],
  created: 0,
  id: '',
  model: '',
  object: '',
  prompt_filter_results: promptFilterResults,
})}\n\n`

/** One step of a choice: an event and the tokens that it carries. */
interface ChoiceStep {
  readonly event: string
  readonly tokens: number
  /** It ends the choice. */
  readonly isLast?: true
}

async function streamChat(call: Call, work: Work, answer: ChatAnswer): Promise<void> {
  const { ask, said } = answer
  const frames = new ChatFrames(work, answer)
  const stream = await EventStream.open(call)
  if (!(await stream.send(promptFrame))) return
  if (!(await stream.think(answer.thoughtTokens ?? 0))) return
  const steps = said.map((each, index) => choiceSteps(work, frames, each, index, ask))
  // The choices of one call are interleaved, one token of each in turn.
  let running = steps
  while (running.length > 0 && !stream.filtered) {
    const next: typeof running = []
    for (const each of running) {
      const { value, done } = each.next()
      if (done) continue
      if (
        value.isLast &&
        running.length === 1 &&
        work.deployment.spec.refusesStreamOptions === true &&
        work.reportsUsage
      ) {
        if (!(await stream.report(frames.withUsage(value.event, answer.usage), answer))) return
      } else if (!(await stream.send(value.event, value.tokens))) return
      next.push(each)
    }
    running = next
  }
  if (running.length === 0) return finish(stream, frames, answer, work.reportsUsage)
  for (const index of said.keys()) {
    await stream.send(frames.choice(index, '{}', 'content_filter', 'null', violentJson))
  }
  return finish(stream, frames, cutShort(answer, call.line.completionTokens), work.reportsUsage)
}

/** The same answer, ended by the filter after `completionTokens`. */
function cutShort(answer: ChatAnswer, completionTokens: number): ChatAnswer {
  const total = answer.promptTokens + completionTokens
  const usage = { ...answer.usage, completion_tokens: completionTokens, total_tokens: total }
  return { ...answer, completionTokens, usage }
}

async function finish(stream: EventStream, frames: ChatFrames, answer: ChatAnswer, reports: boolean): Promise<void> {
  if (answer.ask.includeUsage && reports) await stream.report(frames.usage(answer.usage), answer)
  return stream.end('data: [DONE]\n\n', answer)
}

function* choiceSteps(
  work: Work,
  frames: ChatFrames,
  said: Said,
  index: number,
  ask: ChatAsk,
): Generator<ChoiceStep, void> {
  if (said.toolCalls.length > 0) yield* toolSteps(work, frames, said, index, ask)
  else yield* textSteps(work, frames, said, index, ask)
  yield { event: frames.choice(index, '{}', finishOf(said, ask), 'null'), tokens: said.closingTokens, isLast: true }
}

function* textSteps(
  work: Work,
  frames: ChatFrames,
  said: Said,
  index: number,
  ask: ChatAsk,
): Generator<ChoiceStep, void> {
  yield { event: frames.choice(index, frames.opening, null, 'null'), tokens: 0 }
  const isAsync = work.service.filter === 'asynchronous'
  let chars = 0
  let checkedChars = 0
  let unchecked = 0
  for (const piece of said.pieces) {
    const logprobs = ask.logprobs ? JSON.stringify(logprobsOf(work, [piece], ask.topLogprobs)) : 'null'
    const delta = `{"content":${JSON.stringify(piece.text)}}`
    yield { event: frames.choice(index, delta, null, logprobs, safeJson, piece.text), tokens: piece.tokens }
    chars += piece.text.length
    unchecked += piece.tokens
    if (!isAsync || unchecked < asyncFilterStepTokens) continue
    yield { event: frames.annotation(index, checkedChars, chars), tokens: 0 }
    checkedChars = chars
    unchecked = 0
  }
  if (isAsync && unchecked > 0) yield { event: frames.annotation(index, checkedChars, chars), tokens: 0 }
}

function* toolSteps(
  work: Work,
  frames: ChatFrames,
  said: Said,
  index: number,
  ask: ChatAsk,
): Generator<ChoiceStep, void> {
  yield { event: frames.choice(index, '{"content":null,"role":"assistant"}', null, 'null'), tokens: 0 }
  for (const [at, each] of said.toolCalls.entries()) {
    yield {
      event: frames.choice(index, openingOf(work, each, index, at, ask), null, 'null'),
      tokens: each.openingTokens,
    }
    for (const piece of each.pieces) {
      yield {
        event: frames.choice(index, argumentsDelta(piece, at, ask), null, 'null', '{}', piece.text),
        tokens: piece.tokens,
      }
    }
  }
}

function openingOf(work: Work, said: SaidToolCall, choice: number, at: number, ask: ChatAsk): string {
  const called = { arguments: '', name: said.name }
  if (ask.isLegacyFunctions) return JSON.stringify({ function_call: called })
  return JSON.stringify({
    tool_calls: [{ function: called, id: toolCallId(work, choice, at), index: at, type: 'function' }],
  })
}

function argumentsDelta(piece: TokenPiece, at: number, ask: ChatAsk): string {
  const called = { arguments: piece.text }
  return JSON.stringify(
    ask.isLegacyFunctions ? { function_call: called } : { tool_calls: [{ function: called, index: at }] },
  )
}
