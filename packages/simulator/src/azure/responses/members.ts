/**
 * Members of a call to the Responses API. The service refuses all others, and so does the simulator, so that a wrong
 * member shows.
 */
import { isRecord, type JsonRecord, listOf } from '../../json.ts'
import { invalidRequest } from '../errors.ts'

const members: ReadonlySet<string> = new Set([
  'agent',
  'background',
  // Undocumented: Codex sends it with every call, and Azure serves Codex (github.com/openai/codex/issues/37432).
  'client_metadata',
  'context_management',
  'conversation',
  'frequency_penalty',
  'include',
  'input',
  'instructions',
  'max_output_tokens',
  'max_tool_calls',
  'metadata',
  'model',
  'parallel_tool_calls',
  'presence_penalty',
  'previous_response_id',
  'prompt',
  'prompt_cache_key',
  'prompt_cache_options',
  'prompt_cache_retention',
  'reasoning',
  'safety_identifier',
  'service_tier',
  'store',
  'stream',
  'stream_options',
  'temperature',
  'text',
  'tool_choice',
  'tools',
  'top_logprobs',
  'top_p',
  'truncation',
  'user',
])

const inside: Readonly<Record<string, ReadonlySet<string>>> = {
  reasoning: new Set(['context', 'effort', 'generate_summary', 'mode', 'summary']),
  stream_options: new Set(['include_obfuscation']),
  text: new Set(['format', 'verbosity']),
}

/** Members of chat completions that have another name here. */
const moved: Readonly<Record<string, string>> = {
  max_tokens: 'max_output_tokens',
  max_completion_tokens: 'max_output_tokens',
  reasoning_effort: 'reasoning.effort',
  response_format: 'text.format',
  verbosity: 'text.verbosity',
}

const includables: ReadonlySet<unknown> = new Set([
  'code_interpreter_call.outputs',
  'computer_call_output.output.image_url',
  'file_search_call.results',
  'message.input_image.image_url',
  'message.output_text.logprobs',
  'reasoning.encrypted_content',
  'web_search_call.action.sources',
  'web_search_call.results',
])

/** Throws 400 for the first member that is not in `known`. */
export function checkMembers(input: JsonRecord, known: ReadonlySet<string> = members): void {
  for (const [name, value] of Object.entries(input)) {
    const now = moved[name]
    if (!known.has(name)) throw now === undefined ? unknownMember(name) : movedMember(name, now)
    const parts = inside[name]
    if (parts === undefined || !isRecord(value)) continue
    const odd = Object.keys(value).find(part => !parts.has(part))
    if (odd !== undefined) throw unknownMember(`${name}.${odd}`)
  }
}

function unknownMember(place: string): Error {
  return invalidRequest(`Unknown parameter: '${place}'.`, place, 'unknown_parameter')
}

function movedMember(name: string, now: string): Error {
  const message = `Unsupported parameter: '${name}'. In the Responses API, this parameter has moved to '${now}'. Try again with the new parameter. See the API documentation for more information: https://platform.openai.com/docs/api-reference/responses/create.`
  return invalidRequest(message, name, 'unsupported_parameter')
}

/** The values of `include` in the call. */
export function includesOf(input: JsonRecord): ReadonlySet<unknown> {
  const include = listOf(input.include)
  const odd = include.findIndex(each => !includables.has(each))
  if (odd < 0) return new Set(include)
  const known = [...includables].map(each => `'${String(each)}'`).join(', ')
  const message = `Invalid value: '${String(include[odd])}'. Supported values are: ${known}.`
  throw invalidRequest(message, `include[${odd}]`, 'invalid_value')
}

/** True when deltas are padded, which is the default. Throws 400 for stream options without a stream. */
export function obfuscates(input: JsonRecord): boolean {
  const { stream, stream_options: options } = input
  if (options === undefined || options === null) return true
  if (stream !== true) {
    const message = "The 'stream_options' parameter is only allowed when 'stream' is enabled."
    throw invalidRequest(message, 'stream_options', null)
  }
  return !isRecord(options) || options.include_obfuscation !== false
}
