/**
 * Tools for the tests of the simulator: an instance on a free port that is closed with the test, and calls without a
 * client library.
 */
import { request } from 'node:http'
import type { TestContext } from 'node:test'
import { isRecord, type JsonRecord } from '../json.ts'
import type { AzureSimulator, AzureSimulatorOptions, BillLine } from '../types.ts'
import { startAzure } from './index.ts'

export const version = '2024-10-21'
/** An instance with models that reason. */
export const later = '2025-04-01-preview'
export const deployments = {
  'gpt-4o': { model: 'gpt-4o' },
  thinker: { model: 'o3-mini' },
  instruct: { model: 'gpt-35-turbo-instruct' },
  'text-embedding-3-small': { model: 'text-embedding-3-small' },
  'text-embedding-ada-002': { model: 'text-embedding-ada-002' },
  picture: { model: 'gpt-image-1' },
  voice: { model: 'tts' },
  ears: { model: 'whisper' },
  'gpt-4o-mini-tts': { model: 'gpt-4o-mini-tts' },
  'gpt-image-1': { model: 'gpt-image-1' },
} as const

export async function simulator(t: TestContext, options: Partial<AzureSimulatorOptions> = {}): Promise<AzureSimulator> {
  const started = await startAzure({ name: 'one', deployments, seed: 7, ...options })
  t.after(() => started.close())
  return started
}

export interface Reply {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  readonly json: JsonRecord
}

/** A POST with this body as JSON; a GET without a body. `path` is the part after /openai. */
export async function call(
  sim: AzureSimulator,
  path: string,
  body: unknown = null,
  headers: Record<string, string> = {},
  method = body === null ? 'GET' : 'POST',
): Promise<Reply> {
  const sent = body === null ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }
  const type = { 'content-type': 'application/json' }
  const answer = await fetch(`${sim.url}/openai${path}`, { method, headers: { ...type, ...headers }, ...sent })
  const text = await answer.text()
  return { status: answer.status, headers: answer.headers, text, json: parsed(text) }
}

function parsed(text: string): JsonRecord {
  try {
    const value: unknown = JSON.parse(text)
    return isRecord(value) ? value : {}
  } catch {
    return {}
  }
}

export const chatPath = (deployment = 'gpt-4o', apiVersion = version): string =>
  `/deployments/${deployment}/chat/completions?api-version=${apiVersion}`

export const ask = (text: string, more: JsonRecord = {}): JsonRecord => ({
  messages: [{ role: 'user', content: text }],
  ...more,
})

/** The JSON of each `data:` line; `[DONE]` as text. */
export function frames(text: string): (JsonRecord | string)[] {
  return text
    .split('\n\n')
    .filter(frame => frame.startsWith('data: '))
    .map(frame => frame.slice(6))
    .map(data => (data === '[DONE]' ? data : parsed(data)))
}

export interface RawReply {
  readonly status: number
  /** Each chunk as the parser returned it. */
  readonly chunks: readonly string[]
  /** True when the connection ended before the body did. */
  readonly broken: boolean
}

/** A call that reports how its body arrived; the client hangs up after `leaveAfter` chunks. */
export function raw(
  sim: AzureSimulator,
  path: string,
  body: unknown,
  headers: Record<string, string> = {},
  leaveAfter = Number.POSITIVE_INFINITY,
): Promise<RawReply> {
  return new Promise((resolve, reject) => {
    const sent = request(`${sim.url}/openai${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
    })
    sent.once('error', reject)
    sent.once('response', response => {
      const chunks: string[] = []
      const done = (broken: boolean): void => resolve({ status: response.statusCode ?? 0, chunks, broken })
      response.on('data', (chunk: Buffer) => {
        chunks.push(chunk.toString('utf8'))
        if (chunks.length >= leaveAfter) sent.destroy()
      })
      response.once('end', () => done(false))
      response.once('error', () => done(true))
    })
    sent.end(JSON.stringify(body))
  })
}

/** The newest line, after its call has ended. */
export async function lastLine(sim: AzureSimulator): Promise<BillLine> {
  for (;;) {
    const line = sim.bill().at(-1)
    if (line?.ended) return line
    await new Promise(resolve => setImmediate(resolve))
  }
}
