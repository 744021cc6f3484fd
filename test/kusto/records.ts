/** A varied day of exchanges, written and read back by the ledger itself. */
import type { TestContext } from 'node:test'
import { closedOf, newId, openedOf, testLedger } from '../../packages/gateway/src/ledger/exchange.fixture.ts'
import type { Ledger } from '../../packages/gateway/src/ledger/index.ts'
import type { Closed, Opened, RecordBodies, RecordRow } from '../../packages/gateway/src/ledger/record.ts'
import { noUsage } from '../../packages/gateway/src/wire/usage.ts'
import { temporaryDirectory } from '../support/directory.ts'
import { type Random, randomOf, seedOfRun } from '../support/random.ts'

export interface KeptRecord {
  readonly row: RecordRow
  readonly bodies: RecordBodies | null
}

const fromMs = Date.UTC(2026, 10, 3, 22)
/** Two days of UTC, so that reports by day have more than one line. */
const lengthMs = 4 * 3_600_000

export async function keptRecords(t: TestContext, count: number): Promise<readonly KeptRecord[]> {
  const ledger = await testLedger(t, temporaryDirectory('ledger'))
  const random = randomOf(seedOfRun())
  for (let at = 0; at < count; at += 1) {
    // Starts are unlike: the newest name of a caller is then the same everywhere.
    await write(ledger, random, fromMs + Math.floor((at * lengthMs) / count))
  }
  return readAll(ledger)
}

async function write({ journal }: Ledger, random: Random, startedAtMs: number): Promise<void> {
  const id = newId()
  const opened = openedOf(id, { startedAtMs, ...callerOf(random), ...placeOf(random) })
  const question = `Grüße 株式会社 😀 ${id} `.repeat(1 + random.below(40))
  const request = [Buffer.from(`{"messages":[{"role":"user","content":"${question}"}]}`)]
  const response = [
    random.chance(0.05) ? Buffer.from([0x52, 0x49, 0x46, 0x46, 0x00, 0xff]) : Buffer.from(`{"id":"${id}"}`),
  ]
  if (random.chance(0.15)) {
    const refused = closedOf(id, { ...refusedOf(random, startedAtMs), opened })
    await journal.close(refused, response, request)
    return
  }
  await journal.open(opened, request)
  await journal.close(closedOf(id, servedOf(random, opened)), response)
}

function callerOf(random: Random): Partial<Opened> {
  const name = random.pick(['Alice Example', 'Bob Example', null])
  const workload = random.pick(['hr-bot', 'search', null])
  return random.pick<Partial<Opened>>([
    { callerKind: 'user', callerObjectId: random.pick(['alice', 'bob']), callerName: name, workload },
    { callerKind: 'application', callerAppId: 'app-1', callerName: null, workload },
    { callerKind: 'application', callerAppId: null, callerName: 'Service', workload },
    {
      callerKind: null,
      callerTenantId: null,
      callerObjectId: null,
      callerAppId: null,
      callerName: null,
      workload: null,
    },
  ])
}

function placeOf(random: Random): Partial<Opened> {
  const instance = random.pick(['east', 'ptu-sweden'])
  const copyKind = random.chance(0.1) ? random.pick(['shadow', 'hedge'] as const) : null
  return {
    ...{ instance, copyKind, copyOf: copyKind === null ? null : newId() },
    deployment: random.pick(['gpt-4o', 'embed']),
    stream: random.chance(0.5),
    requestedModel: random.pick(['gpt-4o', null]),
  }
}

function refusedOf(random: Random, startedAtMs: number): Partial<Closed> {
  return {
    ...{ outcome: 'refused', outcomeCode: random.pick(['token_limit_reached', 'token_missing']), status: 429 },
    ...{ sentAtMs: null, firstByteAtMs: null, endedAtMs: startedAtMs + 1, servedModel: null, attempts: [] },
    ...{ instance: null, region: null, usage: noUsage, cost: null, finishReason: null },
    summedCalls: random.chance(0.3) ? 1 + random.below(500) : 1,
  }
}

function servedOf(random: Random, { startedAtMs, instance }: Opened): Partial<Closed> {
  const outcome = random.pick(['completed', 'completed', 'completed', 'failed', 'aborted', 'interrupted'] as const)
  const sentAtMs = startedAtMs + random.below(40) / 8
  const firstByteAtMs = random.chance(0.9) ? sentAtMs + random.below(8_000) / 8 : null
  const promptTokens = random.below(4_000)
  const completionTokens = random.below(900)
  const hasUsage = outcome === 'completed' || random.chance(0.5)
  return {
    ...{ outcome, instance, sentAtMs, firstByteAtMs },
    outcomeCode: outcome === 'completed' ? null : random.pick(['backend_reset', 'client_left']),
    status: outcome === 'interrupted' ? null : random.pick([200, 200, 200, 400, 429]),
    endedAtMs: (firstByteAtMs ?? sentAtMs) + random.below(16_000) / 8,
    servedDeployment: random.chance(0.3) ? 'gpt-4o-ptu' : null,
    servedModel: random.pick(['gpt-4o-2024-08-06', null]),
    usage: hasUsage
      ? {
          ...noUsage,
          source: random.pick(['reported', 'reported', 'counted', 'bounded'] as const),
          ...{ promptTokens, completionTokens, totalTokens: promptTokens + completionTokens },
          cachedTokens: random.chance(0.5) ? random.below(promptTokens + 1) : null,
          reasoningTokens: random.chance(0.5) ? random.below(completionTokens + 1) : null,
        }
      : noUsage,
    cost:
      hasUsage && random.chance(0.8)
        ? { nano: random.below(900_000_000), currency: random.pick(['USD', 'EUR']), price: 'gpt-4o 2026-08-01' }
        : null,
  }
}

async function readAll(ledger: Ledger): Promise<readonly KeptRecord[]> {
  const kept: KeptRecord[] = []
  for (let before: string | null | undefined; before !== null; ) {
    const page = await ledger.list(before === undefined ? { limit: 1_000 } : { limit: 1_000, before })
    for (const row of page.records) kept.push({ row, bodies: await ledger.bodies(row.id) })
    before = page.next
  }
  return kept
}
