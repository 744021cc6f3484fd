/** Reads calls to the Responses API. */

import { isRecord, type JsonRecord, listOf, textOf, textOrNull } from '../../json.ts'
import type { Turn } from '../answers/index.ts'
import type { Work } from '../call.ts'
import { checkNumber, contentText, imagesOf, integerIn } from '../chat/input.ts'
import { invalidRequest, noSuchObject } from '../errors.ts'
import type { StoredConversation, StoredResponse } from '../objects/store.ts'
import { checkServiceTier } from '../service-tier.ts'
import type { ResponsesAsk } from './ask.ts'
import { usedContainer } from './containers.ts'
import { conversationItems } from './conversations.ts'
import { closed } from './echoed-tools.ts'
import { hostedAmong } from './hosted.ts'
import { inputItems } from './items.ts'
import { checkMembers, includesOf, obfuscates } from './members.ts'
import { standardEffort } from './object.ts'

export function responsesAsk(work: Work, input: JsonRecord): ResponsesAsk {
  checkMembers(input)
  checkServiceTier(input)
  checkNumber(input, 'temperature', 0, 2)
  checkNumber(input, 'top_p', 0, 1)
  checkNumber(input, 'frequency_penalty', -2, 2)
  checkNumber(input, 'presence_penalty', -2, 2)
  const reasoning = isRecord(input.reasoning) ? input.reasoning : {}
  const effort = effortOf(work, reasoning)
  refuseSampling(input, effort)
  const store = input.store !== false
  const background = input.background === true
  if (background && !store) throw invalidRequest("Background mode requires 'store' to be true.", 'background', null)
  const previous = previousOf(work, input.previous_response_id)
  const conversation = conversationOf(work, input)
  const items = inputItems(work, input.input, store)
  const context = [...itemsBefore(work, previous, conversation), ...items]
  requireKnown(work, input.tools)
  const system = typeof input.instructions === 'string' ? [{ role: 'system', text: input.instructions }] : []
  const turns = [...system, ...context.flatMap(turnOf)]
  return {
    stream: input.stream === true,
    store,
    background,
    obfuscates: obfuscates(input),
    include: includesOf(input),
    topLogprobs: integerIn(input, 'top_logprobs', 0, 20) ?? 0,
    summary: textOrNull(reasoning.summary ?? reasoning.generate_summary),
    serviceTier: textOrNull(input.service_tier) ?? 'auto',
    items,
    context,
    conversation,
    hosted: hostedAmong(input.tools),
    question: {
      turns,
      tools: listOf(input.tools).filter(isRecord).flatMap(asChatTool),
      toolChoice: choiceOf(input.tool_choice),
      parallelTools: input.parallel_tool_calls !== false,
      json: jsonForm(input.text, turns),
      stop: [],
      tokensMax: integerIn(input, 'max_output_tokens', 16, work.deployment.facts.contextTokensMax),
      effort,
      choices: 1,
      seed: null,
    },
  }
}

const efforts = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh']

/** The reasoning effort of the model; null for one that does not reason. */
function effortOf(work: Work, { effort }: JsonRecord): string | null {
  const standard = standardEffort(work)
  if (effort === undefined || effort === null) return standard
  if (standard === null) {
    const message = "Unsupported parameter: 'reasoning.effort' is not supported with this model."
    throw invalidRequest(message, 'reasoning.effort', 'unsupported_parameter')
  }
  if (typeof effort === 'string' && efforts.includes(effort)) return effort
  const message = `Invalid value: ${JSON.stringify(effort)}. Supported values are: ${efforts.map(each => `'${each}'`).join(', ')}.`
  throw invalidRequest(message, 'reasoning.effort', 'invalid_value')
}

/** While the model reasons, sampling parameters may only have their default values. */
function refuseSampling(input: JsonRecord, effort: string | null): void {
  if (effort === null || effort === 'none') return
  for (const name of ['temperature', 'top_p']) {
    if (input[name] === undefined || input[name] === null || input[name] === 1) continue
    const message = `Unsupported parameter: '${name}' is not supported with this model.`
    throw invalidRequest(message, name, null)
  }
}

function previousOf(work: Work, id: unknown): StoredResponse | null {
  if (id === undefined || id === null) return null
  const previous = typeof id === 'string' ? work.service.store.responses.get(id) : null
  if (previous) return previous
  const message = `Previous response with id '${String(id)}' not found.`
  throw invalidRequest(message, 'previous_response_id', 'previous_response_not_found')
}

function itemsBefore(
  work: Work,
  previous: StoredResponse | null,
  conversation: StoredConversation | null,
): readonly JsonRecord[] {
  if (previous) return [...previous.inputItems, ...previous.run.outputItems]
  return conversation ? conversationItems(work.service.store, conversation) : []
}

function conversationOf(work: Work, { conversation, previous_response_id }: JsonRecord): StoredConversation | null {
  if (conversation === undefined || conversation === null) return null
  if (typeof previous_response_id === 'string') {
    throw invalidRequest("Only one of 'previous_response_id' and 'conversation' may be given.", 'conversation', null)
  }
  const id = isRecord(conversation) ? textOf(conversation.id) : textOf(conversation)
  const found = work.service.store.conversations.get(id)
  if (found) return found
  throw noSuchObject(`Conversation with id '${id}' not found.`, 'conversation')
}

/** Throws 404 for files and vector stores that tools name and that do not exist. */
function requireKnown(work: Work, tools: unknown): void {
  const { files, vectorStores } = work.service.store
  for (const tool of listOf(tools).filter(isRecord)) {
    const stores = listOf(tool.vector_store_ids).map(textOf)
    const inside = isRecord(tool.container) ? listOf(tool.container.file_ids).map(textOf) : []
    if (typeof tool.container === 'string') usedContainer(work.service, tool.container)
    const missing = stores.find(id => vectorStores.get(id) === null) ?? inside.find(id => files.get(id) === null)
    if (missing !== undefined) throw noSuchObject(`'${missing}' was not found.`, 'tools')
  }
}

function turnOf(item: JsonRecord): Turn[] {
  if (item.type === 'message') {
    return [{ role: textOf(item.role), text: contentText(item.content), images: imagesOf(item.content) }]
  }
  if (item.type === 'function_call_output') return [{ role: 'tool', text: contentText(item.output) }]
  return []
}

function asChatTool(tool: JsonRecord, at: number): JsonRecord[] {
  if (tool.type !== 'function') return []
  const { name, description, strict } = tool
  const parameters = strict === false ? tool.parameters : closed(tool.parameters)
  if (textOf(name) !== '') return [{ type: 'function', function: { name, description, parameters } }]
  throw invalidRequest(
    `Missing required parameter: 'tools[${at}].name'.`,
    `tools[${at}].name`,
    'missing_required_parameter',
  )
}

function choiceOf(choice: unknown): unknown {
  if (isRecord(choice) && choice.type === 'function') return { type: 'function', function: { name: choice.name } }
  return choice ?? 'auto'
}

function jsonForm(text: unknown, turns: readonly Turn[]): { readonly schema: unknown } | null {
  const format = isRecord(text) ? text.format : null
  if (!isRecord(format)) return null
  if (format.type === 'json_schema') return { schema: format.schema ?? null }
  if (format.type !== 'json_object') return null
  if (turns.some(turn => /json/i.test(turn.text))) return { schema: null }
  const message =
    "Response input messages must contain the word 'json' in some form to use 'text.format' of type 'json_object'."
  throw invalidRequest(message, 'input', null)
}
