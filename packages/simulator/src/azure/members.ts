/**
 * Which members a call may have, and which of them a model accepts. The service refuses the others, and so does the
 * simulator, so that a wrong member shows.
 */
import type { JsonRecord } from '../json.ts'
import type { Work } from './call.ts'
import { badRequest, invalidRequest } from './errors.ts'
import { knowsReasoning } from './http/api-versions.ts'

const sampled = [
  'frequency_penalty',
  'logit_bias',
  'logprobs',
  'model',
  'n',
  'presence_penalty',
  'seed',
  'stop',
] as const
const streamed = ['stream', 'stream_options', 'temperature', 'top_p', 'user', 'max_tokens'] as const

/** Members of each operation: azure-rest-api-specs, newest version. */
const members = {
  'chat/completions': new Set<string>([
    ...sampled,
    ...streamed,
    ...['audio', 'data_sources', 'function_call', 'functions', 'max_completion_tokens', 'messages', 'metadata'],
    ...['modalities', 'parallel_tool_calls', 'prediction', 'prompt_cache_key', 'prompt_cache_retention'],
    ...['reasoning_effort', 'response_format', 'safety_identifier', 'service_tier', 'store', 'tool_choice', 'tools'],
    ...['top_logprobs', 'user_security_context', 'verbosity', 'web_search_options'],
    // From previews of 2023.
    ...['dataSources', 'enhancements'],
  ]),
  completions: new Set<string>([...sampled, ...streamed, 'best_of', 'echo', 'prompt', 'suffix']),
  embeddings: new Set<string>(['dimensions', 'encoding_format', 'input', 'input_type', 'model', 'user']),
} as const satisfies Record<string, ReadonlySet<string>>

/** Throws 400 for members that the operation does not know. */
export function checkMembers(operation: keyof typeof members, input: JsonRecord): void {
  const unknown = Object.keys(input).filter(name => !members[operation].has(name))
  if (unknown.length === 0) return
  throw invalidRequest(
    `Unrecognized request argument${unknown.length > 1 ? 's' : ''} supplied: ${unknown.join(', ')}`,
    null,
    null,
  )
}

/** The only value of each sampling parameter that models that reason accept: the one that changes nothing. */
const onlyValue: Readonly<Record<string, number>> = {
  temperature: 1,
  top_p: 1,
  presence_penalty: 0,
  frequency_penalty: 0,
}
const unsupported = ['logprobs', 'top_logprobs', 'logit_bias'] as const

/**
 * Throws 400 for members that exclude each other, for those that this model refuses, and for versions older than the
 * model.
 */
export function checkModelMembers(work: Work, input: JsonRecord): void {
  if (isGiven(input.max_tokens) && isGiven(input.max_completion_tokens)) {
    const message = "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported."
    throw invalidRequest(message, 'max_tokens', 'invalid_parameter_combination')
  }
  if (isGiven(input.top_logprobs) && input.logprobs !== true) {
    throw invalidRequest(
      "The 'top_logprobs' parameter is only allowed when 'logprobs' is enabled.",
      'top_logprobs',
      null,
    )
  }
  if (!work.deployment.facts.reasons) return
  if (!knowsReasoning(work.apiVersion)) {
    throw badRequest(`Model ${work.deployment.model} is enabled only for api versions 2024-12-01-preview and later`)
  }
  if (isGiven(input.max_tokens)) {
    const instead = "'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."
    throw invalidRequest(`Unsupported parameter: ${instead}`, 'max_tokens', 'unsupported_parameter')
  }
  for (const name of unsupported) {
    if (!isGiven(input[name]) || input[name] === false) continue
    throw invalidRequest(
      `Unsupported parameter: '${name}' is not supported with this model.`,
      name,
      'unsupported_parameter',
    )
  }
  for (const [name, only] of Object.entries(onlyValue)) {
    const value = input[name]
    if (!isGiven(value) || value === only) continue
    throw invalidRequest(
      `Unsupported value: '${name}' does not support ${JSON.stringify(value)} with this model. Only the default (${only}) value is supported.`,
      name,
      'unsupported_value',
    )
  }
}

const isGiven = (value: unknown): boolean => value !== undefined && value !== null
