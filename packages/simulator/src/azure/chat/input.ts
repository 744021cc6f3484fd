/** Reads chat requests, with the service's complaints. */

import { isRecord, type JsonRecord, listOf, numberOrNull, textOf, textOrNull } from '../../json.ts'
import type { Turn } from '../answers/index.ts'
import { audioPromptTokens } from '../billing/index.ts'
import type { Work } from '../call.ts'
import { AzureError, extraForbidden, invalidRequest } from '../errors.ts'
import { knowsStreamOptions } from '../http/api-versions.ts'
import { checkMembers, checkModelMembers } from '../members.ts'
import { checkServiceTier, servedTier } from '../service-tier.ts'
import type { Question } from './said.ts'

const roles: ReadonlySet<unknown> = new Set(['system', 'developer', 'user', 'assistant', 'tool', 'function'])

/** The conversation of `messages`. Throws 400 where the service would. */
export function turnsOf(messages: unknown): Turn[] {
  if (messages === undefined) {
    throw invalidRequest("Missing required parameter: 'messages'.", 'messages', 'missing_required_parameter')
  }
  if (!Array.isArray(messages) || messages.length === 0) {
    throw invalidRequest("Invalid 'messages': expected a list with at least one message.", 'messages', 'invalid_type')
  }
  return messages.map((message, at) => turnOf(message, `messages[${at}]`))
}

function turnOf(message: unknown, place: string): Turn {
  if (!isRecord(message))
    throw invalidRequest(`Invalid type for '${place}': expected an object.`, place, 'invalid_type')
  if (!roles.has(message.role)) {
    const known = "'system', 'assistant', 'user', 'function', 'tool', and 'developer'"
    throw invalidRequest(
      `Invalid value: ${JSON.stringify(message.role) ?? 'none'}. Supported values are: ${known}.`,
      `${place}.role`,
      'invalid_value',
    )
  }
  const { content } = message
  if (content !== undefined && content !== null && typeof content !== 'string' && !Array.isArray(content)) {
    const said = `Invalid type for '${place}.content': expected one of a string or array of objects.`
    throw invalidRequest(said, `${place}.content`, 'invalid_type')
  }
  return { role: textOf(message.role), text: contentText(content), images: imagesOf(content) }
}

/** The text parts, one per line. Takes parts of chat and of Responses, and plain strings. */
export function contentText(content: unknown): string {
  if (typeof content === 'string') return content
  const parts = listOf(content).map(part => (isRecord(part) ? textOf(part.text ?? part.refusal) : ''))
  return parts.filter(part => part !== '').join('\n')
}

/** URLs of the images in a message: `{image_url: {url}}` in chat, `{image_url}` in Responses. */
export function imagesOf(content: unknown): string[] {
  return listOf(content).flatMap(part => {
    if (!isRecord(part)) return []
    const url = isRecord(part.image_url) ? part.image_url.url : part.image_url
    return typeof url === 'string' ? [url] : []
  })
}

/** Common to every operation with text: streaming, and how usage is reported in it. */
export interface StreamAsk {
  readonly stream: boolean
  readonly includeUsage: boolean
  /** Chunks are padded, so that their size does not show the length of a token. */
  readonly obfuscates: boolean
}

/** `stream` and `stream_options`; throws 400 when the version or "on your data" does not know them. */
export function streamAsk(input: JsonRecord, work: Work): StreamAsk {
  const { apiVersion, deployment } = work
  const { stream, stream_options: options } = input
  if (options !== undefined && options !== null) {
    if (deployment.spec.refusesStreamOptions === true) throw extraForbidden('stream_options', options)
    if (!knowsStreamOptions(apiVersion)) {
      throw invalidRequest('Unrecognized request argument supplied: stream_options', null, null)
    }
    if (input.data_sources !== undefined) {
      const message = 'Validation error at #/stream_options: Extra inputs are not permitted'
      throw new AzureError(400, '400', message, { error: { code: 400, message } })
    }
    if (stream !== true) {
      const message = "The 'stream_options' parameter is only allowed when 'stream' is enabled."
      throw invalidRequest(message, 'stream_options', null)
    }
  }
  return {
    stream: stream === true,
    includeUsage: isRecord(options) && options.include_usage === true,
    obfuscates: !isRecord(options) || options.include_obfuscation !== false,
  }
}

/** An integer within bounds, null when absent; throws 400 otherwise. */
export function integerIn(input: JsonRecord, name: string, least: number, most: number): number | null {
  const value = input[name]
  if (value === undefined || value === null) return null
  if (typeof value !== 'number' || !Number.isInteger(value)) {
    throw invalidRequest(`Invalid type for '${name}': expected an integer.`, name, 'invalid_type')
  }
  if (value < least || value > most) {
    const [bound, code] =
      value < least ? [`>= ${least}`, 'integer_below_min_value'] : [`<= ${most}`, 'integer_above_max_value']
    throw invalidRequest(
      `Invalid '${name}': integer out of bounds. Expected a value ${bound}, but got ${value} instead.`,
      name,
      code,
    )
  }
  return value
}

/** Throws 400 for a value that is not a number within bounds; an absent one passes. */
export function checkNumber(input: JsonRecord, name: string, least: number, most: number): void {
  const value = input[name]
  if (value === undefined || value === null) return
  if (typeof value !== 'number') {
    throw invalidRequest(`Invalid type for '${name}': expected a decimal number.`, name, 'invalid_type')
  }
  if (value >= least && value <= most) return
  const message = `Invalid '${name}': decimal out of bounds. Expected a value >= ${least} and <= ${most}, but got ${value} instead.`
  throw invalidRequest(message, name, 'decimal_out_of_bounds')
}

export function stopsOf(input: JsonRecord): string[] {
  const { stop } = input
  if (stop === undefined || stop === null) return []
  const stops = typeof stop === 'string' ? [stop] : stop
  if (!Array.isArray(stops) || stops.length > 4 || !stops.every(each => typeof each === 'string')) {
    throw invalidRequest("Invalid 'stop': expected a string or a list of at most 4 strings.", 'stop', 'invalid_type')
  }
  return stops
}

/** Throws 400 when prompt and answer do not fit into the model's context. */
export function checkContext(work: Work, promptTokens: number, answerTokens: number | null, param: string): void {
  const most = work.deployment.facts.contextTokensMax
  const tokens = promptTokens + (answerTokens ?? 0)
  if (tokens <= most) return
  const parts = answerTokens === null ? '' : ` (${promptTokens} in the ${param}, ${answerTokens} in the completion)`
  throw invalidRequest(
    `This model's maximum context length is ${most} tokens. However, you requested ${tokens} tokens${parts}. Please reduce the length of the ${param} or completion.`,
    param,
    'context_length_exceeded',
  )
}

export interface ChatAsk extends StreamAsk {
  readonly question: Question
  readonly logprobs: boolean
  readonly topLogprobs: number
  /** Those of the prompt's tokens that are sounds. */
  readonly audioTokens: number
  /** The tier that the call names, which the answer then names too; null when it names none. */
  readonly serviceTier: string | null
  /** True when tools came as `functions`, the older form; the answer then has that form. */
  readonly isLegacyFunctions: boolean
}

export function chatAsk(work: Work, input: JsonRecord): ChatAsk {
  checkMembers('chat/completions', input)
  const turns = turnsOf(input.messages)
  const streaming = streamAsk(input, work)
  checkModelMembers(work, input)
  checkServiceTier(input)
  checkNumber(input, 'temperature', 0, 2)
  checkNumber(input, 'top_p', 0, 1)
  checkNumber(input, 'presence_penalty', -2, 2)
  checkNumber(input, 'frequency_penalty', -2, 2)
  const topLogprobs = integerIn(input, 'top_logprobs', 0, 20) ?? 0
  const isLegacyFunctions = input.tools === undefined && Array.isArray(input.functions)
  return {
    ...streaming,
    question: {
      turns,
      tools: toolsOf(input, isLegacyFunctions),
      toolChoice: isLegacyFunctions ? legacyChoice(input.function_call) : (input.tool_choice ?? 'auto'),
      parallelTools: input.parallel_tool_calls !== false && !isLegacyFunctions,
      json: jsonForm(input.response_format, turns),
      stop: stopsOf(input),
      tokensMax: answerTokensMax(work, input),
      effort: textOrNull(input.reasoning_effort),
      choices: integerIn(input, 'n', 1, 128) ?? 1,
      seed: numberOrNull(input.seed),
    },
    logprobs: input.logprobs === true,
    topLogprobs,
    audioTokens: audioPromptTokens(input),
    serviceTier: textOrNull(input.service_tier) === null ? null : servedTier(input),
    isLegacyFunctions,
  }
}

function answerTokensMax(work: Work, input: JsonRecord): number | null {
  const most = work.deployment.facts.contextTokensMax
  return integerIn(input, 'max_completion_tokens', 1, most) ?? integerIn(input, 'max_tokens', 1, most)
}

function toolsOf(input: JsonRecord, isLegacy: boolean): JsonRecord[] {
  if (isLegacy)
    return listOf(input.functions)
      .filter(isRecord)
      .map(each => ({ type: 'function', function: each }))
  if (input.tools !== undefined && input.tools !== null && !Array.isArray(input.tools)) {
    throw invalidRequest("Invalid type for 'tools': expected an array of objects.", 'tools', 'invalid_type')
  }
  return listOf(input.tools).map((tool, at) => {
    const called = isRecord(tool) && tool.type === 'function' ? tool.function : null
    if (isRecord(tool) && isRecord(called) && textOf(called.name) !== '') return tool
    const place = `tools[${at}].function.name`
    throw invalidRequest(`Missing required parameter: '${place}'.`, place, 'missing_required_parameter')
  })
}

function legacyChoice(choice: unknown): unknown {
  return isRecord(choice) ? { type: 'function', function: choice } : (choice ?? 'auto')
}

function jsonForm(format: unknown, turns: readonly Turn[]): { readonly schema: unknown } | null {
  if (!isRecord(format) || format.type === 'text') return null
  if (format.type === 'json_schema') {
    if (isRecord(format.json_schema) && textOf(format.json_schema.name) !== '')
      return { schema: format.json_schema.schema ?? null }
    const place = 'response_format.json_schema'
    throw invalidRequest(`Missing required parameter: '${place}.name'.`, place, 'missing_required_parameter')
  }
  if (format.type !== 'json_object') {
    const known = "'json_object', 'json_schema', and 'text'"
    const message = `Invalid value: ${JSON.stringify(format.type) ?? 'none'}. Supported values are: ${known}.`
    throw invalidRequest(message, 'response_format.type', 'invalid_value')
  }
  if (!turns.some(turn => /json/i.test(turn.text))) {
    const message =
      "'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'."
    throw invalidRequest(message, 'messages', null)
  }
  return { schema: null }
}
