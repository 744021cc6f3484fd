import assert from 'node:assert/strict'
import { Agent } from 'node:http'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { RecordRow } from '../../packages/gateway/src/ledger/record.ts'
import { settledRecords } from '../support/records.ts'
import { mountSmallDisk, type SmallDisk } from '../support/small-disk.ts'
import { eventually } from '../support/wait.ts'
import { startWorld, type World } from '../support/world.ts'
import { matching } from './audit.ts'
import { spawnGateway, startGateway, startSurroundings, tokensOf } from './child.ts'
import { type Client, type Seen, send } from './client.ts'
import { type Plan, plain } from './plans.ts'
import { chaosConfig, chaosDeployments, lastFirst, warmUp } from './world.ts'

const diskMegabytes = 48

// A full disk must neither allow free, untraceable use of the models nor cause an outage that needs a restart.
test('P1 on a full disk calls are refused, those in flight end and are recorded, and calls pass again once there is space', async t => {
  const { disk, world, client, call, startStreams } = await onSmallDisk(t, 'refuse')
  const before = await Promise.all(Array.from({ length: 8 }, () => call()))
  const streams = await startStreams(6)
  await disk.fill()

  const during: Seen[] = []
  await eventually('calls are refused', async () => {
    during.push(await call())
    return during.at(-1)?.refusal === null ? null : true
  })
  during.push(...(await Promise.all(Array.from({ length: 8 }, () => call()))))
  const refused = during.filter(one => one.refusal !== null)
  for (const one of refused) assert.deepEqual([one.status, one.refusal], [503, 'ledger_unwritable'])
  assert.ok(refused.length >= 8, 'with no space left, no call passes')
  assert.equal((await fetch(`${client.url}/readyz`)).status, 503)
  const ended = await Promise.all(streams)
  assert.deepEqual(new Set(ended.map(one => one.ended)), new Set(['whole']), 'an admitted call is answered to its end')
  assert.ok(
    ended.every(one => one.body.length > 2 * 65_536),
    'the answers are longer than what is buffered before a write',
  )

  await disk.empty()
  const after: Seen[] = []
  await eventually('calls pass again', async () => {
    after.push(await call())
    return after.at(-1)?.refusal === null ? true : null
  })
  assert.equal((await fetch(`${client.url}/readyz`)).status, 200)
  const rows = await settledRecords(world.house)
  assert.deepEqual([...matching(rows, bill(world))], [])
  for (const one of [...before, ...during, ...ended, ...after]) assertRecord(rows, one)
  const billed = new Map(bill(world).map(line => [line.gatehouseRequestId, line]))
  for (const one of ended) {
    const kept = await world.house.ledger.bodies(one.id ?? '')
    assert.ok((kept?.response?.length ?? 0) >= one.body.length, 'an answer that came while the disk was full is stored')
    const { usage } = rows.find(row => row.id === one.id) ?? {}
    assert.equal(usage?.completionTokens, billed.get(one.id)?.completionTokens)
  }
  const sources = ended.map(one => rows.find(row => row.id === one.id)?.usage.source)
  assert.deepEqual(new Set(sources), new Set(['reported', 'counted']))
})

// If the operator prefers answers to records, a full disk must stop no call, and must not go unnoticed.
test('P1 on a full disk calls proceed and are counted as lost if the configuration says so', async t => {
  const { disk, world, call } = await onSmallDisk(t, 'continue')
  await Promise.all(Array.from({ length: 4 }, () => call()))
  await disk.fill()
  await eventually('the journal accepts no more writes', async () => {
    assert.equal((await call()).status, 200)
    return world.house.ledger.journal.writable ? null : true
  })
  const lostBefore = world.house.recordsLost
  const during = await Promise.all(Array.from({ length: 10 }, (_, at) => call(at < 2 ? unreported : {})))
  assert.deepEqual(new Set(during.map(one => `${one.status} ${one.ended}`)), new Set(['200 whole']))
  await eventually('all ten are counted', () => (world.house.recordsLost >= lostBefore + 10 ? true : null))
  assert.equal(world.house.recordsLost, lostBefore + 10, 'each is counted once')

  await disk.empty()
  await eventually('the journal can be written again', () => (world.house.ledger.journal.writable ? true : null))
  const lost = world.house.recordsLost
  const after = await Promise.all(Array.from({ length: 4 }, () => call()))
  const rows = await settledRecords(world.house)
  for (const one of after) assertRecord(rows, one)
  assert.equal(world.house.recordsLost, lost)
  const doubled = [...matching(rows, bill(world))].filter(fault => !fault.includes('billed and not recorded'))
  assert.deepEqual(doubled, [])
})

// Two processes that write one ledger would destroy it; an operator who starts a second one must learn why it does not
// run.
test('P1 a ledger that is in use or not writable is reported with what to do and ends the start', async t => {
  const scope = lastFirst(t)
  const around = await startSurroundings(scope)
  await startGateway(scope, around)
  const second = spawnGateway(scope, around)
  assert.deepEqual(await second.exited, { code: 1, signal: null })
  assert.match(failureOf(second.lines), /^✗ ledger_in_use .*\n {2}Try: .+$/)

  const below = await startSurroundings(scope, { ledgerDirectory: join(around.configFile, 'ledger') })
  const third = spawnGateway(scope, below)
  assert.deepEqual(await third.exited, { code: 1, signal: null })
  assert.match(failureOf(third.lines), /^✗ ledger_directory .*\n {2}Try: .+$/)
})

interface OnSmallDisk {
  readonly disk: SmallDisk
  readonly world: World
  readonly client: Client
  call(change?: Partial<Plan>): Promise<Seen>
  /**
   * Begins streams and waits until their backends are in the middle of the answer; they continue half a second later.
   */
  startStreams(count: number): Promise<Promise<Seen>[]>
}

async function onSmallDisk(t: TestContext, whenUnwritable: 'refuse' | 'continue'): Promise<OnSmallDisk> {
  const scope = lastFirst(t)
  const disk = await mountSmallDisk(scope, diskMegabytes)
  const world = await startWorld(scope, {
    azure: { deployments: chaosDeployments, seed: 7 },
    change: config => ({
      ...chaosConfig(config),
      ledger: { directory: join(disk.directory, 'ledger'), whenUnwritable },
    }),
  })
  await warmUp([world.one, world.two])
  const client: Client = { url: world.url, agent: new Agent({ keepAlive: true }), tokens: await tokensOf(world.entra) }
  scope.after(() => client.agent.destroy())
  let calls = 0
  const call = (change: Partial<Plan> = {}): Promise<Seen> => {
    calls += 1
    return send(client, { ...plain(`disk/${calls}`), ...change })
  }
  const stalls = { 'x-simulator-fault': 'stall;after=40;ms=1000' }
  return {
    disk,
    world,
    client,
    call,
    async startStreams(count) {
      const billed = bill(world).length
      const streams = Array.from({ length: count }, (_, at) =>
        call({ ...(at % 2 === 0 ? long : unreported), headers: stalls }),
      )
      await eventually('the streams are in flight', () => {
        const lines = bill(world).slice(billed)
        return lines.length === count && lines.every(line => line.completionTokens > 10) ? true : null
      })
      return streams
    },
  }
}

const longChat = JSON.stringify({
  model: 'gpt-4o',
  stream: true,
  n: 8,
  messages: [{ role: 'user', content: 'Write a detailed guide to parental leave.' }],
})

const long = { stream: true, body: longChat } as const
/** The older version reports no usage: it is counted, from a text that the journal could not store yet. */
const unreported = {
  ...long,
  path: '/main/hr-bot/openai/deployments/gpt-4o/chat/completions?api-version=2024-06-01',
} as const

function bill(world: World): ReturnType<World['one']['bill']> {
  return [...world.one.bill(), ...world.two.bill()]
}

function assertRecord(rows: readonly RecordRow[], seen: Seen): void {
  const found = rows.filter(row => row.userAgent === seen.plan.mark)
  const outcome = seen.refusal === null ? 'completed' : 'refused'
  assert.deepEqual(
    found.map(row => [row.id, row.outcome]),
    [[seen.id, outcome]],
  )
}

/** Output of the command, without its log. */
function failureOf(lines: readonly string[]): string {
  return lines.filter(line => !line.startsWith('{')).join('\n')
}
