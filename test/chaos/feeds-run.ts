import { Agent } from 'node:http'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { feedsAnswer } from '../../packages/gateway/src/admin/house-schemas.ts'
import type { BillLine } from '../../packages/simulator/src/types.ts'
import { temporaryDirectory } from '../support/directory.ts'
import { type Random, randomOf } from '../support/random.ts'
import { mountSmallDisk, type SmallDisk } from '../support/small-disk.ts'
import { eventually } from '../support/wait.ts'
import type { Scope } from '../support/world.ts'
import { type Exit, startGateway, startSurroundings, tokensOf } from './child.ts'
import { type Seen, send, sendAll } from './client.ts'
import { longPlan, type Plan, planOf } from './plans.ts'
import type { Receiver } from './receivers.ts'

export interface FeedsRunOptions {
  readonly seed: number
  readonly calls: number
  readonly kills: number
  readonly disksFull: number
  /** How often each receiver goes away. */
  readonly absences: number
  readonly atOnce: number
  /** Share of the calls that are long streams, 0..1; each is some 60 KB. */
  readonly longShare: number
  /** Gets a directory for what receivers keep. */
  readonly receivers: (directory: string) => Promise<readonly Receiver[]>
}

export interface FeedsRun {
  readonly ledgerDirectory: string
  readonly receivers: readonly Receiver[]
  readonly seen: readonly Seen[]
  readonly bill: readonly BillLine[]
  /** How the last gateway ended, and what it logged. */
  readonly exit: Exit
  readonly lines: readonly string[]
}

/** What happens when so many calls have begun. */
interface Happening {
  readonly afterCalls: number
  readonly act: () => Promise<void>
}

/** A ledger on a disk of this size has room for the calls of a run. */
const megabytesFor = ({ calls, longShare }: FeedsRunOptions): number =>
  128 + Math.ceil(calls * (0.016 + longShare / 10))
/** Time for the feeds to send what the absences have left, through the faults of their receivers. */
const caughtUpMs = (calls: number): number => 120_000 + calls * 20

export async function runFeeds(t: Scope, options: FeedsRunOptions): Promise<FeedsRun> {
  const { seed, calls, kills, atOnce } = options
  const random = randomOf(seed)
  const disk = await mountSmallDisk(t, megabytesFor(options))
  const directory = temporaryDirectory('receivers')
  const receivers = await options.receivers(directory)
  const feeds = Object.fromEntries(receivers.map(({ name, feed }) => [name, feed]))
  const around = await startSurroundings(t, {
    ledgerDirectory: join(disk.directory, 'ledger'),
    change: config => ({ ...config, feeds }),
    env: Object.assign({}, ...receivers.map(({ env = {} }) => env)) as Readonly<Record<string, string>>,
  })
  const tokens = await tokensOf(around.entra)
  const plans = endlessPlans(random, options.longShare)
  const fullDisk = new FullDisk(disk)
  const happenings = [
    ...receivers.flatMap(receiver => absencesOf(receiver, random, options)),
    ...fullDisk.happenings(random, options),
  ].toSorted((a, b) => a.afterCalls - b.afterCalls)
  const seen: Seen[] = []
  const acting: Promise<void>[] = []
  let begun = 0
  const begin = (): void => {
    begun += 1
    while ((happenings[0]?.afterCalls ?? Number.POSITIVE_INFINITY) <= begun) {
      const happening = happenings.shift()
      if (happening !== undefined) acting.push(happening.act())
    }
  }
  for (let round = 0; ; round += 1) {
    await fullDisk.empty()
    const gateway = await startGateway(t, around)
    const agent = new Agent({ keepAlive: true })
    const isLast = round === kills
    const until = Math.ceil((calls * (round + 1)) / (kills + 1))
    await sendAll(
      plans,
      atOnce,
      async plan => {
        begin()
        if (begun === until && !isLast) setTimeout(() => gateway.kill('SIGKILL'), random.below(1_500))
        const one = await send({ url: gateway.url, agent, tokens }, plan)
        seen.push(one)
        await fullDisk.ended(one)
      },
      () => begun < until,
    )
    agent.destroy()
    // The last gateway is not killed: its feeds send what the others left.
    if (isLast) {
      await Promise.all(acting)
      await Promise.all([fullDisk.empty(), ...receivers.map(receiver => receiver.back())])
      // Not after the pause that the absences have made, which grows to a minute.
      for (const { name } of receivers) await resume(gateway.adminUrl, name, tokens.get('carol'))
      let last = ''
      const states = async (): Promise<true | null> => {
        const { isDone, seen: state, failing } = await caughtUp(gateway, tokens.get('carol'), receivers.length)
        last = state
        // Nor after the pauses between the faults of a receiver: the more is left to send, the more of them it meets.
        for (const name of failing) await resume(gateway.adminUrl, name, tokens.get('carol'))
        if (failing.length > 0) await delay(1_000)
        return isDone ? true : null
      }
      await eventually('every feed has caught up', states, caughtUpMs(calls)).catch(error => {
        throw new Error(`${String(error)}: ${last}`, { cause: error })
      })
      gateway.kill('SIGTERM')
    }
    const exit = await gateway.exited
    if (!isLast) continue
    const bill = await eventually('every line of the bill has ended', () => {
      const found = around.bill()
      return found.every(line => line.ended) ? found : null
    })
    return { ledgerDirectory: around.ledgerDirectory, receivers, seen, bill, exit, lines: gateway.lines }
  }
}

function* endlessPlans(random: Random, longShare: number): Generator<Plan, void> {
  for (let number = 0; ; number += 1) yield random.chance(longShare) ? longPlan(random, number) : planOf(random, number)
}

/** Random stretches within the run, each of at most a third of it. They may overlap. */
function stretches(random: Random, calls: number, count: number): { readonly from: number; readonly to: number }[] {
  return Array.from({ length: count }, () => {
    const from = 1 + random.below(calls)
    return { from, to: Math.min(calls, from + 1 + random.below(Math.ceil(calls / 3))) }
  })
}

function absencesOf(receiver: Receiver, random: Random, { calls, absences }: FeedsRunOptions): Happening[] {
  let turn: Promise<void> = Promise.resolve()
  const next = (work: () => Promise<void>): Promise<void> => {
    turn = turn.then(work)
    return turn
  }
  return stretches(random, calls, absences).flatMap(({ from, to }) => [
    { afterCalls: from, act: () => next(() => receiver.away()) },
    { afterCalls: to, act: () => next(() => receiver.back()) },
  ])
}

/** Fills the ledger's disk until it has refused some calls. */
class FullDisk {
  readonly #disk: SmallDisk
  #isFull = false
  #toRefuse = 0
  #turn: Promise<void> = Promise.resolve()

  constructor(disk: SmallDisk) {
    this.#disk = disk
  }

  happenings(random: Random, { calls, disksFull }: FeedsRunOptions): Happening[] {
    return Array.from({ length: disksFull }, () => ({
      afterCalls: 1 + random.below(calls),
      act: () => this.#fill(20 + random.below(40)),
    }))
  }

  /** Called after each call. The store frees space as it works, and the journal would go on with that. */
  async ended({ refusal }: Seen): Promise<void> {
    if (!this.#isFull) return
    if (refusal === 'ledger_unwritable') this.#toRefuse -= 1
    if (this.#toRefuse <= 0) await this.empty()
    else await this.#next(() => (this.#isFull ? this.#disk.fill() : Promise.resolve()))
  }

  empty(): Promise<void> {
    return this.#next(async () => {
      if (!this.#isFull) return
      this.#isFull = false
      await this.#disk.empty()
    })
  }

  #fill(toRefuse: number): Promise<void> {
    return this.#next(async () => {
      if (this.#isFull) return
      this.#isFull = true
      this.#toRefuse = toRefuse
      await this.#disk.fill()
    })
  }

  #next(work: () => Promise<void>): Promise<void> {
    this.#turn = this.#turn.then(work)
    return this.#turn
  }
}

async function resume(adminUrl: string, name: string, token: string | undefined): Promise<void> {
  const headers = { authorization: `Bearer ${token}` }
  const answer = await fetch(`${adminUrl}/api/v1/feeds/${name}/resume`, { method: 'POST', headers })
  // 503: the feed is busy and has not answered yet. It then needs no order.
  if (answer.status !== 200 && answer.status !== 503) throw new Error(`resume ${name} was answered ${answer.status}`)
}

/** Whether every call has ended and is in the journal, and every feed has sent it; and what it lacks. */
async function caughtUp(
  { url, adminUrl }: { readonly url: string; readonly adminUrl: string },
  token: string | undefined,
  count: number,
): Promise<{ readonly isDone: boolean; readonly seen: string; readonly failing: readonly string[] }> {
  const headers = { authorization: `Bearer ${token}` }
  // Not ready: ends still wait in memory for space on the disk.
  const { status } = await fetch(`${url}/readyz`)
  const metrics = await (await fetch(`${adminUrl}/metrics`, { headers })).text()
  const areEnded = /^gatehouse_calls_in_flight 0$/m.test(metrics)
  const { feeds } = feedsAnswer.parse(await (await fetch(`${adminUrl}/api/v1/feeds`, { headers })).json())
  const behind = feeds.filter(({ lagRecords, sent }) => lagRecords > 0 || sent === 0)
  return {
    isDone: status === 200 && areEnded && feeds.length === count && behind.length === 0,
    failing: behind.filter(one => one.status === 'failing').map(({ name }) => name),
    seen: `readyz ${status}, calls ${areEnded ? 'ended' : 'in flight'}, ${JSON.stringify(behind)}`,
  }
}
