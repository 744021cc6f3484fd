/**
 * A small stand-in of OpenAI's API, and of vLLM's server, after their published references:
 * https://platform.openai.com/docs/api-reference (authentication, debugging headers, rate limits, errors) and vLLM's
 * OpenAI-compatible server (its error object, its unknown routes). It shares no code with the gateway. Every request
 * that it answers with a model is a line of its bill.
 */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { OpenAI } from 'openai'
import {
  chatChunks,
  chatOf,
  completionChunks,
  completionOf,
  embeddingsOf,
  events,
  fileOf,
  json,
  listOf,
  modelOf,
  responseEvents,
  responseOf,
  transcriptionOf,
} from './openai-answers.ts'
import type { Scope } from './world.ts'

export interface OpenAILine {
  /** The gateway's id of the call. */
  readonly callId: string
  readonly path: string
  readonly model: string
  readonly promptTokens: number
  readonly completionTokens: number
}

export interface OpenAIRequest {
  readonly method: string
  readonly url: string
  readonly headers: IncomingMessage['headers']
  readonly body: Buffer
}

export interface OpenAIStandIn {
  readonly url: string
  readonly key: string
  /** Complete requests, in order. */
  readonly received: readonly OpenAIRequest[]
  readonly bill: readonly OpenAILine[]
  /** Answers the next requests in turn, before the models do. */
  readonly faults: ((response: ServerResponse) => void)[]
  /** Additional headers of answers. */
  headers: Readonly<Record<string, string>>
}

interface Options {
  /** `vllm`: its errors, and no headers about requests and limits. */
  readonly flavour?: 'openai' | 'vllm'
  readonly models?: readonly string[]
}

type Json = Readonly<Record<string, unknown>>

function members<Body>(...names: (keyof Body & string)[]): readonly string[] {
  return names
}

/** Members of request bodies, by path, as far as tests need them. OpenAI refuses others. */
const known: Readonly<Record<string, readonly string[]>> = {
  'chat/completions': members<OpenAI.ChatCompletionCreateParams>(
    'model',
    'messages',
    'stream',
    'stream_options',
    'max_tokens',
    'max_completion_tokens',
    'n',
    'tools',
    'temperature',
  ),
  completions: members<OpenAI.CompletionCreateParams>('model', 'prompt', 'stream', 'stream_options', 'max_tokens', 'n'),
  embeddings: members<OpenAI.EmbeddingCreateParams>('model', 'input', 'encoding_format', 'dimensions'),
  responses: members<OpenAI.Responses.ResponseCreateParams>(
    'model',
    'input',
    'stream',
    'store',
    'max_output_tokens',
    'previous_response_id',
  ),
}

const incorrectKey =
  'Incorrect API key provided: sk-wrong. You can find your API key at https://platform.openai.com/account/api-keys.'
export const openAIKey = 'sk-of-the-stand-in-of-openai-000001'

export async function startOpenAI(
  t: Scope,
  { flavour = 'openai', models = ['gpt-4o'] }: Options = {},
): Promise<OpenAIStandIn> {
  const server = new Server(flavour, models)
  const http = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('error', () => {})
    response.on('error', () => {})
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const { method = '', url = '', headers } = request
      void server.answer({ method, url, headers, body: Buffer.concat(chunks) }, response)
    })
  })
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  t.after(async () => {
    http.closeAllConnections()
    http.close()
    await once(http, 'close')
  })
  server.url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`
  return server
}

class Server implements OpenAIStandIn {
  url = ''
  readonly key = openAIKey
  readonly received: OpenAIRequest[] = []
  readonly bill: OpenAILine[] = []
  readonly faults: ((response: ServerResponse) => void)[] = []
  headers: Readonly<Record<string, string>> = {}
  readonly #flavour: 'openai' | 'vllm'
  readonly #models: readonly string[]
  readonly #stored: OpenAI.FileObject[] = []

  constructor(flavour: 'openai' | 'vllm', models: readonly string[]) {
    this.#flavour = flavour
    this.#models = models
  }

  async answer(request: OpenAIRequest, response: ServerResponse): Promise<void> {
    this.received.push(request)
    this.#setHeaders(response)
    const fault = this.faults.shift()
    if (fault !== undefined) return fault(response)
    if (request.headers.authorization !== `Bearer ${this.key}`) {
      return this.#error(response, 401, incorrectKey, 'invalid_api_key')
    }
    const { pathname } = new URL(request.url, this.url)
    const path = pathname.startsWith('/v1/') ? pathname.slice('/v1/'.length) : ''
    if (path === 'models' && request.method === 'GET') {
      return json(response, 200, { object: 'list', data: this.#models.map(modelOf) })
    }
    if (path === 'files' || path.startsWith('files/')) return this.#files(path, request, response)
    if (path === 'audio/transcriptions' && request.method === 'POST') return this.#transcribe(request, response)
    if (known[path] === undefined || request.method !== 'POST') return this.#noSuchAddress(request, response)
    const body = JSON.parse(request.body.toString()) as Json
    const unknown = Object.keys(body).find(name => !known[path]?.includes(name))
    if (unknown !== undefined && this.#flavour === 'openai') {
      return this.#error(response, 400, `Unrecognized request argument supplied: ${unknown}`, null)
    }
    const { model } = body
    if (typeof model !== 'string') return this.#error(response, 400, 'you must provide a model parameter', null)
    if (!this.#models.includes(model)) return this.#noSuchModel(response, model)
    this.#serve(path, model, body, request, response)
  }

  #serve(path: string, model: string, body: Json, request: OpenAIRequest, response: ServerResponse): void {
    const promptTokens = tokensIn(JSON.stringify(body['messages'] ?? body['input'] ?? body['prompt'] ?? ''))
    const words = path === 'embeddings' ? [] : ['Yes', ',', ' that', ' is', ' so', '.']
    this.#charge(request, path, model, promptTokens, words.length)
    const answered = { model: this.#nameOf(model), words, promptTokens }
    const isStream = body['stream'] === true
    const [whole, chunks] = path === 'completions' ? [completionOf, completionChunks] : [chatOf, chatChunks]
    if (path === 'embeddings') json(response, 200, embeddingsOf({ ...answered, model }))
    else if (path === 'responses' && isStream) events(response, responseEvents(answered), true)
    else if (path === 'responses') json(response, 200, responseOf(answered))
    else if (isStream) events(response, chunks(answered, wantsUsage(body)))
    else json(response, 200, whole(answered))
  }

  /** OpenAI answers with the name of the snapshot, vLLM with the name that was asked for. */
  #nameOf(model: string): string {
    return this.#flavour === 'openai' ? `${model}-2024-08-06` : model
  }

  async #transcribe(request: OpenAIRequest, response: ServerResponse): Promise<void> {
    const form = await formOf(request)
    const models = form.getAll('model')
    const [model] = models
    if (models.length !== 1 || typeof model !== 'string')
      return this.#error(response, 400, 'you must provide one model', null)
    if (!this.#models.includes(model)) return this.#noSuchModel(response, model)
    if (!(form.get('file') instanceof Blob)) return this.#error(response, 400, 'file is a required property', null)
    const answered = { model, words: ['Hello', '.'], promptTokens: 14 }
    const isWhisper = model.startsWith('whisper')
    this.#charge(request, 'audio/transcriptions', model, isWhisper ? 0 : 14, isWhisper ? 0 : answered.words.length)
    json(response, 200, transcriptionOf(answered, isWhisper))
  }

  async #files(path: string, request: OpenAIRequest, response: ServerResponse): Promise<void> {
    if (this.#flavour === 'vllm') return this.#noSuchAddress(request, response)
    if (request.method === 'POST') {
      const form = await formOf(request)
      const sent = form.get('file')
      if (!(sent instanceof File)) return this.#error(response, 400, "'file' is a required property", null)
      const file = fileOf(`file-standin${this.#stored.length + 1}`, sent.name, sent.size)
      this.#stored.push(file)
      return json(response, 200, file)
    }
    if (path === 'files') return json(response, 200, listOf(this.#stored))
    const found = this.#stored.find(({ id }) => path === `files/${id}`)
    const name = path.slice('files/'.length)
    if (found === undefined) this.#error(response, 404, `No such File object: ${name}`, null, 'id')
    else json(response, 200, found)
  }

  #charge(request: OpenAIRequest, path: string, model: string, promptTokens: number, completionTokens: number): void {
    const callId = String(request.headers['x-gatehouse-request-id'])
    this.bill.push({ callId, path, model, promptTokens, completionTokens })
  }

  #setHeaders(response: ServerResponse): void {
    if (this.#flavour === 'openai') {
      const usual = {
        'x-request-id': `req_${this.received.length}`,
        'openai-organization': 'org-of-the-operator',
        'openai-processing-ms': '12',
        'openai-version': '2020-10-01',
        'x-ratelimit-limit-requests': '60',
        'x-ratelimit-limit-tokens': '150000',
        'x-ratelimit-remaining-requests': '59',
        'x-ratelimit-remaining-tokens': '149984',
        'x-ratelimit-reset-requests': '1s',
        'x-ratelimit-reset-tokens': '6m0s',
        'cf-ray': '8c135d3eeec4a97a-SYD',
        'set-cookie': '__cf_bm=stand-in; path=/; HttpOnly',
      }
      for (const [name, value] of Object.entries(usual)) response.setHeader(name, value)
    }
    for (const [name, value] of Object.entries(this.headers)) response.setHeader(name, value)
  }

  #noSuchModel(response: ServerResponse, model: string): void {
    const isVllm = this.#flavour === 'vllm'
    const message = `The model \`${model}\` does not exist${isVllm ? '.' : ' or you do not have access to it.'}`
    this.#error(response, 404, message, isVllm ? null : 'model_not_found', isVllm ? 'model' : null)
  }

  #noSuchAddress({ method, url }: OpenAIRequest, response: ServerResponse): void {
    if (this.#flavour === 'vllm') json(response, 404, { detail: 'Not Found' })
    else this.#error(response, 404, `Invalid URL (${method} ${url})`, null)
  }

  #error(
    response: ServerResponse,
    status: number,
    message: string,
    code: string | null,
    param: string | null = null,
  ): void {
    if (this.#flavour === 'openai')
      json(response, status, { error: { message, type: 'invalid_request_error', param, code } })
    else if (status === 401) json(response, status, { error: 'Unauthorized' })
    else {
      // The code of vLLM is the status.
      const type = status === 404 ? 'NotFoundError' : 'BadRequestError'
      json(response, status, { error: { message, type, param, code: status } })
    }
  }
}

function wantsUsage({ stream_options: options }: Json): boolean {
  return typeof options === 'object' && options !== null && 'include_usage' in options && options.include_usage === true
}

function formOf({ headers, body }: OpenAIRequest): Promise<FormData> {
  const type = headers['content-type'] ?? ''
  return new Response(new Uint8Array(body), { headers: { 'content-type': type } }).formData()
}

function tokensIn(text: string): number {
  return text.split(/\W+/).filter(word => word !== '').length
}

/**
 * A fault: the answer to a restricted key that may not use the operation. The form is that of reports such as
 * https://github.com/continuedev/continue/issues/10059 and https://github.com/bytedance/trae-agent/issues/162.
 */
export function lacksScope(response: ServerResponse): void {
  const message =
    "You have insufficient permissions for this operation. Missing scopes: api.responses.write. Check that you have the correct role in your organization (Reader, Writer, Owner) and project (Member, Owner), and if you're using a restricted API key, that it has the necessary scopes."
  json(response, 401, { error: { message, type: 'invalid_request_error', param: null, code: null } })
}

/**
 * A fault: the answer while the account has no credit left, as https://platform.openai.com/docs/guides/error-codes
 * describes it.
 */
export function lacksCredit(response: ServerResponse): void {
  const message =
    'You exceeded your current quota, please check your plan and billing details. For more information on this error, read the docs: https://platform.openai.com/docs/guides/error-codes/api-errors.'
  json(response, 429, { error: { message, type: 'insufficient_quota', param: null, code: 'insufficient_quota' } })
}

/**
 * A fault: a model that does not exist, on a path that answers 400; the form is that of
 * https://github.com/skorokithakis/sysaidmin/issues/9.
 */
export function lacksModel(response: ServerResponse): void {
  const message = "The requested model 'gpt-4o' does not exist."
  json(response, 400, { error: { message, type: 'invalid_request_error', param: 'model', code: 'model_not_found' } })
}

/** The published `type` of errors with a code that this stand-in is told to answer with. */
const types: Readonly<Record<string, string>> = {
  rate_limit_exceeded: 'requests',
  invalid_api_key: 'invalid_request_error',
  model_not_found: 'invalid_request_error',
}

/** A fault: this status, these headers and this error. */
export function refusing(status: number, headers: Readonly<Record<string, string>> = {}, code: string | null = null) {
  return (response: ServerResponse): void => {
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
    const type = types[code ?? ''] ?? 'server_error'
    json(response, status, { error: { message: 'The stand-in refuses.', type, param: null, code } })
  }
}
