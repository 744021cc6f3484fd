/** Operations beside the creation of responses: counting what one would read, and compacting a long conversation. */
import type { JsonRecord } from '../../json.ts'
import { countText } from '../billing/index.ts'
import { admit, type Call, countedPrompt, jsonInput, meaningOf, settled, type Work, workOf } from '../call.ts'
import { sendJson } from '../http/answer.ts'
import { responsesAsk } from './input.ts'
import { checkMembers } from './members.ts'

const counted: ReadonlySet<string> = new Set([
  'conversation',
  'input',
  'instructions',
  'model',
  'parallel_tool_calls',
  'previous_response_id',
  'reasoning',
  'text',
  'tool_choice',
  'tools',
  'truncation',
])

const compacted: ReadonlySet<string> = new Set([
  'input',
  'instructions',
  'model',
  'previous_response_id',
  'prompt_cache_key',
  'prompt_cache_options',
  'prompt_cache_retention',
  'service_tier',
])

/** Nothing is produced, so it costs nothing. */
export async function countResponseInput(call: Call): Promise<void> {
  const input = jsonInput(call)
  const work = workOf(call, meaningOf(input))
  checkMembers(input, counted)
  return sendJson(call, { object: 'response.input_tokens', input_tokens: read(work, input).promptTokens })
}

/** The users' messages are kept; everything else becomes one sealed item, which only this instance can open. */
export async function compactResponse(call: Call): Promise<void> {
  const input = jsonInput(call)
  const work = workOf(call, meaningOf(input))
  checkMembers(input, compacted)
  const { context, promptTokens } = read(work, input)
  admit(call, work, promptTokens, null)
  const id = work.draw.hexId('cmp_', 48)
  const summary = `${context.length} items: ${context.map(item => String(item.type)).join(', ')}`
  const sealed = work.service.seal.seal(summary, work.createdAtSeconds, id)
  const compaction = { id, type: 'compaction', encrypted_content: sealed }
  const completionTokens = countText(work.deployment.model, summary)
  const usage = {
    input_tokens: promptTokens,
    input_tokens_details: { cached_tokens: 0 },
    output_tokens: completionTokens,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: promptTokens + completionTokens,
  }
  const document = {
    id: work.draw.hexId('resp_', 48),
    object: 'response.compaction',
    created_at: work.createdAtSeconds,
    output: [...context.filter(item => item.role === 'user'), compaction],
    ...(work.reportsUsage ? { usage } : {}),
  }
  return settled(call, work, null, sendJson(call, document, { promptTokens, completionTokens }, work.reportsUsage))
}

function read(work: Work, input: JsonRecord): { context: readonly JsonRecord[]; promptTokens: number } {
  const { context } = responsesAsk(work, { ...input, input: input.input ?? [] })
  return { context, promptTokens: countedPrompt(work, 'responses', { ...input, input: context }) }
}
