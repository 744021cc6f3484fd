/**
 * Calls that are cut at any byte, by the client or by the backend, in any framing, against a backend that knows what it
 * billed. Whatever happens, the ledger charges what was billed, or more if the backend did not report it.
 */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import fc from 'fast-check'
import { dataFramed, type Framing, framings } from '../../packages/gateway/src/gateway/observe/framing.fixture.ts'
import type { RecordRow } from '../../packages/gateway/src/ledger/record.ts'
import { countPrompt, tokenPieces } from '../../packages/gateway/src/tokens/count.ts'
import { settled } from '../support/records.ts'
import { chatOn, type Upstream } from '../support/upstream.ts'
import { ask } from '../support/world.ts'

/** Tokens by which a charge may be below the bill. */
const tolerance = 2

export interface HangUp {
  readonly model: 'gpt-4o' | 'gpt-5'
  readonly stream: boolean
  /** Words of the answer. */
  readonly words: number
  /** Tokens that are billed before the first word; only for a model that reasons. */
  readonly hidden: number
  readonly maximum: 'given' | 'none'
  readonly reports: 'at the end' | 'in each chunk' | 'never'
  readonly asksForUsage: boolean
  /**
   * The side that hangs up after `afterBytes` bytes of the answer, if that many come; a client with 0 disconnects as
   * soon as the backend has the request.
   */
  readonly by: 'client' | 'backend' | 'nobody'
  readonly afterBytes: number
  readonly framing: Framing
  /** Sizes of the writes in bytes, used in rotation. */
  readonly sizes: readonly number[]
}

export const hangUps: fc.Arbitrary<HangUp> = fc.record({
  model: fc.constantFrom('gpt-4o', 'gpt-5'),
  stream: fc.boolean(),
  words: fc.integer({ min: 0, max: 40 }),
  hidden: fc.integer({ min: 0, max: 600 }),
  maximum: fc.constantFrom('given', 'none'),
  reports: fc.constantFrom('at the end', 'in each chunk', 'never'),
  asksForUsage: fc.boolean(),
  by: fc.constantFrom('client', 'backend', 'nobody'),
  afterBytes: fc.oneof(fc.integer({ min: 0, max: 600 }), fc.integer({ min: 0, max: 12_000 })),
  framing: framings,
  sizes: fc.array(fc.integer({ min: 1, max: 900 }), { minLength: 1, maxLength: 5 }),
})

const maximum = 900
const vocabulary = [
  'leave',
  ' form',
  ' the',
  ' Größe',
  ' 東京',
  ' 12.5',
  '\n\n',
  ' "usage"',
  ' please',
  ' ask',
  '😀',
  ' {}',
]

/** A piece of the answer's body, and the tokens that are billed once it is begun. */
interface Piece {
  readonly text: string
  readonly tokens: number
}

function textPieces({ model, words }: HangUp): readonly Piece[] {
  const text = Array.from({ length: words }, (_, at) => vocabulary[(at * 7 + words) % vocabulary.length]).join('')
  return tokenPieces(model, text)
}

function piecesOf(hangUp: HangUp, promptTokens: number): readonly Piece[] {
  const { model, hidden, reports, framing } = hangUp
  const said = textPieces(hangUp)
  const overhead = model === 'gpt-5' ? hidden + 9 : 0
  const usageAt = (completion: number): object => ({
    prompt_tokens: promptTokens,
    completion_tokens: completion,
    total_tokens: promptTokens + completion,
    ...(model === 'gpt-5' ? { completion_tokens_details: { reasoning_tokens: Math.min(hidden, completion) } } : {}),
  })
  const total = overhead + said.reduce((sum, piece) => sum + piece.tokens, 0) + 1
  if (!hangUp.stream) {
    const message = { role: 'assistant', content: said.map(piece => piece.text).join('') }
    const document = { id: 'c1', model, choices: [{ index: 0, message, finish_reason: 'stop' }] }
    const text = JSON.stringify(reports === 'never' ? document : { ...document, usage: usageAt(total) })
    return [{ text, tokens: total }]
  }
  let made = overhead
  const event = (delta: object, finish: string | null, usage: object | null): string => {
    const choices = [{ index: 0, delta, finish_reason: finish }]
    return dataFramed({ id: 'c1', model, choices, ...(usage === null ? {} : { usage }) }, framing)
  }
  const chunks = said.map((piece): Piece => {
    made += piece.tokens
    return {
      text: event({ content: piece.text }, null, reports === 'in each chunk' ? usageAt(made) : null),
      tokens: piece.tokens,
    }
  })
  const last = event({}, 'stop', reports === 'in each chunk' ? usageAt(total) : null)
  const alone = dataFramed({ id: 'c1', model, choices: [], usage: usageAt(total) }, framing)
  return [
    { text: '', tokens: overhead },
    ...chunks,
    { text: last, tokens: 1 },
    ...(reports === 'at the end' ? [{ text: alone, tokens: 0 }] : []),
    { text: dataFramed('[DONE]', framing), tokens: 0 },
  ]
}

/** What a backend has billed for one call. */
class Bill {
  promptTokens = 0
  completionTokens = 0
  readonly over = Promise.withResolvers<void>()
}

/** Answers as the plan says; bills what it produces until it sees that the connection is closed. */
async function answer(hangUp: HangUp, promptTokens: number, response: ServerResponse, bill: Bill): Promise<void> {
  bill.promptTokens = promptTokens
  const type = hangUp.stream ? 'text/event-stream' : 'application/json'
  let left = hangUp.by === 'backend' ? hangUp.afterBytes : Number.POSITIVE_INFINITY
  let turn = 0
  response.writeHead(200, { 'content-type': type })
  for (const { text, tokens } of piecesOf(hangUp, promptTokens)) {
    if (response.destroyed) return
    bill.completionTokens += tokens
    const bytes = Buffer.from(text)
    for (let at = 0; at < bytes.length; ) {
      const size = Math.min(hangUp.sizes[turn % hangUp.sizes.length] ?? 1, left)
      turn += 1
      response.write(bytes.subarray(at, at + size))
      left -= Math.min(size, bytes.length - at)
      at += size
      // The pieces must not go out as one.
      await new Promise(resolve => setImmediate(resolve))
      if (left <= 0) {
        response.destroy()
        return
      }
    }
  }
  response.end()
}

/** Sends the call, and hangs up where the plan says so. */
async function call(upstream: Upstream, hangUp: HangUp, isReceived: Promise<void>): Promise<void> {
  const body = {
    messages: ask('How many days of leave do I have?'),
    ...(hangUp.stream ? { stream: true } : {}),
    ...(hangUp.stream && hangUp.asksForUsage ? { stream_options: { include_usage: true } } : {}),
    ...(hangUp.maximum === 'given' ? { max_completion_tokens: maximum } : {}),
  }
  const connection = await upstream.begin(body, chatOn(hangUp.model))
  let bytes = 0
  if (hangUp.by === 'client') {
    connection.socket.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      if (bytes >= hangUp.afterBytes) connection.leave()
    })
  }
  if (hangUp.by === 'client' && hangUp.afterBytes === 0) await isReceived
  else await connection.answer().catch(() => null)
  connection.leave()
}

/** @throws AssertionError when less was charged than was billed. */
export async function hangUpOnce(upstream: Upstream, hangUp: HangUp): Promise<RecordRow> {
  const bill = new Bill()
  const received = Promise.withResolvers<void>()
  upstream.backend.answer = (request, response) => {
    const promptTokens = countPrompt(hangUp.model, 'chat/completions', JSON.parse(request.body)) ?? 0
    once(response, 'close').then(() => bill.over.resolve())
    received.resolve()
    void answer(hangUp, promptTokens, response, bill)
  }
  await call(upstream, hangUp, received.promise)
  const record = await settled(upstream.world.house)
  await bill.over.promise
  assert.ok(record, 'a record')
  const { source, promptTokens, completionTokens } = record.usage
  const charged = (promptTokens ?? 0) + (completionTokens ?? 0)
  const billed = bill.promptTokens + bill.completionTokens
  assert.ok(
    charged >= billed - tolerance,
    `${source} ${promptTokens}+${completionTokens}, billed ${bill.promptTokens}+${bill.completionTokens}`,
  )
  if (source !== 'bounded')
    assert.ok(
      charged <= billed + tolerance,
      `${source} ${promptTokens}+${completionTokens}, billed ${bill.promptTokens}+${bill.completionTokens}`,
    )
  return record
}
