/**
 * The container of the chart as a process of this machine: its command, its environment and its configuration, with
 * paths, ports and addresses of this run.
 */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { compileCache } from '../../support/compile-cache.ts'
import { closedPort } from '../../support/ports.ts'
import { type ServedWorld, startServedWorld } from '../../support/served.ts'
import { eventually } from '../../support/wait.ts'
import { ask, instanceKey } from '../../support/world.ts'
import { instruction, ownCommand } from '../dockerfile.ts'
import { at, configText, listAt, numberAt, readManifests, renderedFile, textAt } from './manifests.ts'

const manifests = readManifests(readFileSync(renderedFile('minimal'), 'utf8'))
const set = manifests.find(({ kind }) => kind === 'StatefulSet')
const container = at(set, 'spec', 'template', 'spec', 'containers', 0)
const podName = `${textAt(set, 'metadata', 'name')}-0`

/** The environment as Kubernetes makes it. */
function environment(): Record<string, string> {
  return Object.fromEntries(
    listAt(container, 'env').map(one => {
      const field = textAt(one, 'valueFrom', 'fieldRef', 'fieldPath')
      assert.ok(field === '' || field === 'metadata.name', field)
      return [textAt(one, 'name'), field === '' ? textAt(one, 'value') : podName]
    }),
  )
}

/** Writes what Kubernetes mounts. @returns the configuration file. */
function mount(world: ServedWorld, ports: { readonly http: number; readonly admin: number }): string {
  const secrets = join(world.directory, 'secrets')
  const file = join(world.directory, 'mounted.yaml')
  mkdirSync(secrets)
  writeFileSync(join(secrets, 'instance-key'), instanceKey)
  const here: Readonly<Record<string, string>> = {
    '0.0.0.0:8080': `127.0.0.1:${ports.http}`,
    '0.0.0.0:8081': `127.0.0.1:${ports.admin}`,
    'http://127.0.0.1:8082': world.entra.url,
    'http://127.0.0.1:8083': world.one.url,
    '/var/lib/gatehouse': join(world.directory, 'journal'),
    '/run/secrets/gatehouse': secrets,
  }
  let config = configText(manifests)
  for (const [there, value] of Object.entries(here)) {
    assert.ok(config.includes(there), `the configuration has ${there}`)
    config = config.replaceAll(there, value)
  }
  writeFileSync(file, config)
  return file
}

test("the chart's container starts, passes its probes, serves a call under the name of its pod, and ends with SIGTERM", async t => {
  const world = await startServedWorld(t)
  const ports = { http: await closedPort(), admin: await closedPort() }
  const file = mount(world, ports)
  const command = ownCommand([...instruction('ENTRYPOINT'), ...listAt(container, 'args').map(String)])
  const [program = '', ...args] = command.map(arg => arg.replace('/etc/gatehouse/gatehouse.yaml', file))
  const child = spawn(program, args, {
    cwd: world.directory,
    env: { ...compileCache, PATH: process.env['PATH'], ...environment() },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const said = text(child.stderr)
  const ended = once(child, 'close')
  t.after(async () => {
    child.kill('SIGKILL')
    await ended
  })
  const numbers = new Map(listAt(container, 'ports').map(one => [textAt(one, 'name'), numberAt(one, 'containerPort')]))
  assert.deepEqual(
    [...numbers],
    [
      ['http', 8080],
      ['admin', 8081],
    ],
  )
  for (const probe of ['startupProbe', 'livenessProbe', 'readinessProbe']) {
    const { path, port } = {
      path: textAt(container, probe, 'httpGet', 'path'),
      port: textAt(container, probe, 'httpGet', 'port'),
    }
    assert.equal(port, 'http')
    await eventually(
      `${probe} passes`,
      async () => {
        if (child.exitCode !== null) throw new Error(await said)
        const answer = await fetch(`http://127.0.0.1:${ports.http}${path}`).catch(() => null)
        return answer?.status === 200 ? true : null
      },
      60_000,
    )
  }

  const answer = await fetch(`http://127.0.0.1:${ports.http}/one/hr-bot/openai/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${await world.token('alice')}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'gpt-4o', messages: ask('Hello') }),
  })
  assert.equal(answer.status, 200, await answer.text())
  const authorization = `Bearer ${await world.token('carol')}`
  const replica = await eventually('the record is in the store', async () => {
    const read = await fetch(`http://127.0.0.1:${ports.admin}/api/v1/records`, { headers: { authorization } })
    assert.equal(read.status, 200)
    const { records } = (await read.json()) as { records: { replica: string }[] }
    return records[0]?.replica ?? null
  })
  assert.equal(replica, podName)

  child.kill('SIGTERM')
  await ended
  assert.equal(child.exitCode, 0, await said)
})

test('the command before SIGTERM waits as long as the values say, and needs no shell', () => {
  const command = listAt(container, 'lifecycle', 'preStop', 'exec', 'command').map(String)
  assert.deepEqual(command, ['/opt/gatehouse/node', '-e', 'setTimeout(() => {}, 10000)'])
})
