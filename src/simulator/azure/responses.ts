/** The Responses API: create, whole and streamed, and the objects that it keeps. */
import type { JsonRecord } from '../../wire/json.ts'
import { sendJson } from './answer.ts'
import {
  admit,
  type Call,
  countedPrompt,
  jsonInput,
  meaningOf,
  type Spent,
  settled,
  type Work,
  workOf,
} from './call.ts'
import { checkContext } from './chatInput.ts'
import { invalidRequest, noSuchObject } from './errors.ts'
import { completionFilter, promptFilterResults } from './filter.ts'
import { type ResponsesAsk, responsesAsk } from './responsesInput.ts'
import { streamResponse } from './responsesStream.ts'
import { cachedTokens, type Said, speak } from './speak.ts'
import { page, type StoredResponse } from './store.ts'

export interface ResponsesAnswer extends Spent {
  readonly said: Said
  /** The finished object. */
  readonly object: JsonRecord & { readonly id: string }
  readonly output: readonly JsonRecord[]
}

export async function createResponse(call: Call): Promise<void> {
  const input = jsonInput(call)
  const work = workOf(call, meaningOf(input))
  const ask = responsesAsk(work, input)
  const promptTokens = promptTokensOf(work, input, ask)
  const most = ask.question.tokensMax
  checkContext(work, promptTokens, most, 'input')
  admit(call, work, promptTokens, most)
  const answer = responsesAnswer(work, ask, input, promptTokens)
  if (ask.store) {
    const background = ask.background && !ask.stream ? 'running' : 'no'
    const stored = { object: answer.object, inputItems: ask.context, outputItems: answer.output, background } as const
    work.service.store.responses.put(answer.object.id, { ...stored })
  }
  ask.conversation?.items.push(...ask.items, ...answer.output)
  // The official service names the dated snapshot in a header, because `model` holds what the caller wrote.
  call.headers['x-ms-served-model'] = work.deployment.facts.snapshot
  return settled(call, work, most, sendResponse(call, work, ask, answer))
}

function sendResponse(call: Call, work: Work, ask: ResponsesAsk, answer: ResponsesAnswer): Promise<void> {
  if (ask.stream) return streamResponse(call, work, answer)
  if (ask.background)
    // What it makes is billed, whether or not anybody asks for it.
    return sendJson(call, unfinished(answer.object, 'queued'), answer, false)
  return sendJson(call, answer.object, answer, work.reportsUsage)
}

/** The whole document, for a line of a batch. */
export function responsesWhole(work: Work, input: JsonRecord): { document: JsonRecord; spent: Spent } {
  const ask = responsesAsk(work, input)
  const answer = responsesAnswer(work, ask, input, promptTokensOf(work, input, ask))
  return { document: answer.object, spent: answer }
}

function promptTokensOf(work: Work, input: JsonRecord, ask: ResponsesAsk): number {
  return countedPrompt(work, 'responses', { ...input, input: ask.context })
}

function responsesAnswer(work: Work, ask: ResponsesAsk, input: JsonRecord, promptTokens: number): ResponsesAnswer {
  const [said] = speak(work, ask.question)
  if (!said) throw invalidRequest('Nothing was asked.', 'input', null)
  const output = outputOf(work, said)
  const usage = {
    input_tokens: promptTokens,
    input_tokens_details: {
      cached_tokens: cachedTokens(work, ask.question.turns, promptTokens),
    },
    output_tokens: said.tokens,
    output_tokens_details: { reasoning_tokens: said.reasoningTokens },
    total_tokens: promptTokens + said.tokens,
  }
  const isCut = said.finish === 'length'
  const object = {
    id: work.draw.hexId('resp_', 48),
    object: 'response',
    created_at: work.createdAtSeconds,
    status: isCut ? 'incomplete' : 'completed',
    background: ask.background,
    content_filters: contentFilters,
    conversation: ask.conversation === null ? null : { id: ask.conversation.id },
    error: null,
    incomplete_details: isCut ? { reason: 'max_output_tokens' } : null,
    instructions: input.instructions ?? null,
    max_output_tokens: input.max_output_tokens ?? null,
    model: work.deployment.name,
    output,
    parallel_tool_calls: input.parallel_tool_calls ?? true,
    previous_response_id: input.previous_response_id ?? null,
    reasoning: { effort: work.deployment.facts.reasons ? (ask.question.effort ?? 'medium') : null, summary: null },
    service_tier: 'default',
    store: ask.store,
    temperature: input.temperature ?? 1,
    text: input.text ?? { format: { type: 'text' } },
    tool_choice: input.tool_choice ?? 'auto',
    tools: input.tools ?? [],
    top_p: input.top_p ?? 1,
    truncation: input.truncation ?? 'disabled',
    usage: work.reportsUsage ? usage : null,
    user: input.user ?? null,
    metadata: input.metadata ?? {},
  }
  return { said, object, output, promptTokens, completionTokens: said.tokens }
}

const contentFilters = [
  ...promptFilterResults.map(each => ({
    blocked: false,
    source_type: 'prompt',
    content_filter_results: each.content_filter_results,
  })),
  { blocked: false, source_type: 'completion', content_filter_results: completionFilter },
]

function outputOf(work: Work, said: Said): JsonRecord[] {
  const status = said.finish === 'length' ? 'incomplete' : 'completed'
  const thought = work.deployment.facts.reasons
    ? [{ id: work.draw.hexId('rs_', 48), type: 'reasoning', summary: [] }]
    : []
  const calls = said.toolCalls.map((each, at) => ({
    id: work.draw.hexId('fc_', 48, `${at}`),
    type: 'function_call',
    status,
    arguments: each.arguments,
    call_id: work.draw.id('call_', 24, `${at}`),
    name: each.name,
  }))
  if (calls.length > 0) return [...thought, ...calls]
  if (said.text === '' && said.finish === 'length') return thought
  const content = [{ type: 'output_text', annotations: [], logprobs: [], text: said.text }]
  return [...thought, { id: work.draw.hexId('msg_', 48), type: 'message', status, content, role: 'assistant' }]
}

function unfinished(object: JsonRecord, status: string): JsonRecord {
  return { ...object, status, output: [], usage: null, incomplete_details: null }
}

/** Who asks for a background response a first time finds it at work, then finished. */
export async function getResponse(call: Call): Promise<void> {
  const stored = storedOf(call)
  if (stored.background === 'running') {
    stored.background = 'done'
    return sendJson(call, unfinished(stored.object, 'in_progress'))
  }
  return sendJson(call, current(stored))
}

function current(stored: StoredResponse): JsonRecord {
  return stored.background === 'cancelled' ? unfinished(stored.object, 'cancelled') : stored.object
}

export async function deleteResponse(call: Call): Promise<void> {
  const { object } = storedOf(call)
  call.service.store.responses.delete(object.id)
  return sendJson(call, { id: object.id, object: 'response', deleted: true })
}

export async function cancelResponse(call: Call): Promise<void> {
  const stored = storedOf(call)
  if (stored.background === 'no') throw invalidRequest('Cannot cancel a synchronous response.', null, null)
  if (stored.background === 'running') stored.background = 'cancelled'
  return sendJson(call, current(stored))
}

export async function listInputItems(call: Call): Promise<void> {
  const { inputItems } = storedOf(call)
  const ordered = call.route.query.get('order') === 'asc' ? inputItems : inputItems.toReversed()
  return sendJson(call, page(ordered, call.route.query))
}

function storedOf(call: Call): StoredResponse {
  const stored = call.service.store.responses.get(call.route.id ?? '')
  if (stored) return stored
  throw noSuchObject(`Response with id '${call.route.id}' not found.`, null)
}
