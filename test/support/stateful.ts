/** Two resources that keep state as Azure's do, in pools: neither can read what the other has encrypted or stored. */
import assert from 'node:assert/strict'
import type { Received } from './backend.ts'
import type { Answered, Person } from './objects.ts'
import { answering, type JsonAnswer, startTwinBackends, type TwinBackends } from './twin-backends.ts'

export type Item = Readonly<Record<string, unknown>>

export const user: Item = { role: 'user', content: 'go' }
export const result: Item = { type: 'function_call_output', call_id: 'call_1', output: 'ok' }

/**
 * An Azure resource as it is: it reads only its own encrypted content, and knows only the ids of its own items.
 * @param name is part of everything that it makes.
 */
class Resource {
  readonly name: string
  turns = 0
  /** Answers every request with this; null: it serves. */
  failing: JsonAnswer | null = null
  /** Objects that it created, by id. */
  readonly items = new Set<string>()

  constructor(name: string) {
    this.name = name
  }

  readonly answer = (request: Received): JsonAnswer => {
    if (this.failing !== null) return this.failing
    const body = (request.body === '' ? {} : JSON.parse(request.body)) as { input?: unknown; store?: boolean }
    for (const item of (Array.isArray(body.input) ? body.input : []) as Item[]) {
      const { encrypted_content: content, id, type } = item
      if (typeof content === 'string' && !content.endsWith(`-of-${this.name}`)) return unreadable
      if (type === 'reasoning' && typeof content !== 'string' && typeof id === 'string' && !this.items.has(id)) {
        return {
          status: 400,
          body: {
            error: {
              message: `Item with id '${id}' not found.`,
              type: 'invalid_request_error',
              param: 'input',
              code: null,
            },
          },
        }
      }
    }
    this.turns += 1
    const mark = `${this.turns}_of_${this.name}`
    const output = [
      {
        id: `rs_${mark}`,
        type: 'reasoning',
        summary: [],
        ...(body.store === false ? { encrypted_content: `gAAA/+${mark}-of-${this.name}` } : {}),
      },
      { id: `fc_${mark}`, type: 'function_call', call_id: 'call_1', name: 'f', arguments: '{}' },
    ]
    for (const { id } of output) this.items.add(id)
    const response = {
      id: `resp_${mark}`,
      object: 'response',
      status: 'completed',
      model: 'gpt-5',
      store: body.store !== false,
    }
    return { body: { ...response, output, usage: { input_tokens: 3, output_tokens: 4, total_tokens: 7 } } }
  }
}

export const unreadable: JsonAnswer = {
  status: 400,
  body: {
    error: {
      message:
        'The encrypted content could not be verified. Reason: Encrypted content could not be decrypted or parsed.',
      type: 'invalid_request_error',
      param: null,
      code: 'invalid_encrypted_content',
    },
  },
}

export interface Stateful {
  readonly twins: TwinBackends
  readonly one: Resource
  readonly two: Resource
  readonly alice: Person
}

export async function startStateful(
  t: Parameters<typeof startTwinBackends>[0],
  change?: Parameters<typeof startTwinBackends>[1],
): Promise<Stateful> {
  const twins = await startTwinBackends(t, change)
  const [one, two] = [new Resource('up1'), new Resource('up2')]
  twins.up1.answer = answering(one.answer)
  twins.up2.answer = answering(two.answer)
  return { twins, one, two, alice: await twins.as() }
}

export const turn = (input: readonly unknown[], more: Item = {}): Item => ({ model: 'gpt-5', input, ...more })
export const stateless: Item = { store: false, include: ['reasoning.encrypted_content'] }
export const outputOf = (answer: Answered): Item[] => {
  assert.equal(answer.status, 200, JSON.stringify(answer.body))
  return answer.body['output'] as Item[]
}
export const withoutIds = (items: readonly Item[]): Item[] => items.map(({ id: _, ...rest }) => rest)
export const outcome = ({ status, refusal }: Answered): readonly [number, string | null] => [status, refusal]
