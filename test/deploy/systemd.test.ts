/** The unit in `deploy/systemd`, checked with systemd's own programs, and what it starts, run as it says. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { configSchema } from '../../packages/gateway/src/config/schema/index.ts'
import { temporaryDirectory } from '../support/directory.ts'
import { launcherOnOldNode, serveFile, startServedWorld } from '../support/served.ts'
import { ask, fastDeployments } from '../support/world.ts'

const folder = join(import.meta.dirname, '..', '..', 'deploy', 'systemd')
const unit = readFileSync(join(folder, 'gatehouse.service'), 'utf8')
const program = '/opt/gatehouse/current/node_modules/.bin/gatehouse'

/** The only value of a setting. */
function setting(name: string): string {
  const found = [...unit.matchAll(new RegExp(`^${name}=(.*)$`, 'gm'))].map(([, value = '']) => value)
  assert.equal(found.length, 1, `${name} is set once`)
  return found[0] ?? ''
}

/** The unit with a program that is on this machine: systemd refuses one that is not there. */
function installedUnit(): string {
  const directory = temporaryDirectory('unit')
  const path = join(directory, 'gatehouse.service')
  writeFileSync(
    path,
    unit.replace(program, () => '/bin/true'),
  )
  return path
}

function analyze(...args: readonly string[]): { status: number | null; output: string } {
  const { status, stdout, stderr, error } = spawnSync('systemd-analyze', args, { encoding: 'utf8' })
  if (error) throw new Error('systemd-analyze cannot be started (Debian: apt-get install systemd)', { cause: error })
  return { status, output: stdout + stderr }
}

test('systemd knows every setting of the unit', () => {
  assert.deepEqual(analyze('verify', installedUnit()), { status: 0, output: '' })
})

test('systemd rates the exposure of the unit at 2.0 of 10 or less', () => {
  const { status, output } = analyze('security', '--offline=true', '--no-pager', '--threshold=20', installedUnit())
  assert.equal(status, 0, output)
})

test('the account of the unit is one that the sysusers file makes', () => {
  const root = temporaryDirectory('sysusers')
  mkdirSync(join(root, 'etc'))
  const made = spawnSync('systemd-sysusers', [`--root=${root}`, join(folder, 'gatehouse.sysusers.conf')])
  assert.equal(made.status, 0, String(made.stderr))
  const account = readFileSync(join(root, 'etc', 'passwd'), 'utf8')
  assert.match(account, new RegExp(`^${setting('User')}:.*:/var/lib/${setting('StateDirectory')}:`))
})

test('systemd waits longer than the calls in flight may take to end', () => {
  const { timeouts } = configSchema.shape.gateway.parse({ listen: '127.0.0.1:0' })
  const endingsMs = 10_000
  assert.ok(Number(setting('TimeoutStopSec')) * 1_000 > timeouts.shutdownGrace + endingsMs)
})

// The command of the package starts a second process where the machine's own Node is too old, and systemd knows the
// first one alone.
test('the signals of the unit, sent to its main process, reload the gateway and end it after its calls', async t => {
  // Its answers take a second, so that the stop comes in the middle of one.
  const slow = { model: 'gpt-4o', tokensPerSecond: 40 }
  const world = await startServedWorld(t, { deployments: { ...fastDeployments, 'gpt-4o': slow } })
  const [started, ...args] = setting('ExecStart').split(' ')
  assert.equal(started, program)
  assert.deepEqual(args, ['serve', '--no-watch', '--config', '/etc/gatehouse/gatehouse.yaml'])
  const served = await serveFile(t, world.configFile, world.directory, { command: launcherOnOldNode })
  const signal = /^\/bin\/kill -(\w+) \$MAINPID$/.exec(setting('ExecReload'))?.[1]
  assert.equal(signal, 'HUP')
  await world.write({ ...world.config, log: { level: 'info' } })
  served.process.kill('SIGHUP')
  await served.logged('configuration_taken')
  const answer = await fetch(`${served.url}/main/hr-bot/openai/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${await world.token('alice')}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'gpt-4o', messages: ask('Hello'), stream: true }),
  })
  const stopped = served.stop()
  assert.match(await answer.text(), /data: \[DONE\]/)
  assert.equal(await stopped, 0)
})
