/**
 * Several gateway processes on one real Redis, one simulated instance, and callers that want more than the limit: what
 * is admitted, by the instance's own bill. The instance is slow enough that calls overlap.
 */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Agent, request } from 'undici'
import type { ConfigInput } from '../../packages/gateway/src/config/schema/index.ts'
import { demoConfig } from '../../packages/gateway/src/demo/configuration.ts'
import { startAzure } from '../../packages/simulator/src/azure/index.ts'
import { demoDirectory } from '../../packages/simulator/src/directory.ts'
import { startEntra } from '../../packages/simulator/src/entra/index.ts'
import type { AzureSimulator, BillLine } from '../../packages/simulator/src/types.ts'
import { temporaryDirectory } from '../support/directory.ts'
import { startRedis, type TestRedis } from '../support/redis.ts'
import { eventually } from '../support/wait.ts'
import { ask, instanceKey, type Scope } from '../support/world.ts'
import { type GatewayProcess, startGateway } from './child.ts'

export type WhenDown = 'refuse' | 'local' | 'allow'

export interface FleetOptions {
  readonly whenDown: WhenDown
  /** Default: Redis comes back empty. */
  readonly keepsData?: boolean
  /** Default 4. */
  readonly replicas?: number
}

export interface Fleet {
  readonly redis: TestRedis
  readonly gateways: readonly (GatewayProcess & { readonly url: string })[]
  readonly instance: AzureSimulator
  readonly tokens: readonly string[]
}

/** Tokens of each call's answer, equal to the maximum that it sets. */
const completionTokens = 60
/** A workload with a limit of its own, which no other run uses. */
const workload = 'hr-bot'

/** @param tokensPerMinute The limit. */
export async function startFleet(t: Scope, tokensPerMinute: number, options: FleetOptions): Promise<Fleet> {
  const directory = temporaryDirectory('fleet')
  const redis = await startRedis(t, { appendOnly: options.keepsData === true })
  const entra = await startEntra({ directory: demoDirectory })
  t.after(() => entra.close())
  const instance = await startAzure({
    name: 'dev-openai-instance-1',
    deployments: { 'gpt-4o': { model: 'gpt-4o', timeToFirstTokenMs: 100, jitter: 0.3 } },
    keys: [instanceKey],
    entra: { authority: entra.url, tenantId: demoDirectory.tenantId, allowedObjectIds: 'all' },
  })
  t.after(() => instance.close())
  const configOf = (number: number): ConfigInput => {
    const config = demoConfig({
      gatewayListen: '127.0.0.1:0',
      adminListen: '127.0.0.1:0',
      authority: entra.url,
      instance1: instance.url,
      instance2: instance.url,
      instance2Key: '${env:INSTANCE_KEY}',
      ledgerDirectory: join(directory, `ledger-${number}`),
    })
    const limited = config.workloads[workload]
    if (limited === undefined) throw new TypeError(`the demonstration has no workload ${workload}`)
    return {
      ...config,
      admin: { ...config.admin, metricsWithoutToken: true },
      workloads: { ...config.workloads, [workload]: { ...limited, limits: { tokensPerMinute } } },
      redis: redis.section,
      limits: { store: 'redis', whenStoreIsDown: options.whenDown },
      log: { level: 'info' },
    }
  }
  const around = { entra, instances: [instance], ledgerDirectory: directory, bill: () => instance.bill() }
  const starts = Array.from({ length: options.replicas ?? 4 }, async (_, number) => {
    const configFile = join(directory, `gatehouse-${number}.yaml`)
    await writeFile(configFile, JSON.stringify(configOf(number)))
    return await startGateway(t, { ...around, configFile })
  })
  const gateways = await Promise.all(starts)
  const tokens = await Promise.all(['alice', 'carol'].map(as => entra.token({ as })))
  return { redis, gateways, instance, tokens }
}

export interface Load {
  readonly callers: number
  /** For all callers together, as far as they get through. */
  readonly callsPerSecond: number
  /** Longest duration; shorter with `refusedMax`. */
  readonly seconds: number
  /** Kills Redis after this many admitted calls, and starts it again after this many further answers of any kind. */
  readonly outage?: { readonly afterCalls: number; readonly forAnswers: number }
  /** Ends the run early, once the limit has refused this many calls after the outage. */
  readonly refusedMax?: number
}

export interface LoadResult {
  /** By the instance's bill, in order of arrival. */
  readonly admitted: readonly Admitted[]
  readonly refused: number
  /** Answers by status and code that are neither. */
  readonly others: Readonly<Record<string, number>>
  /** Answers before the outage that say that they were given without Redis. */
  readonly withoutCause: number
  /** CPU of all gateways per admitted or refused call, in microseconds. */
  readonly cpuMicros: number
  /** Time that Redis took to answer, as gateways saw it, in ms: the median and the 99th percentile. */
  readonly storeAnswers: { readonly p50Ms: number; readonly p99Ms: number }
}

interface Admitted {
  /** When its client sent it; at the latest when it arrived. */
  readonly sentAtMs: number
  /** When it arrived at the instance. */
  readonly atMs: number
  readonly tokens: number
  /** Its answer said that the limit was not checked. */
  readonly isAllowed: boolean
}

export async function loadFleet(fleet: Fleet, load: Load): Promise<LoadResult> {
  const { redis, gateways, instance, tokens } = fleet
  await firstCalls(fleet)
  const agent = new Agent({ connections: load.callers })
  const began = performance.now()
  const endsAt = began + load.seconds * 1_000
  const pauseMs = (load.callers / load.callsPerSecond) * 1_000
  const allowed = new Set<string>()
  const sent = new Map<string, number>()
  const others: Record<string, number> = {}
  let answers = 0
  let withoutCause = 0
  let isKilled = false
  let answered = 0
  let refused = 0
  let refusedSince = 0
  let isOver = load.outage === undefined
  const cpuBefore = await cpuOf(gateways)
  const isDone = (): boolean =>
    performance.now() >= endsAt || (isOver && refused - refusedSince >= (load.refusedMax ?? Number.POSITIVE_INFINITY))
  const call = async (number: number): Promise<void> => {
    const token = tokens[number % tokens.length] ?? ''
    const url = gateways[number % gateways.length]?.url ?? ''
    const sentAtMs = Date.now()
    const { status, headers, code } = await callOnce(agent, url, token)
    const id = String(headers['x-gatehouse-request-id'])
    sent.set(id, sentAtMs)
    answers += 1
    if (!isKilled && headers['x-gatehouse-limits'] !== undefined) withoutCause += 1
    if (headers['x-gatehouse-limits'] === 'allow') allowed.add(id)
    if (status === 200) answered += 1
    else if (status === 429 && code === 'token_limit_reached') refused += 1
    else others[`${status} ${code}`] = (others[`${status} ${code}`] ?? 0) + 1
  }
  const caller = async (number: number): Promise<void> => {
    // Evenly spread from the start on.
    let next = began + (number / load.callers) * pauseMs
    for (let calls = number; ; calls += 1) {
      await delay(Math.max(0, next - performance.now()))
      if (isDone()) return
      await call(calls)
      next = Math.max(next + pauseMs, performance.now())
    }
  }
  const outage = async (): Promise<void> => {
    if (load.outage === undefined) return
    const { afterCalls, forAnswers } = load.outage
    const withinMs = load.seconds * 1_000
    await eventually('enough calls for an outage', () => (answered >= afterCalls ? true : null), withinMs)
    isKilled = true
    const before = answers
    await redis.kill()
    await eventually('enough answers without Redis', () => (answers >= before + forAnswers ? true : null), withinMs)
    await redis.start()
    await eventually('every gateway relies on Redis again', () => (gateways.every(isBack) ? true : null))
    refusedSince = refused
    isOver = true
  }
  await Promise.all([outage(), ...Array.from({ length: load.callers }, (_, number) => caller(number))])
  const calls = (await eventually('every line of the bill has ended', () => ended(instance.bill()))).filter(
    // The checks at the start of a gateway have no id.
    line => line.status === 200 && line.gatehouseRequestId !== null,
  )
  let cpuMicros = (await cpuOf(gateways)) - cpuBefore
  await agent.close()
  const admitted = calls
    .map(line => ({
      sentAtMs: Math.min(sent.get(line.gatehouseRequestId ?? '') ?? line.receivedAtMs, line.receivedAtMs),
      atMs: line.receivedAtMs,
      tokens: line.promptTokens + line.completionTokens,
      isAllowed: allowed.has(line.gatehouseRequestId ?? ''),
    }))
    .sort((a, b) => a.atMs - b.atMs)
  cpuMicros /= admitted.length + refused
  return { admitted, refused, others, withoutCause, cpuMicros, storeAnswers: await storeAnswersOf(gateways) }
}

/** True once a gateway has gone on without Redis and relies on it again. */
function isBack({ lines }: GatewayProcess): boolean {
  const events = lines.filter(line => /"msg":"limits_store_(down|back)"/.test(line))
  return events.at(-1)?.includes('limits_store_back') ?? false
}

/** Loads every process's tokenizer, opens its connections and lets it learn estimates before anything counts. */
async function firstCalls({ gateways, instance, tokens }: Fleet): Promise<void> {
  const agent = new Agent()
  for (const { url } of gateways) {
    for (let calls = 0; calls < 3; calls += 1) await callOnce(agent, url, tokens[0] ?? '')
  }
  await agent.close()
  await eventually('every line of the bill has ended', () => ended(instance.bill()))
}

function ended(bill: readonly BillLine[]): readonly BillLine[] | null {
  return bill.every(line => line.ended) ? bill : null
}

interface Answered {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly code: string
}

const body = JSON.stringify({
  model: 'gpt-4o',
  max_tokens: completionTokens,
  messages: ask('Explain recursion at length.'),
})

async function callOnce(agent: Agent, url: string, token: string): Promise<Answered> {
  const answer = await request(`${url}/dev-openai-instance-1/${workload}/openai/v1/chat/completions`, {
    method: 'POST',
    dispatcher: agent,
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body,
  })
  const text = await answer.body.text()
  const { error } = JSON.parse(text) as { readonly error?: { readonly code?: string } }
  return { status: answer.statusCode, headers: answer.headers, code: error?.code ?? '' }
}

/** User and system time of all processes, in microseconds. */
async function cpuOf(gateways: readonly { readonly pid: number }[]): Promise<number> {
  let ticks = 0
  for (const { pid } of gateways) {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
    // Fields 14 and 15; the second is a name in brackets, which may contain blanks.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    ticks += Number(fields[11]) + Number(fields[12])
  }
  return ticks * 10_000
}

/** From the histograms of all gateways: bounds of their buckets. */
async function storeAnswersOf(gateways: Fleet['gateways']): Promise<LoadResult['storeAnswers']> {
  const counts = new Map<number, number>()
  for (const { lines } of gateways) {
    const ready = lines.find(line => line.includes('"msg":"ready"')) ?? '{}'
    const { admin } = JSON.parse(ready) as { readonly admin: string }
    const text = await (await fetch(`${admin}/metrics`)).text()
    for (const [, bound = '', count = ''] of text.matchAll(
      /^gatehouse_limits_store_answer_seconds_bucket\{le="([^"]+)"\} (\d+)$/gm,
    )) {
      const ms = bound === '+Inf' ? Number.POSITIVE_INFINITY : Number(bound) * 1_000
      counts.set(ms, (counts.get(ms) ?? 0) + Number(count))
    }
  }
  const all = Math.max(...counts.values())
  const within = (share: number): number => [...counts].find(([, count]) => count >= all * share)?.[0] ?? Number.NaN
  return { p50Ms: within(0.5), p99Ms: within(0.99) }
}

export interface Verdict {
  /**
   * Share of the limit: the most that had arrived at the instance in the 60 seconds before an admitted call was sent,
   * that call included. A call is admitted after it was sent, so the limit could have known everything counted here;
   * counted by arrival that would not hold, because a busy process may delay an admitted call while other processes
   * pass calls without the limit.
   */
  readonly most: number
  /** Share of the limit: the most that was used in any 60 seconds, including calls that passed without the limit. */
  readonly used: number
  readonly allowed: number
  /**
   * The longest time from sending a call to its arrival at the instance: a process that waited so long for a core may
   * have missed what the others admitted meanwhile, and what it admitted arrived in another minute.
   */
  readonly latestMs: number
}

export function judge(admitted: readonly Admitted[], tokensPerMinute: number): Verdict {
  const sums = [0]
  for (const { tokens } of admitted) sums.push((sums.at(-1) ?? 0) + tokens)
  /** Tokens of the calls that arrived at `fromMs` or later, and before `toMs`. */
  const between = (fromMs: number, toMs: number): number =>
    (sums[firstFrom(admitted, toMs)] ?? 0) - (sums[firstFrom(admitted, fromMs)] ?? 0)
  let most = 0
  let used = 0
  for (const { sentAtMs, atMs, tokens, isAllowed } of admitted) {
    used = Math.max(used, between(atMs - 59_999, atMs) + tokens)
    if (!isAllowed) most = Math.max(most, between(sentAtMs - 59_999, sentAtMs) + tokens)
  }
  return {
    most: most / tokensPerMinute,
    used: used / tokensPerMinute,
    allowed: admitted.filter(({ isAllowed }) => isAllowed).length,
    latestMs: Math.max(...admitted.map(({ sentAtMs, atMs }) => atMs - sentAtMs)),
  }
}

/** Index of the first call that arrived at `ms` or later. */
function firstFrom(admitted: readonly Admitted[], ms: number): number {
  let low = 0
  let high = admitted.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((admitted[middle]?.atMs ?? 0) < ms) low = middle + 1
    else high = middle
  }
  return low
}

/** Ends the gateways in order; resolves when all have ended. */
export async function stopFleet({ gateways }: Fleet): Promise<void> {
  for (const gateway of gateways) gateway.kill('SIGTERM')
  await Promise.all(gateways.map(({ exited }) => exited))
}
