/** The response object with all its members, finished and in progress, as the service writes it in 2026. */

import { isRecord, type JsonRecord } from '../../json.ts'
import type { Spent } from '../billing/bill.ts'
import type { Work } from '../call.ts'
import { completionFilter, promptFilterResults } from '../chat/filter.ts'
import type { Said } from '../chat/said.ts'
import { servedTier } from '../service-tier.ts'
import type { ResponsesAsk } from './ask.ts'
import { echoedTools } from './echoed-tools.ts'
import type { ResponseObject } from './run.ts'

export interface Finish {
  readonly said: Said
  readonly output: readonly JsonRecord[]
  readonly usage: JsonRecord | null
  readonly completedAtSeconds: number
}

export const responseId = (work: Work): string => work.draw.hexId('resp_', 48)

export function finishedObject(work: Work, ask: ResponsesAsk, input: JsonRecord, finish: Finish): ResponseObject {
  const isCut = finish.said.finish === 'length'
  return {
    id: responseId(work),
    object: 'response',
    created_at: work.createdAtSeconds,
    status: isCut ? 'incomplete' : 'completed',
    background: ask.background,
    completed_at: isCut ? null : finish.completedAtSeconds,
    content_filters: contentFilters(ask, finish.said),
    ...(ask.conversation === null ? {} : { conversation: { id: ask.conversation.id } }),
    error: null,
    frequency_penalty: input.frequency_penalty ?? 0,
    incomplete_details: isCut ? { reason: 'max_output_tokens' } : null,
    instructions: input.instructions ?? null,
    max_output_tokens: input.max_output_tokens ?? null,
    max_tool_calls: input.max_tool_calls ?? null,
    model: work.deployment.name,
    output: finish.output,
    parallel_tool_calls: input.parallel_tool_calls ?? true,
    presence_penalty: input.presence_penalty ?? 0,
    previous_response_id: input.previous_response_id ?? null,
    prompt_cache_key: input.prompt_cache_key ?? null,
    prompt_cache_retention: input.prompt_cache_retention ?? null,
    reasoning: { effort: ask.question.effort, summary: ask.summary },
    safety_identifier: input.safety_identifier ?? null,
    service_tier: servedTier(input),
    store: ask.store,
    temperature: input.temperature ?? 1,
    text: echoedText(input.text),
    tool_choice: input.tool_choice ?? 'auto',
    tools: echoedTools(input.tools),
    top_logprobs: input.top_logprobs ?? 0,
    top_p: input.top_p ?? 1,
    truncation: input.truncation ?? 'disabled',
    usage: finish.usage,
    user: input.user ?? null,
    metadata: input.metadata ?? {},
  }
}

function echoedText(text: unknown): JsonRecord {
  const { format, verbosity, ...rest } = isRecord(text) ? text : {}
  return { ...rest, format: echoedFormat(format), verbosity: verbosity ?? 'medium' }
}

function echoedFormat(format: unknown): JsonRecord {
  if (!isRecord(format)) return { type: 'text' }
  if (format.type !== 'json_schema') return format
  const { type, name, schema, description, strict } = format
  return { type, description: description ?? null, name, schema, strict: strict ?? false }
}

const found = { filtered: false, detected: false }

/**
 * Result of the filters after the answer is complete: the range that they checked in prompt and answer, in characters.
 */
function contentFilters(ask: ResponsesAsk, said: Said): JsonRecord[] {
  const promptChars = ask.question.turns.reduce((sum, turn) => sum + turn.text.length, 0)
  const answerChars = said.text.length + said.toolCalls.reduce((sum, call) => sum + call.arguments.length, 0)
  const prompt = promptFilterResults[0]?.content_filter_results
  const completion = { ...completionFilter, protected_material_text: found, protected_material_code: found }
  return [filtered('prompt', prompt, promptChars), filtered('completion', completion, answerChars)]
}

function filtered(sourceType: string, results: unknown, endOffset: number): JsonRecord {
  return {
    blocked: false,
    source_type: sourceType,
    content_filter_raw: [],
    content_filter_results: results,
    content_filter_offsets: { start_offset: 0, end_offset: endOffset, check_offset: 0 },
  }
}

/** The default effort of reasoning models; null for others. */
export function standardEffort(work: Work): string | null {
  const { model, facts } = work.deployment
  if (!facts.reasons) return null
  return /^gpt-5\.\d/i.test(model) ? 'none' : 'medium'
}

/** Milliseconds from creation to completion at the deployment's mean speed. */
export function answerMs(work: Work, spent: Pick<Spent, 'completionTokens' | 'thoughtTokens'>): number {
  const { timeToFirstTokenMs = 0, tokensPerSecond, reasoningTokensPerSecond = tokensPerSecond } = work.deployment.spec
  const thought = spent.thoughtTokens ?? 0
  const msOf = (tokens: number, perSecond: number | undefined): number => (perSecond ? (tokens * 1000) / perSecond : 0)
  const said = msOf(spent.completionTokens - thought, tokensPerSecond)
  return timeToFirstTokenMs + msOf(thought, reasoningTokensPerSecond) + said
}
