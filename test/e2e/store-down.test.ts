/** What an operator sees while the limits' store is down: readyz, metrics, the report. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { limitsAnswer } from '../../packages/gateway/src/admin/house-schemas.ts'
import type { ConfigInput } from '../../packages/gateway/src/config/schema/index.ts'
import { startRedis } from '../support/redis.ts'
import { eventually } from '../support/wait.ts'
import { ask, startWorld } from '../support/world.ts'

type WhenDown = NonNullable<NonNullable<ConfigInput['limits']>['whenStoreIsDown']>

/** Workload hr-bot has a limit; code-assistant only if `throughout`. */
async function start(t: TestContext, whenStoreIsDown: WhenDown, throughout: boolean) {
  const redis = await startRedis(t)
  const world = await startWorld(t, {
    change(config) {
      const { 'hr-bot': hrBot, 'code-assistant': codeAssistant } = config.workloads
      if (hrBot === undefined || codeAssistant === undefined)
        throw new TypeError('the demonstration has other workloads')
      const limits = { requestsPerMinute: 1_000 }
      const workloads = {
        'hr-bot': { ...hrBot, limits },
        'code-assistant': throughout ? { ...codeAssistant, limits } : codeAssistant,
      }
      return { ...config, workloads, redis: redis.section, limits: { store: 'redis', whenStoreIsDown } }
    },
  })
  const admin = async (path: string): Promise<string> => {
    const headers = { authorization: `Bearer ${await world.token('carol')}` }
    return (await fetch(`${world.house.admin?.url}${path}`, { headers })).text()
  }
  return {
    redis,
    admin,
    async readiness() {
      const answer = await fetch(`${world.url}/readyz`)
      const { limits } = (await answer.json()) as { limits: string }
      return [answer.status, limits]
    },
    async chat(workload: string): Promise<Response> {
      const path = `/main/${workload}/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21`
      const headers = { authorization: `Bearer ${await world.token('carol')}`, 'content-type': 'application/json' }
      const answer = await fetch(world.url + path, {
        method: 'POST',
        headers,
        body: JSON.stringify({ messages: ask('What is a mutex?'), max_tokens: 5 }),
      })
      await answer.arrayBuffer()
      return answer
    },
    async metric(series: string): Promise<number | null> {
      const line = (await admin('/metrics')).split('\n').find(one => one.startsWith(`${series} `))
      return line === undefined ? null : Number(line.slice(series.length))
    },
  }
}

type Down = Awaited<ReturnType<typeof start>>

async function report({ admin }: Down) {
  return limitsAnswer.parse(JSON.parse(await admin('/api/v1/limits')))
}

// A limit that silently does not hold is worse than none: every page that an operator opens must show it.
for (const [whenDown, throughout, status] of [
  ['refuse', false, 200],
  ['refuse', true, 503],
  ['local', true, 200],
  ['allow', true, 200],
] as const) {
  test(`P7 a store that is down shows: ${whenDown}, ${throughout ? 'limits on all' : 'limits on some'}`, async t => {
    const house = await start(t, whenDown, throughout)
    assert.equal((await house.chat('hr-bot')).status, 200)
    assert.deepEqual(await house.readiness(), [200, 'ok'])
    assert.deepEqual(
      [await house.metric('gatehouse_limits_store_up{store="redis"}'), await house.metric('gatehouse_redis_up')],
      [1, 1],
    )

    await house.redis.kill()
    await eventually('it is found down', async () => {
      await house.chat('hr-bot')
      return (await house.readiness())[1] === whenDown || null
    })
    assert.deepEqual(await house.readiness(), [status, whenDown])
    const limited = await house.chat('hr-bot')
    const free = await house.chat('code-assistant')
    if (whenDown === 'refuse') {
      assert.deepEqual([limited.status, limited.headers.get('x-gatehouse-refusal')], [503, 'limits_unavailable'])
      assert.equal(free.status, throughout ? 503 : 200)
    } else {
      assert.deepEqual([limited.status, free.status], [200, 200])
      assert.equal(limited.headers.get('x-gatehouse-limits'), whenDown)
    }
    const { store, state, downSinceMs } = await report(house)
    assert.deepEqual([store, state], ['redis', whenDown])
    assert.ok(downSinceMs !== null && downSinceMs <= Date.now())
    assert.equal(await house.metric('gatehouse_limits_store_up{store="redis"}'), 0)
    assert.ok(((await house.metric(`gatehouse_limits_without_store_total{mode="${whenDown}"}`)) ?? 0) > 0)

    await house.redis.start()
    await eventually('it is back', async () => ((await house.readiness())[1] === 'ok' ? true : null))
    assert.equal((await house.chat('hr-bot')).status, 200)
    assert.equal((await report(house)).downSinceMs, null)
    assert.ok(((await house.metric('gatehouse_limits_store_answer_seconds_count')) ?? 0) > 0)
  })
}
