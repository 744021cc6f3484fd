/**
 * The conversation in the bodies of a call, as people read it: of Chat Completions, of Responses, of embeddings and
 * others that have an input. What is not understood is kept as JSON, so nothing of a body is left out.
 */

export type Part =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'image'; readonly address: string }
  | { readonly kind: 'audio'; readonly format: string; readonly base64: string }
  | { readonly kind: 'file'; readonly name: string }
  | { readonly kind: 'call'; readonly id: string; readonly name: string; readonly input: string }
  | { readonly kind: 'result'; readonly id: string; readonly text: string }
  | { readonly kind: 'reasoning'; readonly text: string }
  | { readonly kind: 'refusal'; readonly text: string }
  | { readonly kind: 'other'; readonly json: string }

/** What one side said at a time. */
export interface Turn {
  readonly role: string
  readonly parts: readonly Part[]
}

type Json = Readonly<Record<string, unknown>>

/** @param body the parsed request. */
export function turnsOfRequest(body: unknown): readonly Turn[] {
  if (!isObject(body)) return []
  if (Array.isArray(body['messages'])) return body['messages'].map(messageTurn)
  const instructions = body['instructions']
  const first: readonly Turn[] = typeof instructions === 'string' ? [textTurn('system', instructions)] : []
  const input = body['input'] ?? body['prompt']
  if (typeof input === 'string') return [...first, textTurn('user', input)]
  if (!Array.isArray(input)) return first
  // Embeddings have a list of texts, or of numbers.
  if (input.every(one => typeof one === 'string')) return [...first, { role: 'user', parts: input.map(textPart) }]
  return [...first, ...input.map(itemTurn)]
}

/** @param assembled the answer as the management API puts it together. */
export function turnsOfAnswer(assembled: unknown): readonly Turn[] {
  if (!isObject(assembled) || !Array.isArray(assembled['choices'])) return []
  return assembled['choices'].filter(isObject).map(choice => {
    const calls = Array.isArray(choice['toolCalls']) ? choice['toolCalls'].filter(isObject) : []
    const parts: readonly Part[] = [
      ...partIf('reasoning', choice['reasoning']),
      ...partIf('text', choice['text']),
      ...partIf('refusal', choice['refusal']),
      ...calls.map((call): Part => callPart(call['id'], call['name'], call['arguments'])),
    ]
    return { role: 'assistant', parts }
  })
}

/** The error of an answer, in words; null when it has none. */
export function errorOfAnswer(assembled: unknown): string | null {
  const error = isObject(assembled) ? assembled['error'] : null
  if (!isObject(error)) return null
  return [textOf(error['code']), textOf(error['message'])].filter(text => text !== '').join(': ')
}

function messageTurn(message: unknown): Turn {
  if (!isObject(message)) return { role: 'unknown', parts: [otherPart(message)] }
  const role = textOf(message['role']) || 'unknown'
  const parts = partsOf(message['content'])
  if (role === 'tool' || role === 'function') {
    const text = parts.map(part => (part.kind === 'text' ? part.text : JSON.stringify(part))).join('\n')
    return { role, parts: [{ kind: 'result', id: textOf(message['tool_call_id'] ?? message['name']), text }] }
  }
  const calls = Array.isArray(message['tool_calls']) ? message['tool_calls'].filter(isObject) : []
  return {
    role,
    parts: [
      ...parts,
      ...partIf('refusal', message['refusal']),
      ...calls.map((call): Part => {
        const called = isObject(call['function']) ? call['function'] : call
        return callPart(call['id'], called['name'], called['arguments'])
      }),
    ],
  }
}

/** An item of the input of Responses. */
function itemTurn(item: unknown): Turn {
  if (!isObject(item)) return { role: 'user', parts: [otherPart(item)] }
  switch (item['type']) {
    case 'function_call':
      return { role: 'assistant', parts: [callPart(item['call_id'], item['name'], item['arguments'])] }
    case 'function_call_output':
      return { role: 'tool', parts: [{ kind: 'result', id: textOf(item['call_id']), text: textOf(item['output']) }] }
    case undefined:
    case 'message':
      return messageTurn(item)
    default:
      return { role: textOf(item['role']) || 'assistant', parts: [otherPart(item)] }
  }
}

function partsOf(content: unknown): readonly Part[] {
  if (typeof content === 'string') return content === '' ? [] : [textPart(content)]
  if (content === null || content === undefined) return []
  return Array.isArray(content) ? content.map(partOf) : [otherPart(content)]
}

function partOf(content: unknown): Part {
  if (typeof content === 'string') return textPart(content)
  if (!isObject(content)) return otherPart(content)
  const { text, image_url: image, input_audio: audio, file } = content
  if (typeof text === 'string') return textPart(text)
  if (typeof image === 'string') return { kind: 'image', address: image }
  if (isObject(image) && typeof image['url'] === 'string') return { kind: 'image', address: image['url'] }
  if (isObject(audio) && typeof audio['data'] === 'string') {
    return { kind: 'audio', format: textOf(audio['format']), base64: audio['data'] }
  }
  const named = isObject(file) ? file : content
  const name = named['filename'] ?? named['file_id']
  return typeof name === 'string' ? { kind: 'file', name } : otherPart(content)
}

function partIf(kind: 'text' | 'reasoning' | 'refusal', text: unknown): readonly Part[] {
  return typeof text === 'string' && text !== '' ? [{ kind, text }] : []
}

function textPart(text: string): Part {
  return { kind: 'text', text }
}

function textTurn(role: string, text: string): Turn {
  return { role, parts: [textPart(text)] }
}

function callPart(id: unknown, name: unknown, input: unknown): Part {
  return { kind: 'call', id: textOf(id), name: textOf(name), input: textOf(input) }
}

function otherPart(value: unknown): Part {
  return { kind: 'other', json: JSON.stringify(value, null, 2) ?? 'undefined' }
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value
  return value === null || value === undefined ? '' : JSON.stringify(value)
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
