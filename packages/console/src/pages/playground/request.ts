/** The body of a call, from a conversation and its settings. */
import { type Answer, hasContent, type Message, type ToolCall, type UserMessage } from './messages.ts'
import { isObject, type Settings, type Texts } from './settings.ts'

type Json = Readonly<Record<string, unknown>>

/** @param texts without faults: their JSON is parsed here. */
export function bodyOf(deployment: string, messages: readonly Message[], settings: Settings, texts: Texts): Json {
  const known = messages.filter(message => message.role !== 'assistant' || hasContent(message))
  const tools = texts.tools.trim() === '' ? [] : (JSON.parse(texts.tools) as readonly unknown[])
  const body = settings.operation === 'responses' ? responsesBody : chatBody
  return present({ model: deployment, stream: true, ...body(known, settings, texts, tools) })
}

function chatBody(messages: readonly Message[], settings: Settings, texts: Texts, tools: readonly unknown[]): Json {
  const { temperature, topP, tokensMax, effort, seed, format } = settings
  const system = texts.instructions.trim() === '' ? [] : [{ role: 'system', content: texts.instructions }]
  return {
    messages: [...system, ...messages.map(chatMessage)],
    stream_options: { include_usage: true },
    temperature,
    top_p: topP,
    max_completion_tokens: tokensMax,
    reasoning_effort: effort,
    seed,
    response_format:
      format === 'text'
        ? null
        : format === 'json_object'
          ? { type: format }
          : { type: format, json_schema: schemaOf(texts) },
    tools: tools.length === 0 ? null : tools,
  }
}

function chatMessage(message: Message): Json {
  switch (message.role) {
    case 'user':
      return { role: 'user', content: contentOf(message, 'text', url => ({ type: 'image_url', image_url: { url } })) }
    case 'tool':
      return { role: 'tool', tool_call_id: message.callId, content: message.text }
    case 'assistant':
      return present({
        role: 'assistant',
        content: message.text,
        refusal: message.refusal === '' ? null : message.refusal,
        tool_calls: message.calls.length === 0 ? null : message.calls.map(chatCall),
      })
    default:
      return message satisfies never
  }
}

function chatCall({ id, name, input }: ToolCall): Json {
  return { id, type: 'function', function: { name, arguments: input } }
}

/** Nothing is stored on the instance: the whole conversation is sent each time. Responses have no seed. */
function responsesBody(
  messages: readonly Message[],
  settings: Settings,
  texts: Texts,
  tools: readonly unknown[],
): Json {
  const { temperature, topP, tokensMax, effort, format } = settings
  return {
    store: false,
    instructions: texts.instructions.trim() === '' ? null : texts.instructions,
    input: messages.flatMap(responsesItems),
    temperature,
    top_p: topP,
    max_output_tokens: tokensMax,
    reasoning: effort === null ? null : { effort },
    // What was thought goes back with the next turn, since nothing is stored.
    include: effort === null || effort === 'none' ? null : ['reasoning.encrypted_content'],
    text:
      format === 'text'
        ? null
        : { format: format === 'json_object' ? { type: format } : { type: format, ...schemaOf(texts) } },
    tools: tools.length === 0 ? null : tools.map(flatTool),
  }
}

function responsesItems(message: Message): readonly unknown[] {
  switch (message.role) {
    case 'user':
      return [
        { role: 'user', content: contentOf(message, 'input_text', url => ({ type: 'input_image', image_url: url })) },
      ]
    case 'tool':
      return [{ type: 'function_call_output', call_id: message.callId, output: message.text }]
    case 'assistant':
      return message.items ?? itemsOf(message)
    default:
      return message satisfies never
  }
}

function itemsOf({ text, calls }: Answer): readonly unknown[] {
  return [
    ...(text === '' ? [] : [{ role: 'assistant', content: text }]),
    ...calls.map(({ id, name, input }) => ({ type: 'function_call', call_id: id, name, arguments: input })),
  ]
}

function contentOf({ text, images }: UserMessage, type: string, image: (url: string) => Json): unknown {
  if (images.length === 0) return text
  return [...(text === '' ? [] : [{ type, text }]), ...images.map(image)]
}

/** A function of Chat Completions as Responses take it; every other tool as it is. */
function flatTool(tool: unknown): unknown {
  if (!isObject(tool) || !isObject(tool['function'])) return tool
  return { type: 'function', ...tool['function'] }
}

/** The schema may come alone, or as the API takes it, with a name. */
function schemaOf({ schema }: Texts): Json {
  const parsed = JSON.parse(schema) as Json
  return isObject(parsed['schema']) ? parsed : { name: 'answer', strict: true, schema: parsed }
}

/** Leaves out what is null: the model's own choice. */
function present(members: Json): Json {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== null && value !== undefined))
}
