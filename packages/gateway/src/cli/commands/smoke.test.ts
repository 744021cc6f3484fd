/** The smoke test of a deployment: quiet where all is well, and a finding with what to do for each planted fault. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { globSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, type TestContext, test } from 'node:test'
import { closedPort } from '../../../../../test/support/ports.ts'
import { startRedis } from '../../../../../test/support/redis.ts'
import { eventually } from '../../../../../test/support/wait.ts'
import { startWorld, type World } from '../../../../../test/support/world.ts'
import { systemClock } from '../../clock.ts'
import type { ConfigInput } from '../../config/schema/index.ts'
import { startCollector } from '../../ledger/feeds/otlp/otlp.fixture.ts'
import { type Run, type RunOptions, run } from '../run.fixture.ts'
import type { StepFinding } from '../smoke/index.ts'
import { stepsTable } from '../smoke/steps.ts'

const page = readFileSync(new URL('../../../../../docs/smoke.md', import.meta.url), 'utf8')

interface Tried {
  readonly world: World
  readonly smoke: (args?: readonly string[], options?: RunOptions) => Promise<Run>
  /** Another command beside it. */
  readonly command: (...args: readonly string[]) => Promise<Run>
}

async function deployed(t: TestContext, change: (config: ConfigInput) => ConfigInput = same => same): Promise<Tried> {
  const world = await startWorld(t, { change, azure: { deployments: paced } })
  const here: RunOptions = {
    ...{ gateway: world.url, admin: world.house.admin?.url ?? '', clock: systemClock },
    token: given => world.token(given?.as ?? 'nobody'),
  }
  const who = ['--as', 'alice', '--reader', 'carol', '--workload', 'hr-bot']
  return {
    world,
    smoke: (args = [], options = {}) => run(['smoke', ...who, ...args], { ...here, ...options }),
    command: (...args) => run(args, here),
  }
}

const withFeeds =
  (directory: string, url: string) =>
  (config: ConfigInput): ConfigInput => ({
    ...config,
    feeds: {
      archive: { kind: 'files', directory, batch: { time: '1s' } },
      traces: { kind: 'otlp', url, batch: { time: '1s' } },
    },
  })

const archives = await mkdtemp(join(tmpdir(), 'gatehouse-smoke-'))
after(() => rm(archives, { recursive: true, force: true }))

/** Removed after all tests, when nothing writes into it any more. */
const archiveDirectory = (): Promise<string> => mkdtemp(join(archives, 'archive-'))

/** As fast as a quick model: a stream comes in pieces. */
const paced = { 'gpt-4o': { model: 'gpt-4o', tokensPerSecond: 400 } }

interface Report {
  readonly ok: boolean
  readonly findings: readonly StepFinding[]
  readonly requestIds: Readonly<Record<string, string>>
}

async function reported(running: Promise<Run>): Promise<Report> {
  const { code, out } = await running
  const report = JSON.parse(out) as Report
  assert.equal(code, report.ok ? 0 : 1)
  return report
}

const failuresOf = ({ findings }: Report): readonly string[] =>
  findings.flatMap(({ step, level, found, next }) => (level === 'failure' ? [`${step}: ${found} -> ${next}`] : []))

// Whoever deploys believes what this command says. Were a step green without looking, a broken feed would go live.
test('in a healthy deployment every step holds, and the calls are in the ledger, in the feed and traces', async t => {
  const collector = await startCollector(t)
  const archive = await archiveDirectory()
  const { world, smoke } = await deployed(t, withFeeds(archive, collector.url))
  const { code, out, err } = await smoke([], { json: true })
  assert.deepEqual([code, err], [0, ''], out)
  const { findings, requestIds } = JSON.parse(out) as Report
  // On a busy machine a stream may come in one piece, which is a note.
  const others = findings.filter(({ step }) => step !== 'stream')
  assert.deepEqual([...new Set(others.map(({ level }) => level))], ['ok'], out)
  assert.deepEqual(Object.keys(requestIds), ['call', 'stream', 'refusal'])
  const ids = Object.values(requestIds)
  const files = globSync('**/*.jsonl', { cwd: archive })
  const lines = files.map(file => readFileSync(join(archive, file), 'utf8')).join('')
  for (const id of ids) {
    assert.ok(lines.includes(id), `${id} is in the files`)
    assert.ok(collector.kept.some(({ traceId }) => traceId === id.replaceAll('-', '')))
  }
  assert.equal(world.one.bill().length + world.two.bill().length, 2)
  assert.doesNotMatch(out, /eyJ|mutex/)
})

test('without feeds it says so, and text for people has a line for each finding', async t => {
  const { smoke } = await deployed(t)
  const { code, out } = await smoke()
  assert.equal(code, 0)
  assert.match(out, /^✓ gateway {2}http:\/\/127\.0\.0\.1:\d+ is ready\.$/m)
  assert.match(out, /^✓ token {4}A token of the person alice@contoso\.example, for api:\/\/gatehouse\.$/m)
  assert.match(out, /^✓ refusal {2}a call without a token: 401 token_missing, record [0-9a-f-]{36}\.$/m)
  assert.match(out, /^· feeds {4}No feed ships records\.\n {11}→ None is needed\./m)
  assert.match(out, /\n\d+ ok, [23] notes, 0 warnings, 0 failures\n$/)
})

test('a fault is found at its step, with what to do, and later steps say that they were not tried', async t => {
  const { world, smoke } = await deployed(t, config => ({
    ...config,
    instances: mapped(config.instances, instance => ({ ...instance, credential: { key: 'a-key-that-is-wrong' } })),
  }))
  const wrongKey = await reported(smoke([], { json: true }))
  assert.match(failuresOf(wrongKey).join('\n'), /^call: credential_refused: .*-> Role assignments take up to ten min/m)
  const records = wrongKey.findings.filter(({ step }) => step === 'records')
  assert.deepEqual(
    records.map(({ level, found }) => [level, found]),
    [['note', 'Not tried: it needs call and stream.']],
  )

  const unbound = await reported(smoke(['--workload', 'code-assistant'], { json: true }))
  assert.match(failuresOf(unbound).join('\n'), /^call: caller_not_bound: .*-> Compare workloads\.NAME\.callers/m)

  const unknown = await reported(smoke(['--deployment', 'gpt-9'], { json: true }))
  assert.match(failuresOf(unknown).join('\n'), /^stream: deployment_not_allowed: .*--deployment NAME/m)

  const gateway = `http://127.0.0.1:${await closedPort()}`
  const away = await reported(smoke([], { json: true, gateway }))
  assert.match(failuresOf(away).join('\n'), /^gateway: gateway_unreachable: .*-> Is the gateway running/m)

  const audience = 'https://graph.microsoft.com'
  const token = () => world.entra.token({ as: 'alice', audience })
  assert.match(
    failuresOf(await reported(smoke([], { json: true, token }))).join('\n'),
    /^call: token_audience: .*-> Compare identity\.entra/m,
  )
})

test('what the reader may not read, and a feed that fails or is paused, are failures', async t => {
  const collector = await startCollector(t, response => response.writeHead(503).end())
  const { command, smoke } = await deployed(t, withFeeds(await archiveDirectory(), collector.url))
  const blind = await reported(smoke(['--reader', 'dave'], { json: true }))
  assert.match(failuresOf(blind).join('\n'), /^records: role_missing: .*-> Give the reader the role viewer or auditor/m)

  assert.equal((await command('feeds', 'pause', 'archive', '--as', 'bob')).code, 0)
  const isFailing = async () => ((await command('feeds', '--as', 'carol')).out.includes('503') ? true : null)
  await eventually('the collector has refused spans', isFailing)
  const behind = failuresOf(await reported(smoke(['--wait', '1'], { json: true }))).join('\n')
  assert.match(behind, /^feeds: files: it is paused\. -> gatehouse feeds resume archive$/m)
  assert.match(behind, /^spans: otlp: \w+, \d+ records waiting after 1 s\. .*503.* -> .*doctor --only feeds/m)
})

test('--calls-only looks for no records, and a gateway without a store says where they are', async t => {
  const redis = await startRedis(t)
  const archive = await archiveDirectory()
  const { smoke } = await deployed(t, config => ({
    ...config,
    ledger: { ...config.ledger, store: 'none' },
    redis: redis.section,
    feeds: { archive: { kind: 'files', directory: archive, batch: { time: '1s' } } },
  }))
  const { findings } = await reported(smoke([], { json: true }))
  const found = (step: string) =>
    findings.filter(one => one.step === step).map(({ level, found: text }) => [level, text])
  assert.deepEqual(
    found('records').map(([level]) => level),
    ['note'],
  )
  assert.match(String(found('records')[0]?.[1]), /ledger\.store: none/)
  assert.deepEqual(
    found('feeds').map(([level]) => level),
    ['ok'],
  )
  const alone = await run(['smoke', '--calls-only'], { gateway: 'http://127.0.0.1:9', json: true })
  const steps = (JSON.parse(alone.out) as Report).findings.map(({ step }) => step)
  assert.deepEqual([...new Set(steps)], ['gateway', 'token', 'call', 'stream', 'refusal'])
})

// A gateway that lets strangers in, or a proxy that answers in its place, must not pass.
test('what answers in the place of the gateway, and a call that is not refused, are failures', async t => {
  const answerIn =
    (headers: Record<string, string>): RequestListener =>
    (request, response) => {
      request.resume()
      const isReady = request.url === '/readyz'
      response.writeHead(200, { 'content-type': 'application/json', ...headers })
      response.end(JSON.stringify(isReady ? { status: 'ready' } : { choices: [], model: 'gpt-4o' }))
    }
  const { smoke } = await deployed(t)
  const foundAt = async (listener: RequestListener): Promise<string> => {
    const gateway = await listening(t, listener)
    return failuresOf(await reported(smoke(['--wait', '1'], { json: true, gateway }))).join('\n')
  }
  const id = '0199c0de-0000-7000-8000-000000000001'
  const open = await foundAt(answerIn({ 'x-gatehouse-request-id': id }))
  assert.match(open, /^refusal: a call without a token was answered with 200 .*-> Take the deployment off the network/m)
  const proxy = await foundAt(answerIn({}))
  assert.match(proxy, /^refusal: a call without a token was answered with 200 by something that is not the gateway/m)
  const stranger = await foundAt((request, response) => {
    request.resume()
    response.writeHead(200).end('<html>')
  })
  assert.match(stranger, /^gateway: .*\/readyz answered 200, and not as Gatehouse does/m)
})

test('the command line is refused where it cannot be meant', async () => {
  const untargeted = await run(['smoke', '--target', 'main'])
  assert.match(untargeted.err, /✗ workload_needed/)
  assert.equal(untargeted.code, 2)
  assert.equal((await run(['smoke', '--wait', '0'])).code, 2)
})

// An operator looks up what a step promises before trusting it.
test('docs/smoke.md has the table of the steps as they are', () => {
  const [, table = ''] = /<!-- steps: [^>]*-->\n\n([\s\S]*?)\n\n<!-- end of steps -->/.exec(page) ?? []
  assert.equal(table, stepsTable())
})

async function listening(t: TestContext, listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

function mapped<Value>(values: Readonly<Record<string, Value>>, change: (value: Value) => Value) {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, change(value)]))
}
