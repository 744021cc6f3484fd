import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ask, call, chatPath, lastLine, simulator } from '../testkit.fixture.ts'

const ptu = { model: 'gpt-4o', kind: 'provisioned', tokensPerMinute: 1_000 } as const
const spillHeaders = (headers: Headers): (string | null)[] =>
  ['x-ms-deployment-name', 'x-ms-spillover-from-deployment', 'x-ms-spillover-error'].map(name => headers.get(name))
const full = ask('Hello', { max_tokens: 1_000 })

// A gateway that books a spilled call to the provisioned deployment reports no cost for it, and Azure sends a bill.
test('spillover: the standard deployment serves what a full provisioned one cannot, and headers and bill name both', async t => {
  const sim = await simulator(t, {
    clock: () => 0,
    deployments: { ptu: { ...ptu, spillover: 'standard' }, standard: { model: 'gpt-4o', tokensPerMinute: 5_000 } },
  })
  const own = await call(sim, chatPath('ptu'), ask('Hello'))
  assert.deepEqual([own.status, ...spillHeaders(own.headers)], [200, 'ptu', null, null])
  const fault = { 'x-simulator-fault': '500;deployment=ptu' }
  for (const stream of [false, true]) {
    const spilled = await call(sim, chatPath('ptu'), { ...full, stream }, fault)
    assert.deepEqual([spilled.status, ...spillHeaders(spilled.headers)], [200, 'standard', 'ptu', '500'])
    assert.equal(spilled.headers.get('azure-openai-deployment-utilization'), null)
    assert.equal(spilled.headers.get('x-ratelimit-limit-tokens'), '5000')
    const line = await lastLine(sim)
    assert.deepEqual([line.deployment, line.spilledFrom, line.status], ['standard', 'ptu', 200])
    assert.ok(line.promptTokens > 0 && line.completionTokens > 0)
  }
  const onlyRefused = await call(sim, chatPath('ptu'), ask('Hello'), { 'x-simulator-fault': '404;deployment=ptu' })
  assert.equal(onlyRefused.status, 404)
})

test("spillover: a request's header can ask for it; if the other deployment refuses as well, the first answer is sent", async t => {
  const sim = await simulator(t, { clock: () => 0, deployments: { ptu, standard: { model: 'gpt-4o' } } })
  const header = (name: string): Record<string, string> => ({ 'x-ms-spillover-deployment': name })
  const fill = ask('Hello', { max_tokens: 30_000 })
  const [holding] = await Promise.all([
    call(sim, chatPath('ptu'), { ...fill, stream: true }, { 'x-simulator-fault': 'stall;after=1;ms=3000' }),
    (async () => {
      while ((sim.bill()[0]?.status ?? 0) !== 200) await new Promise(resolve => setImmediate(resolve))
      const without = await call(sim, chatPath('ptu'), ask('Hello'))
      assert.deepEqual([without.status, ...spillHeaders(without.headers)], [429, 'ptu', null, null])
      const spilled = await call(sim, chatPath('ptu'), ask('Hello'), header('standard'))
      assert.deepEqual([spilled.status, ...spillHeaders(spilled.headers)], [200, 'standard', 'ptu', '429'])
      const nowhere = await call(sim, chatPath('ptu'), ask('Hello'), header('nowhere'))
      assert.deepEqual([nowhere.status, nowhere.headers.get('x-ms-spillover-error')], [429, '429'])
      assert.ok(Number(nowhere.headers.get('retry-after-ms')) > 0)
      const line = await lastLine(sim)
      assert.deepEqual([line.deployment, line.spilledFrom, line.promptTokens], ['ptu', null, 0])
    })(),
  ])
  assert.equal(holding.status, 200)
  const onStandard = await call(sim, chatPath('standard'), ask('Hello'), {
    ...header('ptu'),
    'x-simulator-fault': '503',
  })
  assert.deepEqual([onStandard.status, onStandard.headers.get('x-ms-spillover-error')], [503, null])
  const responses = await call(
    sim,
    `/responses?api-version=2025-03-01-preview`,
    { model: 'ptu', input: 'Hello' },
    {
      ...header('standard'),
      'x-simulator-fault': '503;deployment=ptu',
    },
  )
  assert.deepEqual([responses.status, ...spillHeaders(responses.headers)], [200, 'standard', 'ptu', '503'])
})
