/**
 * Answers of OpenAI's API in their published forms: the types are those of OpenAI's own client, which are generated
 * from its specification. vLLM answers in the same forms.
 */
import type { ServerResponse } from 'node:http'
import type { OpenAI } from 'openai'

/** What one answer was made for and of. */
export interface Answered {
  /** As the answer names it. */
  readonly model: string
  readonly words: readonly string[]
  readonly promptTokens: number
}

const created = 1_700_000_000

/** Writes one answer whole. */
export function json(response: ServerResponse, status: number, document: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(document))
}

/** Writes server-sent events. @param named each event has its `type` in a field of its own, as in Responses. */
export function events(response: ServerResponse, documents: readonly { type?: string }[], named = false): void {
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' })
  for (const document of documents) {
    response.write(`${named ? `event: ${document.type}\n` : ''}data: ${JSON.stringify(document)}\n\n`)
  }
  response.end(named ? '' : 'data: [DONE]\n\n')
}

function usageOf({ words, promptTokens }: Answered) {
  const completionTokens = words.length
  return {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
    prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
    completion_tokens_details: {
      reasoning_tokens: 0,
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  } satisfies OpenAI.CompletionUsage
}

export function chatOf(answered: Answered) {
  const { model, words } = answered
  const message: OpenAI.ChatCompletionMessage = {
    role: 'assistant',
    content: words.join(''),
    refusal: null,
    annotations: [],
  }
  return {
    id: 'chatcmpl-stand-in',
    object: 'chat.completion',
    created,
    model,
    choices: [{ index: 0, message, logprobs: null, finish_reason: 'stop' }],
    usage: usageOf(answered),
    service_tier: 'default',
    system_fingerprint: 'fp_standin',
  } satisfies OpenAI.ChatCompletion
}

/** @param withUsage as `stream_options.include_usage` asks: a last chunk with usage, and null in all others. */
export function chatChunks(answered: Answered, withUsage: boolean): OpenAI.ChatCompletionChunk[] {
  const { model, words } = answered
  const head = {
    id: 'chatcmpl-stand-in',
    object: 'chat.completion.chunk',
    created,
    model,
    service_tier: 'default',
    system_fingerprint: 'fp_standin',
  } as const
  const chunk = (
    delta: OpenAI.ChatCompletionChunk.Choice.Delta,
    finish: 'stop' | null = null,
  ): OpenAI.ChatCompletionChunk => ({
    ...head,
    choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }],
    ...(withUsage ? { usage: null } : {}),
  })
  return [
    chunk({ role: 'assistant', content: '', refusal: null }),
    ...words.map(content => chunk({ content })),
    chunk({}, 'stop'),
    ...(withUsage ? [{ ...head, choices: [], usage: usageOf(answered) }] : []),
  ]
}

export function completionOf(answered: Answered) {
  return {
    ...completionHead(answered),
    choices: [{ index: 0, text: answered.words.join(''), logprobs: null, finish_reason: 'stop' }],
    usage: usageOf(answered),
  } satisfies OpenAI.Completion
}

/** The last piece of a text has the reason of its end. */
export function completionChunks(answered: Answered, withUsage: boolean): object[] {
  const { words } = answered
  const head = completionHead(answered)
  const pieces = words.map((text, at) => ({
    ...head,
    choices: [{ index: 0, text, logprobs: null, finish_reason: at === words.length - 1 ? 'stop' : null }],
    ...(withUsage ? { usage: null } : {}),
  }))
  return withUsage ? [...pieces, { ...head, choices: [], usage: usageOf(answered) }] : pieces
}

function completionHead({ model }: Answered) {
  return { id: 'cmpl-stand-in', object: 'text_completion', created, model } as const
}

export function embeddingsOf({ model, promptTokens }: Answered) {
  return {
    object: 'list',
    data: [{ object: 'embedding', index: 0, embedding: [0.25, -0.5] }],
    model,
    usage: { prompt_tokens: promptTokens, total_tokens: promptTokens },
  } satisfies OpenAI.CreateEmbeddingResponse
}

type ResponseDocument = Omit<OpenAI.Responses.Response, 'output_text' | 'access_programs'>

export function responseOf({ model, words, promptTokens }: Answered): ResponseDocument {
  return {
    ...responseBegun(model),
    status: 'completed',
    output: [
      {
        id: 'msg_standin',
        type: 'message',
        role: 'assistant',
        status: 'completed',
        content: [{ type: 'output_text', text: words.join(''), annotations: [], logprobs: [] }],
      },
    ],
    usage: {
      input_tokens: promptTokens,
      input_tokens_details: { cached_tokens: 0, cache_write_tokens: 0 },
      output_tokens: words.length,
      output_tokens_details: { reasoning_tokens: 0 },
      total_tokens: promptTokens + words.length,
    },
  }
}

function responseBegun(model: string): ResponseDocument {
  return {
    id: 'resp_standin',
    object: 'response',
    created_at: created,
    status: 'in_progress',
    background: false,
    error: null,
    incomplete_details: null,
    instructions: null,
    max_output_tokens: null,
    metadata: {},
    model,
    output: [],
    parallel_tool_calls: true,
    previous_response_id: null,
    reasoning: { effort: null, summary: null },
    service_tier: 'default',
    temperature: 1,
    text: { format: { type: 'text' } },
    tool_choice: 'auto',
    tools: [],
    top_p: 1,
    truncation: 'disabled',
  }
}

/** The events of a streamed response that carry something; usage is in the last one. */
export function responseEvents(answered: Answered): { type: string }[] {
  const at = { item_id: 'msg_standin', output_index: 0, content_index: 0, logprobs: [] }
  const deltas = answered.words.map((delta, word) => ({
    type: 'response.output_text.delta' as const,
    sequence_number: word + 1,
    ...at,
    delta,
  })) satisfies OpenAI.Responses.ResponseTextDeltaEvent[]
  const begin = { type: 'response.created', sequence_number: 0, response: responseBegun(answered.model) }
  const end = { type: 'response.completed', sequence_number: deltas.length + 1, response: responseOf(answered) }
  return [begin, ...deltas, end]
}

/** @param isWhisper its usage is the length of the sound, where newer models report tokens. */
export function transcriptionOf({ promptTokens, words }: Answered, isWhisper: boolean) {
  const text = words.join('')
  if (isWhisper) return { text, usage: { type: 'duration', seconds: 1 } } satisfies OpenAI.Audio.Transcription
  return {
    text,
    usage: {
      type: 'tokens',
      input_tokens: promptTokens,
      input_token_details: { text_tokens: 0, audio_tokens: promptTokens },
      output_tokens: words.length,
      total_tokens: promptTokens + words.length,
    },
  } satisfies OpenAI.Audio.Transcription
}

export function fileOf(id: string, filename: string, bytes: number): OpenAI.FileObject {
  return { id, object: 'file', bytes, created_at: created, filename, purpose: 'user_data', status: 'processed' }
}

export function listOf(data: readonly { readonly id: string }[]) {
  return { object: 'list', data, first_id: data[0]?.id ?? null, last_id: data.at(-1)?.id ?? null, has_more: false }
}

export function modelOf(id: string): OpenAI.Model {
  return { id, object: 'model', created, owned_by: 'stand-in' }
}
