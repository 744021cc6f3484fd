/**
 * A parser of answers that shares no code with the gateway's own: what an answer contains, and what the gateway should
 * have hidden of it. Slow and simple on purpose.
 */
import { countText } from '../../packages/gateway/src/tokens/count.ts'
import type { Operation } from './plans.ts'

type Json = Readonly<Record<string, unknown>>

export interface Read {
  /** Texts that are counted one by one: of each choice, of each tool's name, of its arguments. */
  readonly texts: readonly string[]
  /** Prompt and completion tokens of the last usage object. */
  readonly usage: { readonly prompt: number; readonly completion: number } | null
  readonly hasErrorEvent: boolean
}

export function read(operation: Operation, isStream: boolean, body: Buffer): Read {
  const text = body.toString('utf8')
  const documents = isStream ? events(text).flatMap(parsed) : parsed(text)
  const usage = documents.map(usageOf).findLast(found => found !== null) ?? null
  const hasErrorEvent = isStream && documents.some(each => 'error' in each && !('choices' in each))
  if (!isStream && documents.length === 0) return { texts: brokenTexts(operation, text), usage, hasErrorEvent: false }
  const said = new Map<string, string>()
  for (const document of documents) say(said, operation, isStream, document)
  return {
    texts: [...said.values()],
    usage,
    hasErrorEvent: hasErrorEvent || documents.some(each => each['type'] === 'error'),
  }
}

/** Tokens of the text in an answer. */
export function tokensOf(model: string, texts: readonly string[]): number {
  return texts.reduce((sum, text) => sum + countText(model, text), 0)
}

/** The bytes that the client should have seen of a stream for which the gateway requested usage itself. */
export function withoutUsage(body: Buffer): Buffer {
  // Latin1 keeps every byte.
  const parts = body.toString('latin1').split(/(?<=\n\n)/)
  return Buffer.from(parts.map(hidden).join(''), 'latin1')
}

function hidden(event: string): string {
  const [document] = parsed(event.replace(/^data: /, ''))
  if (document === undefined || !('usage' in document)) return event
  const { choices, usage } = document
  if (usage === null) return event.replace(',"usage":null', '')
  return Array.isArray(choices) && choices.length === 0 ? '' : event.replace(/,"usage":\{.*\}(?=\}\n\n$)/, '')
}

/** The data of each event that has ended. */
function events(text: string): string[] {
  const parts = text.split('\n\n')
  return parts.slice(0, -1).map(part =>
    part
      .split('\n')
      .filter(line => line.startsWith('data:'))
      .map(line => line.slice(5).trimStart())
      .join('\n'),
  )
}

function parsed(text: string): Json[] {
  try {
    const value: unknown = JSON.parse(text)
    return isJson(value) ? [value] : []
  } catch {
    return []
  }
}

function usageOf(document: Json): Read['usage'] {
  const inner = isJson(document['response']) ? document['response'] : document
  const { usage } = inner
  if (!isJson(usage)) return null
  const prompt = usage['prompt_tokens'] ?? usage['input_tokens']
  const completion = usage['completion_tokens'] ?? usage['output_tokens'] ?? 0
  return typeof prompt === 'number' && typeof completion === 'number' ? { prompt, completion } : null
}

function say(said: Map<string, string>, operation: Operation, isStream: boolean, document: Json): void {
  if (operation === 'responses') sayResponse(said, isStream, document)
  else for (const choice of list(document['choices'])) sayChoice(said, choice)
}

function sayChoice(said: Map<string, string>, choice: Json): void {
  const place = `${Number(choice['index'])}`
  add(said, place, choice['text'])
  const message = choice['delta'] ?? choice['message']
  if (!isJson(message)) return
  add(said, place, message['content'])
  add(said, `${place} refusal`, message['refusal'])
  for (const [at, call] of list(message['tool_calls']).entries()) {
    const { function: called, index } = call
    if (!isJson(called)) continue
    add(said, `${place} name ${Number(index ?? at)}`, called['name'])
    add(said, `${place} arguments ${Number(index ?? at)}`, called['arguments'])
  }
}

function sayResponse(said: Map<string, string>, isStream: boolean, document: Json): void {
  const { type, delta, item, output_index: place } = document
  if (isStream) {
    if (type === 'response.output_text.delta') add(said, `text ${String(place)}`, delta)
    if (type === 'response.function_call_arguments.delta') add(said, `arguments ${String(place)}`, delta)
    if (type === 'response.output_item.added' && isJson(item)) add(said, `name ${String(place)}`, item['name'])
    return
  }
  for (const [at, each] of list(document['output']).entries()) {
    add(said, `name ${at}`, each['name'])
    add(said, `arguments ${at}`, each['arguments'])
    for (const part of list(each['content'])) add(said, `text ${at}`, part['text'])
  }
}

/** Texts of a document that was cut: every string under a name of text, up to where it ends or was cut. */
function brokenTexts(operation: Operation, text: string): string[] {
  const key =
    operation === 'chat/completions'
      ? 'content|name|arguments'
      : operation === 'responses'
        ? 'text|name|arguments'
        : 'text'
  if (operation === 'embeddings') return []
  return [...text.matchAll(new RegExp(`"(?:${key})":"((?:[^"\\\\]|\\\\.)*)`, 'g'))].map(([, raw]) =>
    unescaped(raw ?? ''),
  )
}

function unescaped(raw: string): string {
  // A cut may have gone through an escape.
  for (const tail of ['', ...[1, 2, 3, 4, 5]]) {
    const [value] = parsed(`{"v":"${raw.slice(0, raw.length - Number(tail))}"}`)
    if (typeof value?.['v'] === 'string') return value['v']
  }
  return raw
}

function add(said: Map<string, string>, key: string, text: unknown): void {
  if (typeof text === 'string') said.set(key, (said.get(key) ?? '') + text)
}

function list(value: unknown): Json[] {
  return Array.isArray(value) ? value.filter(isJson) : []
}

function isJson(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
