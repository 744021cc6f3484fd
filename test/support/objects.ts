/** Objects as clients use them: short ways to create and retrieve them, through any gateway and as any caller. */
import assert from 'node:assert/strict'
import type { House } from '../../packages/gateway/src/house/index.ts'
import type { World } from './world.ts'

export interface Answered {
  readonly status: number
  /** Code of the gateway's own refusal; null for an answer of an instance. */
  readonly refusal: string | null
  readonly id: string
  readonly body: Readonly<Record<string, unknown>>
  readonly requestId: string
}

export interface Person {
  call(method: string, path: string, body?: unknown): Promise<Answered>
  upload(content: string, purpose?: string): Promise<Answered>
}

export interface PersonOptions {
  /** Default: the world's own. */
  readonly house?: House
  readonly as?: string
  readonly workload?: string
  readonly target?: string
}

/** By default alice of the hr-bot, through pool `main`, on the v1 API. */
export async function person(world: World, options: PersonOptions = {}): Promise<Person> {
  const { house = world.house, as = 'alice', workload = 'hr-bot', target = 'main' } = options
  const token = await world.token(as)
  const root = `${house.gateway.url}/${target}/${workload}/openai/v1`
  const send = async (path: string, init: RequestInit): Promise<Answered> => {
    const headers = { ...init.headers, authorization: `Bearer ${token}` }
    const answer = await fetch(`${root}/${path}`, { ...init, headers })
    const text = await answer.text()
    const body = text.startsWith('{') ? (JSON.parse(text) as Record<string, unknown>) : { text }
    return {
      status: answer.status,
      refusal: answer.headers.get('x-gatehouse-refusal'),
      id: typeof body['id'] === 'string' ? body['id'] : '',
      body,
      requestId: answer.headers.get('x-gatehouse-request-id') ?? '',
    }
  }
  return {
    call(method, path, body) {
      if (body === undefined) return send(path, { method })
      const headers = { 'content-type': 'application/json' }
      return send(path, { method, headers, body: typeof body === 'string' ? body : JSON.stringify(body) })
    },
    upload(content, purpose = 'assistants') {
      const form = new FormData()
      form.set('purpose', purpose)
      form.set('file', new File([content], 'notes.txt'))
      return send('files', { method: 'POST', body: form })
    },
  }
}

/** The answer, which must be a success. */
export async function ok(answer: Promise<Answered>): Promise<Answered> {
  const answered = await answer
  assert.equal(answered.status, 200, JSON.stringify(answered.body))
  return answered
}

/** Ids in a page of a list, in order. */
export function idsOf(answer: Answered): string[] {
  return (answer.body['data'] as { id: string }[]).map(one => one.id)
}
