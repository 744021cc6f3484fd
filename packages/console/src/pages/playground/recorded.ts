/** A recorded request as a conversation with its settings, to go on with it here. */
import { answerOf, type Message, type ToolCall } from './messages.ts'
import { efforts, formats, isObject, noTexts, type Operation, type Settings, type Texts } from './settings.ts'

type Json = Readonly<Record<string, unknown>>

export interface Recorded {
  readonly messages: readonly Message[]
  readonly settings: Settings
  readonly texts: Texts
  /** Kinds of parts that a question here cannot have, as `file`: they are left out. */
  readonly leftOut: readonly string[]
}

/** @param body the parsed request. Null where it holds no conversation. */
export function recordedOf(operation: Operation, body: unknown): Recorded | null {
  if (!isObject(body)) return null
  const leftOut = new Set<string>()
  const items = itemsIn(operation, body)
  if (items === null) return null
  const isSystem = (item: unknown): boolean => isObject(item) && /^(?:system|developer)$/.test(textOf(item['role']))
  const said = items.filter(item => !isSystem(item))
  const instructions = [textOf(body['instructions']), ...items.filter(isSystem).map(item => plainText(item, leftOut))]
  const format =
    isObject(body['text']) && isObject(body['text']['format']) ? body['text']['format'] : body['response_format']
  return {
    messages: said.flatMap(item => messageOf(item, textOf(body['model']), leftOut)),
    settings: settingsIn(operation, body, format),
    texts: {
      ...noTexts,
      instructions: instructions.filter(text => text !== '').join('\n\n'),
      tools: Array.isArray(body['tools']) ? JSON.stringify(body['tools'].map(nestedTool), null, 2) : '',
      schema: schemaIn(format),
    },
    leftOut: [...leftOut],
  }
}

function itemsIn(operation: Operation, body: Json): readonly unknown[] | null {
  const list = body[operation === 'responses' ? 'input' : 'messages']
  if (typeof list === 'string') return [{ role: 'user', content: list }]
  return Array.isArray(list) ? list : null
}

function settingsIn(operation: Operation, body: Json, format: unknown): Settings {
  const reasoning = isObject(body['reasoning']) ? body['reasoning']['effort'] : body['reasoning_effort']
  return {
    operation,
    temperature: numberOf(body['temperature']),
    topP: numberOf(body['top_p']),
    tokensMax: numberOf(body['max_completion_tokens'] ?? body['max_output_tokens'] ?? body['max_tokens']),
    effort: efforts.find(one => one === reasoning) ?? null,
    seed: numberOf(body['seed']),
    format: formats.find(one => isObject(format) && one === format['type']) ?? 'text',
  }
}

function schemaIn(format: unknown): string {
  if (!isObject(format) || format['type'] !== 'json_schema') return ''
  const { type: _, ...flat } = format
  return JSON.stringify(isObject(format['json_schema']) ? format['json_schema'] : flat, null, 2)
}

function messageOf(item: unknown, deployment: string, leftOut: Set<string>): readonly Message[] {
  if (!isObject(item)) return []
  const kind = textOf(item['type']) || 'message'
  if (kind === 'function_call_output')
    return [{ role: 'tool', callId: textOf(item['call_id']), text: textOf(item['output']) }]
  if (kind === 'function_call') return [answered(deployment, '', [callOf(item['call_id'], item)])]
  if (kind !== 'message') {
    leftOut.add(kind)
    return []
  }
  const { role } = item
  if (role === 'tool') return [{ role, callId: textOf(item['tool_call_id']), text: plainText(item, leftOut) }]
  if (role !== 'assistant')
    return [{ role: 'user', text: plainText(item, leftOut), images: imagesOf(item['content'], leftOut) }]
  const calls = Array.isArray(item['tool_calls']) ? item['tool_calls'].filter(isObject) : []
  const called = calls.map(call => callOf(call['id'], isObject(call['function']) ? call['function'] : call))
  return [answered(deployment, plainText(item, leftOut), called)]
}

function answered(deployment: string, text: string, calls: readonly ToolCall[]): Message {
  return { ...answerOf(deployment), state: 'done', text, calls }
}

function callOf(id: unknown, called: Json): ToolCall {
  return { id: textOf(id), name: textOf(called['name']), input: textOf(called['arguments']) }
}

function plainText(item: unknown, leftOut: Set<string>): string {
  const content = isObject(item) ? item['content'] : null
  if (typeof content === 'string') return content
  if (!Array.isArray(content)) return ''
  return content
    .flatMap(part => {
      if (!isObject(part)) return []
      if (typeof part['text'] === 'string') return [part['text']]
      const kind = textOf(part['type'])
      if (!/^(?:input_image|image_url)$/.test(kind)) leftOut.add(kind)
      return []
    })
    .join('\n')
}

/** Images that were sent with the question; an address elsewhere stays one for the model, and is not loaded here. */
function imagesOf(content: unknown, leftOut: Set<string>): readonly string[] {
  if (!Array.isArray(content)) return []
  return content.filter(isObject).flatMap(part => {
    const image = isObject(part['image_url']) ? part['image_url']['url'] : part['image_url']
    if (typeof image === 'string' && image !== '') return [image]
    if (/image/.test(textOf(part['type']))) leftOut.add('image')
    return []
  })
}

/** A function of Responses as Chat Completions take it. */
function nestedTool(tool: unknown): unknown {
  if (!isObject(tool) || tool['type'] !== 'function' || isObject(tool['function'])) return tool
  const { type: _, ...called } = tool
  return { type: 'function', function: called }
}

function numberOf(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
