/** Requirements on every refusal, and on the gateway after it. */
import assert from 'node:assert/strict'
import { type RefusalCode, refusals } from '../../packages/gateway/src/gateway/refusals.ts'
import type { Ledger } from '../../packages/gateway/src/ledger/index.ts'
import type { RecordRow } from '../../packages/gateway/src/ledger/record.ts'
import { type RawAnswer, send } from './raw.ts'
import { recordOf } from './records.ts'
import { ask, chatPath } from './world.ts'

export interface OpenAiError {
  readonly message: string
  readonly type: string
  readonly param: string | null
  readonly code: string | null
}

/** OpenAI's error object, checked for its shape. */
export function errorOf(answer: RawAnswer): OpenAiError {
  assert.equal(answer.headers['content-type'], 'application/json')
  const { error, ...more } = JSON.parse(answer.body.toString()) as { error: OpenAiError }
  assert.deepEqual(more, {}, 'the error has no further members')
  assert.deepEqual(Object.keys(error).sort(), ['code', 'message', 'param', 'type'])
  return error
}

/** Asserts that the answer is this refusal, as the catalogue has it, in OpenAI's shape. */
export function assertRefusal(answer: RawAnswer | null, code: RefusalCode): asserts answer is RawAnswer {
  assert.ok(answer, 'the connection was closed without an answer')
  const error = errorOf(answer)
  assert.equal(error.code, code, error.message)
  assert.equal(answer.status, refusals[code].status)
  assert.equal(error.type, refusals[code].type)
  assert.equal(answer.headers['x-gatehouse-refusal'], code)
  assert.ok(error.message.length >= 20, 'it says what is wrong')
  assert.ok(!/\{\w+\}/.test(error.message), `a placeholder in the message was not filled: ${error.message}`)
}

/** Asserts the refusal also in the ledger. @returns the record */
export async function assertRefused(ledger: Ledger, answer: RawAnswer | null, code: RefusalCode): Promise<RecordRow> {
  assertRefusal(answer, code)
  const record = await recordOf(ledger, answer.headers['x-gatehouse-request-id'])
  assert.deepEqual(
    [record.outcome, record.outcomeCode, record.status],
    ['refused', code, answer.status],
    'the record has the message that the client got',
  )
  return record
}

/** Asserts that an ordinary call is answered. */
export async function assertAlive(world: { readonly url: string; token(as: string): Promise<string> }): Promise<void> {
  const answer = await send(world.url, {
    target: chatPath,
    headers: [
      ['Authorization', `Bearer ${await world.token('alice')}`],
      ['Content-Type', 'application/json'],
    ],
    body: JSON.stringify({ messages: ask('Are you still there?'), max_tokens: 5 }),
  })
  assert.equal(answer.status, 200, answer.body.toString())
}
