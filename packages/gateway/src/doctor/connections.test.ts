import assert from 'node:assert/strict'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { type TestContext, test } from 'node:test'
import { closedPort } from '../../../../test/support/ports.ts'
import { eventually } from '../../../../test/support/wait.ts'
import { loadConfig } from '../config/load.ts'
import type { ConfigInput } from '../config/schema/index.ts'
import { type LogLine, logTo } from '../log.fixture.ts'
import { Connections } from './connections.ts'
import { runCheck, subjectOf } from './diagnose.ts'
import { type Change, type Surroundings, startSurroundings, withInstance } from './doctor.fixture.ts'
import type { CheckName } from './index.ts'

interface Watched {
  readonly connections: Connections
  readonly lines: readonly LogLine[]
  /** What `/readyz` says last. */
  readonly noted: Readonly<Record<string, string>>
  /** Waits until the checks have ended so many times. */
  checked(times: number): Promise<readonly LogLine[]>
}

async function watch(t: TestContext, place: Surroundings, change: Change): Promise<Watched> {
  await writeFile(place.file, JSON.stringify(change(place.healthy)))
  const lines: LogLine[] = []
  const state = { noted: {} }
  const house = {
    redisUp: null,
    note(surroundings: Readonly<Record<string, string>>) {
      state.noted = surroundings
    },
  }
  const connections = new Connections({
    ...{ house, againMs: 20 },
    // The identity of this place is not that of the environment.
    async examine({ loaded, names }, found) {
      const subject = subjectOf(loaded, { appService: place.entra.managedIdentity })
      const run = async (name: CheckName): Promise<void> =>
        found({ name, findings: await runCheck(name, subject, 30_000) })
      await Promise.all(names.map(run))
    },
    loaded: await loadConfig(place.file, place.env),
    log: logTo(line => lines.push(line)),
  })
  t.after(() => connections.stop())
  return {
    ...{ connections, lines },
    get noted() {
      return state.noted
    },
    async checked(times) {
      const ends = (): readonly LogLine[] => lines.filter(({ event }) => event === 'connections_checked')
      await eventually('the checks have ended', () => (ends().length >= times ? true : null))
      return lines.filter(({ event }) => event !== 'connections_checked')
    },
  }
}

const said = (lines: readonly LogLine[]): readonly unknown[] =>
  lines.map(({ level, fields, event }) => [level, event, fields['instance'] ?? fields['tenant'] ?? fields['feed']])

test('a gateway that can reach everything says so in one line, and in numbers for /readyz', async t => {
  const place = await startSurroundings(t)
  const watched = await watch(t, place, config => config)
  assert.deepEqual(said(await watched.checked(1)), [])
  assert.deepEqual(watched.lines.at(-1), { level: 'info', fields: { failures: 0 }, event: 'connections_checked' })
  assert.deepEqual(watched.noted, { keys: '1 of 1 read', instances: '2 of 2 answered', credentials: '2 of 2 accepted' })
})

const otherTenant = '7a7c3b0e-0000-4000-8000-000000000001'

function withFaults(port: number): Change {
  return config => {
    const broken = withInstance({ endpoint: `http://127.0.0.1:${port}` })(config)
    const [first, second] = Object.keys(broken.instances)
    assert.ok(first !== undefined && second !== undefined)
    const two = broken.instances[second]
    assert.ok(two !== undefined)
    const { entra } = broken.identity
    return {
      ...broken,
      identity: { entra: { ...entra, tenants: [...entra.tenants, otherTenant] } },
      instances: { ...broken.instances, [second]: { ...two, credential: { key: 'a-key-of-another-resource' } } },
      feeds: {
        archive: { kind: 'files', directory: '/proc/none/archive' } as NonNullable<ConfigInput['feeds']>[string],
      },
    }
  }
}

// With a wrong tenant, no identity and wrong endpoints the gateway was "ready", and its log was silent until a client
// called.
test('each thing that cannot be reached has one line that says what was found and what to do', async t => {
  const place = await startSurroundings(t)
  const watched = await watch(t, place, withFaults(await closedPort()))
  const lines = await watched.checked(3)
  assert.deepEqual(said(lines).toSorted(), [
    ['warn', 'credential_unavailable', 'dev-openai-instance-2'],
    ['warn', 'feed_unreachable', 'archive'],
    ['warn', 'instance_unreachable', 'dev-openai-instance-1'],
    ['warn', 'keys_unavailable', otherTenant],
  ])
  for (const { fields } of lines) {
    assert.ok(String(fields['found']).length > 10)
    assert.ok(String(fields['next']).length > 10)
  }
  assert.doesNotMatch(JSON.stringify(watched.lines), /a-key-of-another-resource/)
  assert.deepEqual(watched.noted, {
    ...{ keys: '1 of 2 read', instances: '1 of 2 answered', credentials: '0 of 2 accepted' },
    feeds: '0 of 1 reached',
  })
})

test('what fails is checked again until it works, and a changed configuration is checked at once', async t => {
  const place = await startSurroundings(t)
  const port = await closedPort()
  const watched = await watch(t, place, withInstance({ endpoint: `http://127.0.0.1:${port}` }))
  await watched.checked(1)
  const started = createServer((_, response) => response.writeHead(404).end()).listen(port, '127.0.0.1')
  await once(started, 'listening')
  t.after(() => {
    started.closeAllConnections()
    started.close()
  })
  await eventually('the credential was tried', () => (watched.noted['instances'] === '2 of 2 answered' ? true : null))
  const [first = '', second] = said(watched.lines.filter(({ event }) => /^instance_/.test(event)))
  assert.deepEqual(
    [first, second],
    [
      ['warn', 'instance_unreachable', 'dev-openai-instance-1'],
      ['info', 'instance_reachable', 'dev-openai-instance-1'],
    ],
  )
  await writeFile(place.file, JSON.stringify(place.healthy))
  watched.connections.use((await loadConfig(place.file, place.env)).config)
  await eventually('all is well', () => (watched.noted['credentials'] === '2 of 2 accepted' ? true : null))
})
