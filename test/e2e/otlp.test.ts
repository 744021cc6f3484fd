/** Spans of a running gateway: real calls, and a collector that decodes by the published protobufs. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startCollector } from '../../packages/gateway/src/ledger/feeds/otlp/otlp.fixture.ts'
import { eventually } from '../support/wait.ts'
import { ask, chatPath, startWorld } from '../support/world.ts'

test('calls and refusals become traces with the id that the client was given, also when the collector was away', async t => {
  let isAway = true
  const collector = await startCollector(t, response => response.writeHead(isAway ? 503 : 200).end())
  const feed = { kind: 'otlp', url: collector.url, callers: true, batch: { time: '1s' } } as const
  const world = await startWorld(t, { change: config => ({ ...config, feeds: { traces: feed } }) })
  const chat = async (token: string | null): Promise<readonly [status: number, id: string]> => {
    const answer = await fetch(world.url + chatPath, {
      method: 'POST',
      headers: { ...(token === null ? {} : { authorization: `Bearer ${token}` }), 'content-type': 'application/json' },
      body: JSON.stringify({ messages: ask('What does canary-question mean?'), max_tokens: 20 }),
    })
    await answer.text()
    return [answer.status, answer.headers.get('x-gatehouse-request-id') ?? '']
  }
  const [status, id] = await chat(await world.token('alice'))
  const [refusal, refusedId] = await chat(null)
  assert.deepEqual([status, refusal], [200, 401])
  await eventually('the collector has refused a request', () => collector.requests.length > 0 || null)
  isAway = false
  const traceOf = (requestId: string) =>
    collector.kept.filter(({ traceId }) => traceId === requestId.replaceAll('-', ''))
  await eventually('both traces', () => (traceOf(id).length >= 3 && traceOf(refusedId).length === 1) || null)
  const [server, call, attempt] = traceOf(id)
  assert.deepEqual([server?.name, server?.kind, server?.parentSpanId], ['POST chat/completions', 2, ''])
  assert.deepEqual([call?.kind, call?.parentSpanId], [3, server?.spanId])
  assert.match(call?.name ?? '', /^chat \S+$/)
  assert.ok(Number(call?.attributes['gen_ai.usage.input_tokens']) > 0)
  assert.deepEqual([attempt?.parentSpanId, attempt?.attributes['http.response.status_code']], [call?.spanId, 200])
  const [refused] = traceOf(refusedId)
  assert.deepEqual(
    [refused?.attributes['gatehouse.outcome_code'], refused?.attributes['http.response.status_code'], refused?.code],
    ['token_missing', 401, 0],
  )
  const said = JSON.stringify(collector.kept, (_, value: unknown) =>
    typeof value === 'bigint' ? String(value) : value,
  )
  assert.ok(!said.includes('canary-question'))
})
