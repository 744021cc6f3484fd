import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startHouse } from './house.fixture.ts'
import { runningHouse } from './running.fixture.ts'

const level = '/api/v1/log/level'

test('operators change the level of the log for a while, each change is audited, and nobody else may', async t => {
  const { send, logged, running } = await startHouse(t)
  assert.equal((await send(`${level}?level=debug`, { method: 'POST', as: 'bob' })).status, 403)
  const set = await send(`${level}?level=debug&seconds=60`, { method: 'POST', as: 'alice' })
  const { level: now, configured, untilMs } = set.json as { level: string; configured: string; untilMs: number }
  assert.deepEqual([set.status, now, configured], [200, 'debug', 'info'])
  assert.equal(untilMs, running.levels?.state.untilMs)
  const shown = await send('/api/v1/log', { as: 'bob' })
  assert.deepEqual([shown.status, shown.json], [200, set.json])
  const reset = await send('/api/v1/log/reset', { method: 'POST', as: 'alice' })
  assert.deepEqual(reset.json, {
    ...{ level: 'info', configured: 'info', untilMs: null, format: 'json', access: false },
  })
  assert.deepEqual(
    logged.map(({ event, fields: { audit, level, seconds } }) => [event, audit, level, seconds]),
    [
      ['admin_refused', true, undefined, undefined],
      ['log_level_set', true, 'debug', 60],
      ['log_level_reset', true, 'info', undefined],
    ],
  )
})

test('a wrong level or time is refused with what is allowed, and changes nothing', async t => {
  const { send, logged } = await startHouse(t)
  const wrong = [
    ['level=silent', 'level', /one of debug, info, warn, error/],
    ['', 'level', /is needed/],
    ['level=debug&seconds=0', 'seconds', /at least 1/],
    ['level=debug&seconds=86401', 'seconds', /a day/],
    ['level=debug&seconds=soon', 'seconds', /whole number/],
  ] as const
  for (const [query, param, message] of wrong) {
    const answer = await send(`${level}?${query}`, { method: 'POST', as: 'alice' })
    const { error } = answer.json as { error: { param: string; message: string } }
    assert.deepEqual([answer.status, error.param], [400, param], query)
    assert.match(error.message, message)
  }
  assert.deepEqual(logged, [])
})

test('a process that writes to a log of the program around it says so', async t => {
  const house = { ...runningHouse({ instances: {}, pools: {}, workloads: {} }), levels: null }
  const { send } = await startHouse(t, { house })
  const answer = await send(`${level}?level=debug`, { method: 'POST', as: 'alice' })
  assert.equal(answer.status, 501)
  assert.match(answer.text, /log_not_own/)
})
