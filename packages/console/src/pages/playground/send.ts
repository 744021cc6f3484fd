/** Sends a call through the management API and follows its answer. */
import { addressOf } from '../../api/client.ts'
import { failureOf, withEvent } from './answers.ts'
import { eventData } from './events.ts'
import type { Answer, Failure } from './messages.ts'
import { isObject, type Operation } from './settings.ts'

export interface Call {
  readonly operation: Operation
  readonly workload: string
  readonly target: string
  readonly deployment: string
  readonly body: Readonly<Record<string, unknown>>
}

/**
 * Never rejects: a failure is part of the answer.
 * @param begun the answer before the call. @param changed called with each state of the answer, in order.
 */
export async function follow(
  { operation, workload, target, body }: Call,
  begun: Answer,
  signal: AbortSignal,
  changed: (answer: Answer) => void,
): Promise<void> {
  const beganAt = performance.now()
  let answer = begun
  const change = (next: Answer): void => {
    answer = next
    changed(next)
  }
  try {
    const response = await fetch(addressOf(`POST /api/v1/playground/${operation}`, { query: { workload, target } }), {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-gatehouse-console': '1' },
      body: JSON.stringify(body),
      signal,
    })
    change({ ...answer, state: 'streaming', callId: response.headers.get('x-gatehouse-call-id') })
    if (!response.ok) change({ ...answer, failure: await failureIn(response) })
    else {
      for await (const event of eventsOf(response)) {
        const next = withEvent(answer, event)
        const isFirst = answer.firstWordMs === null && hasBegun(next)
        change(isFirst ? { ...next, firstWordMs: performance.now() - beganAt } : next)
      }
    }
    const durationMs = performance.now() - beganAt
    change({ ...answer, durationMs, state: answer.failure === null ? 'done' : 'failed' })
  } catch (error) {
    const durationMs = performance.now() - beganAt
    if (signal.aborted) change({ ...answer, durationMs, state: 'stopped' })
    else change({ ...answer, durationMs, state: 'failed', failure: answer.failure ?? brokenOf(answer, error) })
  }
}

function hasBegun({ text, reasoning, refusal, calls }: Answer): boolean {
  return text !== '' || reasoning !== '' || refusal !== '' || calls.length > 0
}

async function* eventsOf(response: Response): AsyncGenerator<unknown> {
  if (!/^text\/event-stream/i.test(response.headers.get('content-type') ?? '')) {
    yield jsonOf(await response.text())
    return
  }
  if (response.body === null) return
  const pieces = response.body.pipeThrough(new TextDecoderStream())
  for await (const data of eventData(pieces)) if (data !== '[DONE]') yield jsonOf(data)
}

/** The error of an answer: of the gateway, of the model's side, or of the management API itself. */
async function failureIn(response: Response): Promise<Failure> {
  const body = jsonOf(await response.text())
  const error = isObject(body) && isObject(body['error']) ? body['error'] : {}
  const { code, message } = failureOf(error)
  const isOfGateway = response.headers.has('x-gatehouse-refusal')
  const isOfCall = response.headers.has('x-gatehouse-call-id')
  const kind = isOfGateway ? 'refused' : response.status === 401 && !isOfCall ? 'signed-out' : 'failed'
  return { kind, code: code || String(response.status), message }
}

function brokenOf({ state }: Answer, error: unknown): Failure {
  const message = error instanceof Error ? error.message : String(error)
  return { kind: 'broken', code: state === 'waiting' ? 'unreachable' : 'cut', message }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return null
  }
}
