/**
 * A long steady run against a gateway process: `node test/chaos/soak.ts [--minutes 3] [--at-once 32] [--seed N]`.
 * Limits of every kind are on. Prints the gateway's memory, handles and rate as it goes, then compares ledger and bill.
 * Exit code 1 when something is lost or stays reserved.
 */
import { readdir, readFile } from 'node:fs/promises'
import { Agent } from 'node:http'
import { parseArgs } from 'node:util'
import { randomOf, seedOfRun } from '../support/random.ts'
import { allRecords } from '../support/records.ts'
import { eventually } from '../support/wait.ts'
import type { Scope } from '../support/world.ts'
import { audit } from './audit.ts'
import { startGateway, startSurroundings, tokensOf } from './child.ts'
import { type Client, type Seen, send, sendAll } from './client.ts'
import { longPlan, type Plan, planOf } from './plans.ts'
import { ledgerAfter, withLimits } from './world.ts'

const sampleEveryMs = 10_000
/** This many calls are compared byte by byte; the rest by their ids in ledger and bill. */
const comparedMax = 20_000

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '3' },
    'at-once': { type: 'string', default: '32' },
    seed: { type: 'string', default: String(seedOfRun()) },
  },
})
const closers: (() => unknown)[] = []
const scope: Scope = { after: close => closers.push(close) }
try {
  process.exitCode = await soak(Number(values.minutes) * 60_000, Number(values['at-once']), Number(values.seed))
} finally {
  for (const close of closers.reverse()) await close()
}

async function soak(durationMs: number, atOnce: number, seed: number): Promise<number> {
  process.stdout.write(`seed ${seed}, ${atOnce} calls at once, ${durationMs / 60_000} minutes\n`)
  const around = await startSurroundings(scope, { change: withLimits })
  const gateway = await startGateway(scope, around)
  const agent = new Agent({ keepAlive: true })
  const client: Client = { url: gateway.url, agent, tokens: await tokensOf(around.entra) }
  const seen: Seen[] = []
  let calls = 0
  const started = performance.now()
  const samples = startSampling(gateway.pid, () => calls)
  const random = randomOf(seed)
  function* plans(): Generator<Plan, void> {
    for (let number = 0; ; number += 1) yield number % 20 === 0 ? longPlan(random, number) : planOf(random, number)
  }
  const going = (): boolean => performance.now() - started < durationMs
  await sendAll(
    plans(),
    atOnce,
    async plan => {
      const one = await send(client, plan)
      calls += 1
      if (seen.length < comparedMax) seen.push(one)
    },
    going,
  )
  samples.stop()
  agent.destroy()
  await eventually('every line of the bill has ended', () => (around.bill().every(line => line.ended) ? true : null))
  const reserved = await eventually('no call is in flight', async () => {
    const rules = await reservedRules(gateway.adminUrl, await around.entra.token({ as: 'carol' }))
    return rules.some(rule => rule.startsWith('callsInFlight ')) ? null : rules
  })
  gateway.kill('SIGTERM')
  const exit = await gateway.exited
  const lost = gateway.lines.filter(line => line.includes('"record_lost"')).length
  const faults = await compare(around.ledgerDirectory, around.bill(), seen)
  process.stdout.write(`${calls} calls, records lost ${lost}, disagreements ${faults.length}, exit ${exit.code}\n`)
  for (const rule of reserved) process.stdout.write(`  still reserved: ${rule}\n`)
  for (const fault of faults.slice(0, 10)) process.stdout.write(`  ${fault}\n`)
  return lost === 0 && faults.length === 0 && reserved.length === 0 && exit.code === 0 ? 0 : 1
}

/** Rules that still have a reservation, as `tokensPerDay hr-bot 120`. */
async function reservedRules(adminUrl: string, token: string): Promise<readonly string[]> {
  const answer = await fetch(`${adminUrl}/api/v1/limits`, { headers: { authorization: `Bearer ${token}` } })
  if (answer.status !== 200) throw new Error(`the limits were answered ${answer.status}`)
  const { rules } = (await answer.json()) as { rules: { measure: string; rule: string; reserved: number }[] }
  return rules.filter(each => each.reserved !== 0).map(each => `${each.measure} ${each.rule} ${each.reserved}`)
}

/** The process's memory and open files, from /proc; one line per interval. */
function startSampling(pid: number, calls: () => number): { stop(): void } {
  const started = performance.now()
  let before = 0
  const sample = async (): Promise<void> => {
    const status = await readFile(`/proc/${pid}/status`, 'utf8')
    const kilobytes = Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0)
    const files = (await readdir(`/proc/${pid}/fd`)).length
    const seconds = ((performance.now() - started) / 1_000).toFixed(0)
    const rate = ((calls() - before) / (sampleEveryMs / 1_000)).toFixed(0)
    before = calls()
    process.stdout.write(
      `${seconds.padStart(5)} s  ${(kilobytes / 1_024).toFixed(0).padStart(5)} MB  ${String(files).padStart(4)} files  ${rate.padStart(5)} calls/s\n`,
    )
  }
  const timer = setInterval(() => void sample().catch(() => {}), sampleEveryMs)
  return { stop: () => clearInterval(timer) }
}

async function compare(
  directory: string,
  bill: Parameters<typeof audit>[0]['bill'],
  seen: readonly Seen[],
): Promise<readonly string[]> {
  const ledger = await ledgerAfter(scope, directory)
  const rows = await allRecords(ledger)
  const { faults } = await audit({ seen, rows, bodies: id => ledger.bodies(id), bill })
  return faults
}
