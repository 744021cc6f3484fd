/** One run of calls through three replicas and a collector, each of which is killed and started again. */
import { readFile, writeFile } from 'node:fs/promises'
import { Agent } from 'node:http'
import { dirname, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { feedsAnswer, instancesAnswer } from '../../packages/gateway/src/admin/house-schemas.ts'
import type { ConfigInput } from '../../packages/gateway/src/config/schema/index.ts'
import { type FiledRecord, withoutDoubles } from '../../packages/gateway/src/ledger/feeds/files/files.fixture.ts'
import type { BillLine } from '../../packages/simulator/src/types.ts'
import { randomOf } from '../support/random.ts'
import { startRedis } from '../support/redis.ts'
import { eventually } from '../support/wait.ts'
import type { Scope } from '../support/world.ts'
import {
  type Addresses,
  type GatewayProcess,
  type Surroundings,
  startGateway,
  startSurroundings,
  tokensOf,
} from './child.ts'
import { type Seen, send, sendAll } from './client.ts'
import { longPlan, planOf } from './plans.ts'

/** The way from the replicas' feeds to the collector. */
export interface Transport {
  /** Settings of a replica's feed, without what is sent. */
  feed(replica: string): Feed
  readonly source: Source
  /** Records that have arrived, doubles included. */
  records(): Promise<readonly FiledRecord[]>
  /** Kills it and starts it again, once in a run; without it, the way stays there. */
  restart?(): Promise<void>
}

type Feed = Exclude<NonNullable<ConfigInput['feeds']>[string], { kind: 'otlp' | 'application-insights' }>
type Source = NonNullable<ConfigInput['collect']>['sources'][string]

export interface CollectRunOptions {
  /** @param directory for what it keeps. */
  readonly transport: (t: Scope, directory: string) => Promise<Transport>
  readonly seed: number
  readonly calls: number
  /** Of any of the processes. */
  readonly kills: number
  readonly atOnce: number
}

export interface CollectRun {
  /** Of the collector. */
  readonly ledgerDirectory: string
  readonly replicas: readonly string[]
  readonly seen: readonly Seen[]
  readonly bill: readonly BillLine[]
  /** Records that the replicas' feeds wrote, doubles included. */
  readonly shipped: number
  readonly collectorKills: number
}

const names = ['one', 'two', 'three'] as const
/** Time for the feeds and the collector to catch up. */
const caughtUpMs = 120_000

export async function runCollector(t: Scope, options: CollectRunOptions): Promise<CollectRun> {
  const { seed, calls, kills, atOnce, transport } = options
  const random = randomOf(seed)
  const redis = await startRedis(t, { appendOnly: true })
  const around = await startSurroundings(t)
  const directory = dirname(around.configFile)
  const way = await transport(t, directory)
  const written = JSON.parse(await readFile(around.configFile, 'utf8')) as ConfigInput
  const configure = (name: string, config: object): Promise<Surroundings> => configured(around, name, config)
  const replicas: Restarted[] = []
  for (const name of names) {
    const replica = new Restarted(
      t,
      await configure(name, replicaConfig(written, name, redis.url, way.feed(name))),
      'serve',
    )
    replicas.push(replica)
    // One after the other: they share the processors.
    await replica.running
  }
  const ledgerDirectory = join(directory, 'collected')
  const collector = new Restarted(
    t,
    await configure('collector', collectorConfig(written, ledgerDirectory, way.source)),
    'collect',
  )
  await collector.running
  const processes = [...replicas, collector]
  const tokens = await tokensOf(around.entra)
  // The first kill is the collector's; the others are anybody's.
  const killings = Array.from({ length: kills }, (_, at) => ({
    afterCalls: 1 + random.below(calls),
    victim: at === 0 ? collector : random.pick(processes),
    delayMs: random.below(1_000),
  }))
  const collectorKills = killings.filter(({ victim }) => victim === collector).length
  const disturbances = new Disturbances(
    killings.map(({ afterCalls, victim, delayMs }) => ({ afterCalls, begin: () => victim.kill(delayMs) })),
  )
  let restarted: Promise<void> | undefined
  const restart = (): void => {
    restarted = way.restart?.()
    // It is awaited below.
    restarted?.catch(() => {})
  }
  if (way.restart !== undefined) disturbances.add({ afterCalls: 1 + random.below(calls), begin: restart })
  const agents = new Map(replicas.map(replica => [replica, new Agent({ keepAlive: true })]))
  const seen: Seen[] = []
  function* plans() {
    for (let number = 0; ; number += 1) yield random.chance(0.2) ? longPlan(random, number) : planOf(random, number)
  }
  await sendAll(
    plans(),
    atOnce,
    async plan => {
      disturbances.callBegins()
      const replica = random.pick(replicas)
      const { url } = await replica.running
      seen.push(await send({ url, agent: agents.get(replica) ?? new Agent(), tokens }, plan))
    },
    () => disturbances.begun < calls,
  )
  for (const agent of agents.values()) agent.destroy()
  // From now on all of them live.
  for (const one of processes) await one.settled()
  await restarted
  const token = tokens.get('carol')
  for (const replica of replicas) await eventually('each replica shows all three', () => showsAll(replica, token))
  for (const replica of replicas) {
    await eventually('the feed of a replica has caught up', () => hasShipped(replica, token), caughtUpMs)
    await replica.stop()
  }
  const lines = await way.records()
  const ids = withoutDoubles(lines).size
  await eventually(
    'the collector has caught up',
    async () => ((await callsIn(collector, token)) === ids ? true : null),
    caughtUpMs,
  )
  await collector.stop()
  const bill = await eventually('every line of the bill has ended', () => {
    const found = around.bill()
    return found.every(line => line.ended) ? found : null
  })
  return { ledgerDirectory, replicas: names, seen, bill, shipped: lines.length, collectorKills }
}

interface Disturbance {
  readonly afterCalls: number
  readonly begin: () => void
}

/** Begins each disturbance with the call of its number. */
class Disturbances {
  begun = 0
  readonly #waiting: Disturbance[]

  constructor(all: readonly Disturbance[]) {
    this.#waiting = [...all]
  }

  add(one: Disturbance): void {
    this.#waiting.push(one)
  }

  callBegins(): void {
    this.begun += 1
    for (const { afterCalls, begin } of this.#waiting) if (afterCalls === this.begun) begin()
  }
}

async function configured(around: Surroundings, name: string, config: object): Promise<Surroundings> {
  const configFile = join(dirname(around.configFile), `${name}.yaml`)
  await writeFile(configFile, JSON.stringify(config, null, 2))
  return { ...around, configFile }
}

function replicaConfig(written: ConfigInput, name: string, url: string, feed: Feed): ConfigInput {
  return {
    ...written,
    gateway: { ...written.gateway, replica: name },
    ledger: { ...written.ledger, directory: `./ledger-of-${name}`, store: 'none' },
    redis: { url, timeout: '10s' },
    feeds: { out: { ...feed, bodies: true, batch: { records: 60, time: '1s' } } },
  }
}

function collectorConfig({ admin, identity }: ConfigInput, directory: string, source: Source): object {
  return {
    ...{ admin, identity, ledger: { directory } },
    collect: { sources: { replicas: source } },
    log: { level: 'info' },
  }
}

/** A process that is started again when it is killed. */
class Restarted {
  running: Promise<GatewayProcess & Addresses>
  readonly #start: () => Promise<GatewayProcess & Addresses>
  #turn: Promise<void> = Promise.resolve()

  constructor(t: Scope, around: Surroundings, command: 'serve' | 'collect') {
    this.#start = () => startGateway(t, around, command)
    this.running = this.#start()
    // Whoever needs it waits for it.
    this.running.catch(() => {})
  }

  /** Kills it so many milliseconds from now, when it runs, and starts it again. */
  kill(inMs: number): void {
    this.#turn = this.#turn.then(() => pause(inMs)).then(() => this.#killed())
    // `settled` reports it.
    this.#turn.catch(() => {})
  }

  /** Resolves when it has been killed as often as it was to be, and runs again. */
  settled(): Promise<void> {
    return this.#turn
  }

  async stop(): Promise<void> {
    const running = await this.running
    running.kill('SIGTERM')
    const exit = await running.exited
    if (exit.code !== 0) throw new Error(`${JSON.stringify(exit)}:\n${running.lines.join('\n')}`)
  }

  async #killed(): Promise<void> {
    const running = await this.running
    running.kill('SIGKILL')
    this.running = running.exited.then(this.#start)
    this.running.catch(() => {})
    await this.running
  }
}

/** One list for all: a replica that was killed is there again under its name, and none twice. */
async function showsAll(replica: Restarted, token: string | undefined): Promise<true | null> {
  const { adminUrl } = await replica.running
  const headers = { authorization: `Bearer ${token}` }
  const answer = instancesAnswer.parse(await (await fetch(`${adminUrl}/api/v1/instances`, { headers })).json())
  const alive = answer.replicas.filter(({ status }) => status === 'alive').map(({ name }) => name)
  return alive.toSorted().join() === names.toSorted().join() ? true : null
}

/** Nothing is open any more, interrupted exchanges included, and the feed has sent all. */
async function hasShipped(replica: Restarted, token: string | undefined): Promise<true | null> {
  const { adminUrl } = await replica.running
  const headers = { authorization: `Bearer ${token}` }
  const metrics = await (await fetch(`${adminUrl}/metrics`, { headers })).text()
  if (!/^gatehouse_calls_in_flight 0$/m.test(metrics)) return null
  const ledger = (await (await fetch(`${adminUrl}/api/v1/ledger`, { headers })).json()) as { openExchanges: number }
  if (ledger.openExchanges > 0) return null
  const { replicas } = feedsAnswer.parse(await (await fetch(`${adminUrl}/api/v1/feeds`, { headers })).json())
  const own = replicas.find(({ isSelf }) => isSelf)?.feeds ?? []
  return own.length === 1 && own[0]?.lagRecords === 0 ? true : null
}

async function callsIn(collector: Restarted, token: string | undefined): Promise<number> {
  const { adminUrl } = await collector.running
  const answer = await fetch(`${adminUrl}/api/v1/usage?by=outcome`, { headers: { authorization: `Bearer ${token}` } })
  const { total } = (await answer.json()) as { total: { calls: number } }
  return total.calls
}
