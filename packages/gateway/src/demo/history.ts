/**
 * A month of history: the same calls through the same gateway into the same ledger, on a clock set to the past. Where
 * the simulated instances would sleep, they advance that clock, so durations are realistic.
 */
import { setImmediate, setTimeout } from 'node:timers/promises'
import { type AzureSimulator, demoDirectory, type EntraSimulator, startAzure } from '@gatehouse/simulator'
import { systemClock } from '../clock.ts'
import type { Config } from '../config/schema/index.ts'
import { buildHouse } from '../house/open.ts'
import type { Log } from '../log.ts'
import { demoInstances } from './configuration.ts'
import { pauseForLeavingMs, play } from './play.ts'
import { drawScene, seededRandom } from './scenes.ts'
import { showcaseDeployments } from './showcase.ts'

export interface HistoryParts {
  /** Its ledger must not be open. */
  readonly config: Config
  readonly entra: EntraSimulator
  readonly instanceKey: string
  readonly log: Log
  /** End of the history, milliseconds since the epoch. */
  readonly untilMs: number
  /** Progress, called from time to time: calls written, total calls. */
  readonly progress: (written: number, all: number) => void
}

const days = 30
/** Real milliseconds until a disconnecting client is gone. */
const leavingMs = 40
const dayMs = 86_400_000

export async function writeHistory(parts: HistoryParts): Promise<number> {
  let nowMs = parts.untilMs - days * dayMs
  const clock = (): number => Math.round(nowMs)
  const instances = await startInstances(parts, clock, ms => {
    nowMs += ms
  })
  const config = pointedAt(parts.config, instances)
  const house = await buildHouse(config, {
    clock,
    identityClock: systemClock,
    demonstration: true,
    withoutAdmin: true,
    log: parts.log,
    appService: parts.entra.managedIdentity,
  })
  try {
    const random = seededRandom(20_260_501)
    const times = callTimes(parts.untilMs, random)
    const tokens = new Map<string, Promise<string>>()
    const token = (as: string): Promise<string> => {
      const known = tokens.get(as) ?? parts.entra.token({ as })
      tokens.set(as, known)
      return known
    }
    for (const [index, time] of times.entries()) {
      nowMs = time
      await play(drawScene(random), { url: house.gateway.url, token })
      // A client disconnects before its record is written; the clock must not advance in between.
      while (house.gateway.inFlight > 0) await setImmediate()
      if (index % 100 === 0) parts.progress(index, times.length)
    }
    parts.progress(times.length, times.length)
    return times.length
  } finally {
    await house.close()
    await Promise.all(instances.map(instance => instance.close()))
  }
}

async function startInstances(
  parts: HistoryParts,
  clock: () => number,
  pass: (ms: number) => void,
): Promise<AzureSimulator[]> {
  return Promise.all(
    Object.entries(demoInstances).map(([name, { region }]) =>
      startAzure({
        name,
        region,
        deployments: showcaseDeployments(name),
        keys: [parts.instanceKey],
        entra: {
          authority: parts.entra.url,
          tenantId: demoDirectory.tenantId,
          allowedObjectIds: 'all',
          clock: systemClock,
        },
        clock,
        async sleep(ms) {
          pass(ms)
          // A client disconnects in real time: without a real wait the answer would already have ended.
          if (ms >= pauseForLeavingMs) await setTimeout(leavingMs)
        },
      }),
    ),
  )
}

function pointedAt(config: Config, instances: readonly AzureSimulator[]): Config {
  const moved = instances.map(instance => {
    const written = config.instances[instance.name]
    if (written === undefined) throw new TypeError(`the demonstration has no instance ${instance.name}`)
    return [instance.name, { ...written, endpoint: instance.url }] as const
  })
  // Its records are shipped when the demonstration itself runs.
  return {
    ...config,
    feeds: {},
    gateway: { ...config.gateway, listen: '127.0.0.1:0' },
    instances: Object.fromEntries(moved),
  }
}

/** Working days between 7 and 19 UTC are busy, evenings and weekends quiet, and the month grows a little. Sorted. */
function callTimes(untilMs: number, random: () => number): readonly number[] {
  const times: number[] = []
  const start = untilMs - days * dayMs
  // One more than the number of days, because the first and the last day are partial.
  for (let day = 0; day <= days; day += 1) {
    const weekday = new Date(start + day * dayMs).getUTCDay()
    const busy = weekday === 0 || weekday === 6 ? 14 : 90 + day * 1.5
    const calls = Math.round(busy * (0.8 + 0.4 * random()))
    for (let call = 0; call < calls; call += 1) {
      const hour = random() < 0.12 ? random() * 24 : 7 + (random() + random()) * 6
      const midnight = Math.floor((start + day * dayMs) / dayMs) * dayMs
      times.push(midnight + hour * 3_600_000)
    }
  }
  return times.filter(time => time > start && time < untilMs - 60_000).sort((a, b) => a - b)
}
