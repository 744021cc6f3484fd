/** The log of a running gateway, as the process that keeps its lines gets them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ConfigInput } from '../../packages/gateway/src/config/schema/index.ts'
import { named } from '../support/limited.ts'
import { type RawAnswer, send } from '../support/raw.ts'
import { type Served, startServedWorld } from '../support/served.ts'
import { eventually } from '../support/wait.ts'
import { apiVersion, ask } from '../support/world.ts'

type Line = Readonly<Record<string, unknown>>

const target = `/main/hr-bot/openai/deployments/gpt-4o/chat/completions?api-version=${apiVersion}`
const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
const body = JSON.stringify({ messages: ask('How many days of leave do I have?') })

function call(served: Served, token: string | null, at = target): Promise<RawAnswer> {
  const bearer = token === null ? [] : [['authorization', `Bearer ${token}`] as const]
  const trace = ['traceparent', `00-${traceId}-00f067aa0ba902b7-01`] as const
  return send(served.url, { target: at, headers: [...bearer, ['content-type', 'application/json'], trace], body })
}

function instance({ instances }: ConfigInput): ConfigInput['instances'][string] {
  const first = Object.values(instances)[0]
  assert.ok(first !== undefined)
  return first
}

const idOf = ({ headers }: RawAnswer): string => String(headers['x-gatehouse-request-id'])
const of = (served: Served, msg: string, id: string): Line | null =>
  served.log.find(line => line['msg'] === msg && line['requestId'] === id) ?? null

// Support gets a request id from a caller, and has to find what became of the call.
test('every exchange has one access line under the request id of its answer, and a failure has its line there too', async t => {
  const world = await startServedWorld(t, {
    change: config => ({
      ...config,
      log: { level: 'info', format: 'json', access: true },
      instances: { ...config.instances, dead: { ...instance(config), endpoint: 'http://127.0.0.1:9' } },
      workloads: {
        ...config.workloads,
        'hr-bot': { ...named(config, 'hr-bot'), targets: ['main', 'dead'], traceContext: 'continue' },
      },
    }),
  })
  const served = await world.serve()
  const token = await world.token('alice')
  const answers = [
    await call(served, token),
    await call(served, token, target.replace('hr-bot', 'code-assistant')),
    await call(served, null),
    await call(served, token, target.replace('main', 'dead')),
  ]
  const lines = await Promise.all(
    answers.map(answer => eventually('it has ended', () => of(served, 'call_ended', idOf(answer)))),
  )
  assert.deepEqual(
    lines.map(({ status, outcome, workload, operation }) => [status, outcome, workload, operation]),
    [
      [200, 'completed', 'hr-bot', 'chat/completions'],
      [403, 'refused', null, 'chat/completions'],
      [401, 'refused', null, 'chat/completions'],
      [502, 'failed', 'hr-bot', 'chat/completions'],
    ],
  )
  const [served200, , stranger, failed] = lines
  assert.match(String(served200?.['caller']), /^user:[0-9a-f-]{36}\/[0-9a-f-]{36}$/)
  assert.ok(Number(served200?.['promptTokens']) > 0 && Number(served200?.['cost']) > 0)
  assert.equal(stranger?.['caller'], null)
  const reason = of(served, 'backend_failed', String(failed?.['requestId']))
  assert.deepEqual([failed?.['traceId'], reason?.['traceId'], stranger?.['traceId']], [traceId, traceId, undefined])
  assert.equal(served.log.filter(({ msg }) => msg === 'call_ended').length, answers.length)
})

test('a level that an operator has set shows refusals, and ends with the next reading of the configuration', async t => {
  const world = await startServedWorld(t, { change: config => ({ ...config, log: { level: 'info' } }) })
  const served = await world.serve()
  const admin = async (path: string, method = 'POST'): Promise<Line> => {
    const headers = { authorization: `Bearer ${await world.token('bob')}` }
    return (await (await fetch(`${served.adminUrl}${path}`, { method, headers })).json()) as Line
  }
  const quiet = idOf(await call(served, null))
  const set = await admin('/api/v1/log/level?level=debug&seconds=600')
  assert.deepEqual([set['level'], set['configured']], ['debug', 'info'])
  const loud = idOf(await call(served, null))
  const line = await eventually('the refusal is logged', () => of(served, 'refused', loud))
  assert.deepEqual([line['level'], line['code']], ['debug', 'token_missing'])
  assert.equal(of(served, 'refused', quiet), null)
  await world.write({ ...world.config, log: { level: 'warn' } })
  served.process.kill('SIGHUP')
  const reset = await served.logged('log_level_reset')
  assert.deepEqual([reset['why'], reset['audit']], ['reload', true])
  const state = await admin('/api/v1/log', 'GET')
  assert.deepEqual([state['level'], state['configured'], state['untilMs']], ['warn', 'warn', null])
})
