import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { test } from 'node:test'
import { closedPort } from '../../../../test/support/ports.ts'
import { ask, call, chatPath, lastLine, raw, simulator } from './testkit.fixture.ts'

const codeOf = (error: unknown): unknown => (error instanceof Error ? (error.cause as { code?: unknown })?.code : null)
const turn = (): Promise<void> => new Promise(resolve => setImmediate(resolve))

// Only a refused connection is certain not to have been billed: a gateway that may replay must be tested with a real
// one.
test('refuse-connections: the system refuses, running calls are cut without an answer, and lifting the fault opens the same port again', async t => {
  const sim = await simulator(t, { port: await closedPort() })
  const running = raw(
    sim,
    chatPath(),
    ask('Explain payroll.', { stream: true }),
    { 'x-simulator-fault': 'stall;after=5' },
    99,
  )
  while ((sim.bill()[0]?.completionTokens ?? 0) < 3) await turn()
  sim.setFault({ kind: 'refuse-connections' })
  assert.equal((await running).broken, true)
  const line = await lastLine(sim)
  assert.deepEqual([line.clientGone, line.usageReported, line.completionTokens > 0], [false, false, true])
  await assert.rejects(call(sim, chatPath(), ask('Hello')), error => codeOf(error) === 'ECONNREFUSED')
  await assert.rejects(call(sim, '/models'), error => codeOf(error) === 'ECONNREFUSED')
  assert.equal(sim.bill().length, 1)
  sim.setFault(null)
  assert.equal((await call(sim, chatPath(), ask('Hello'))).status, 200)
  sim.setFault({ kind: 'refuse-connections', ms: 5 })
  for (;;) {
    const status = await call(sim, chatPath(), ask('Hello')).then(
      reply => reply.status,
      () => 0,
    )
    if (status === 200) break
    await turn()
  }
  sim.setFault({ kind: 'refuse-connections' })
  await sim.close()
})

// Any outgoing connection of the machine may be given the port during an outage.
test('an outage ends as soon as another program has left the port that it took meanwhile', async t => {
  const sim = await simulator(t, { port: await closedPort() })
  const { port, hostname } = new URL(sim.url)
  sim.setFault({ kind: 'refuse-connections' })
  const other = createServer(socket => socket.destroy()).listen(Number(port), hostname)
  await once(other, 'listening')
  const warned = once(process, 'warning')
  sim.setFault(null)
  assert.match(String(await warned), /EADDRINUSE/)
  await assert.rejects(call(sim, chatPath(), ask('Hello')))
  other.close()
  await once(other, 'close')
  for (;;) {
    const isServed = await call(sim, chatPath(), ask('Hello')).then(
      reply => reply.status === 200,
      () => false,
    )
    if (isServed) break
    await turn()
  }
})

test('refuse-connections over HTTP ends by itself, cannot be narrowed, and cannot come with a call', async t => {
  const sim = await simulator(t, { port: await closedPort() })
  const set = (fault: unknown): Promise<Response> =>
    fetch(`${sim.url}/_simulator/faults`, { method: 'POST', body: JSON.stringify(fault) })
  const endless = await set({ kind: 'refuse-connections' })
  assert.equal(endless.status, 400)
  assert.match(await endless.text(), /needs \\"ms\\"/)
  assert.equal((await set({ kind: 'refuse-connections', ms: 10, deployment: 'gpt-4o' })).status, 400)
  assert.equal((await call(sim, chatPath(), ask('Hello'), { 'x-simulator-fault': 'refuse-connections' })).status, 400)
  assert.equal((await set({ kind: 'refuse-connections', ms: 60_000 })).status, 200)
  for (;;) {
    const refused = await call(sim, '/models').then(
      () => false,
      error => codeOf(error) === 'ECONNREFUSED',
    )
    if (refused) break
    await turn()
  }
})

// Timeouts and hedges exist for a region that accepts connections and never answers.
test('unreachable-slow: there is no answer until the client leaves, and nothing is charged', async t => {
  const sim = await simulator(t)
  sim.setFault({ kind: 'unreachable-slow' })
  const leaving = new AbortController()
  const hanging = fetch(`${sim.url}/openai${chatPath()}`, {
    method: 'POST',
    body: JSON.stringify(ask('Hello')),
    signal: leaving.signal,
  })
  while (sim.bill()[0]?.fault !== 'unreachable-slow') await turn()
  sim.setFault(null)
  assert.equal((await call(sim, chatPath(), ask('Hello'))).status, 200)
  leaving.abort()
  await assert.rejects(hanging)
  while (!sim.bill()[0]?.ended) await turn()
  const [line] = sim.bill()
  assert.deepEqual([line?.status, line?.promptTokens, line?.completionTokens, line?.clientGone], [0, 0, 0, true])
})

test('a wait of a day is in the header and in the text; a missing deployment is 400', async t => {
  const sim = await simulator(t)
  const day = await call(sim, chatPath(), ask('Hello'), { 'x-simulator-fault': '429;retry-after=86400' })
  assert.deepEqual(
    [day.status, day.headers.get('retry-after'), day.headers.get('retry-after-ms')],
    [429, '86400', '86400000'],
  )
  assert.match(day.text, /Please retry after 86400 seconds/)
  const missing = await call(sim, chatPath(), ask('Hello'), { 'x-simulator-fault': 'missing-deployment' })
  assert.equal(missing.status, 400)
  assert.match(missing.text, /Missing deployment/)
})
