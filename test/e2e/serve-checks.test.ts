/** What `gatehouse serve` says at its start and after a change, as an operator reads it: the log, and `/readyz`. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { ConfigInput } from '../../packages/gateway/src/config/schema/index.ts'
import { version } from '../../packages/gateway/src/version.ts'
import { compileCache } from '../support/compile-cache.ts'
import { closedPort } from '../support/ports.ts'
import { startServedWorld } from '../support/served.ts'
import { eventually } from '../support/wait.ts'
import { instanceKey } from '../support/world.ts'

const main = fileURLToPath(new URL('../../packages/gateway/src/cli/main.ts', import.meta.url))

interface Readyz {
  readonly status: string
  readonly checks: Readonly<Record<string, unknown>>
}

async function readyz(url: string): Promise<readonly [number, Readyz]> {
  const answer = await fetch(`${url}/readyz`)
  return [answer.status, (await answer.json()) as Readyz]
}

/** The second instance is away, and there is a Redis that nobody runs. */
async function brokenWorld(t: Parameters<typeof startServedWorld>[0]) {
  const [away, redis] = [await closedPort(), await closedPort()]
  const change = (config: ConfigInput): ConfigInput => {
    const two = config.instances['dev-openai-instance-2']
    assert.ok(two)
    const instances = { ...config.instances, 'dev-openai-instance-2': { ...two, endpoint: `http://127.0.0.1:${away}` } }
    return { ...config, instances, redis: { url: `redis://127.0.0.1:${redis}` } }
  }
  return startServedWorld(t, { change })
}

// With wrong endpoints the gateway said "ready", and the first client found out.
test('serve takes calls at once, says what it cannot reach, and stays ready', async t => {
  const world = await brokenWorld(t)
  const served = await world.serve()
  const ready = await served.logged('ready')
  assert.deepEqual(
    [ready['version'], ready['configuration'], ready['ledger'], ready['limits'], ready['workloads']],
    [version, world.configFile, `${world.directory}/ledger`, 'memory', 3],
  )
  const unreachable = await served.logged('instance_unreachable')
  assert.equal(unreachable['instance'], 'dev-openai-instance-2')
  assert.match(String(unreachable['found']), /nothing listens there/)
  assert.match(String(unreachable['next']), /instances\.dev-openai-instance-2\.endpoint/)
  const warned = served.log.filter(({ level }) => level === 'warn').map(({ msg }) => msg)
  assert.deepEqual(warned.toSorted(), ['instance_unreachable', 'redis_down'], 'one line each')
  const [status, { status: said, checks }] = await readyz(served.url)
  assert.deepEqual([status, said], [200, 'ready'])
  const { redis, ...others } = checks
  assert.match(String(redis), /^down since 20\d\d-/)
  assert.deepEqual(others, {
    ...{ accepting: true, ledger: true },
    ...{ keys: '1 of 1 read', instances: '1 of 2 answered', credentials: '1 of 2 accepted' },
  })
  assert.equal(JSON.stringify(checks).includes('dev-openai'), false, 'readyz is open to everyone')
  assert.equal(await served.stop(), 0)
})

test('a changed configuration is logged with what changed, and a wrong one with its file and what stays', async t => {
  const world = await startServedWorld(t)
  const served = await world.serve()
  const { workloads } = world.config
  const hrBot = workloads['hr-bot']
  assert.ok(hrBot)
  await world.write({
    ...world.config,
    workloads: { ...workloads, 'hr-bot': { ...hrBot, limits: { tokensPerDay: 9 } } },
  })
  served.process.kill('SIGHUP')
  assert.deepEqual((await served.logged('configuration_taken'))['changed'], ['workloads.hr-bot.limits'])
  await world.write({ ...world.config, workloads: { ...workloads, 'hr-bot': { ...hrBot, targets: ['nowhere'] } } })
  served.process.kill('SIGHUP')
  const refused = await served.logged('configuration_refused')
  assert.deepEqual([refused['file'], refused['effect']], [world.configFile, 'the earlier configuration goes on'])
  await eventually('the changed configuration was checked', () =>
    served.log.filter(({ msg }) => msg === 'connections_checked').length === 2 ? true : null,
  )
})

test('config check --connect makes the same checks by hand, and fails where serve would warn', async t => {
  const world = await brokenWorld(t)
  const run = (...more: readonly string[]) =>
    promisify(execFile)(
      process.execPath,
      [main, 'config', 'check', '--config', world.configFile, '--connect', ...more],
      {
        env: { ...compileCache, HOME: world.directory, INSTANCE_KEY: instanceKey },
      },
    ).then(
      ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
      ({ code, stdout, stderr }: { code: number; stdout: string; stderr: string }) => ({ code, stdout, stderr }),
    )
  const { code, stdout, stderr } = await run()
  assert.equal(code, 1, stderr)
  assert.match(stdout, /is valid/)
  assert.match(stdout, /^✗ instances\s+dev-openai-instance-2 .*nothing listens there/m)
  assert.match(stdout, /^✗ redis .*nothing listens there/m)
  assert.match(stdout, /^✓ sign-in /m)
  assert.match(stderr, /connections_failed/)
  const json = JSON.parse((await run('--json')).stdout) as { ok: boolean; connections: { findings: object[] } }
  assert.deepEqual([json.ok, json.connections.findings.length > 4], [false, true])
  await world.write((await startServedWorld(t)).config)
  const healthy = await run()
  assert.deepEqual([healthy.code, /^✗/m.test(healthy.stdout)], [0, false], healthy.stdout)
})
