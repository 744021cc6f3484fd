/** Exchanges and directories for the ledger's tests. */
import type { TestContext } from 'node:test'
import { systemClock } from '../clock.ts'
import { uuidV7 } from '../ids.ts'
import type { Log } from '../log.ts'
import { noUsage } from '../wire/usage.ts'
import type { Ledger } from './index.ts'
import { type LedgerOptions, openLedger } from './open.ts'
import { unknownClosed, unknownOpened } from './read-fields.ts'
import type { Closed, Opened } from './record.ts'

export const newId = uuidV7(systemClock)
export const dayMs = 86_400_000

export function openedOf(id: string, over: Partial<Opened> = {}): Opened {
  return {
    ...unknownOpened(id),
    startedAtMs: 1_780_000_000_000,
    callerKind: 'user',
    callerTenantId: '11111111-2222-3333-4444-555555555555',
    callerObjectId: '22222222-3333-4444-5555-666666666666',
    callerAppId: '33333333-4444-5555-6666-777777777777',
    callerName: 'Alice Example',
    workload: 'hr-bot',
    target: 'main',
    instance: 'east',
    region: 'swedencentral',
    deployment: 'gpt-4o',
    requestedModel: 'gpt-4o',
    apiVersion: '2024-10-21',
    operation: 'chat/completions',
    method: 'POST',
    path: '/main/hr-bot/openai/deployments/gpt-4o/chat/completions',
    clientAddress: '127.0.0.1',
    userAgent: 'test/1',
    requestContentType: 'application/json',
    ...over,
  }
}

export function closedOf(id: string, over: Partial<Closed> = {}): Closed {
  return {
    ...unknownClosed(id),
    outcome: 'completed',
    status: 200,
    sentAtMs: 1_780_000_000_001,
    firstByteAtMs: 1_780_000_000_251,
    endedAtMs: 1_780_000_000_900,
    instance: 'east',
    region: 'swedencentral',
    servedModel: 'gpt-4o-2024-08-06',
    attempts: [{ instance: 'east', status: 200, durationMs: 899.5, error: null }],
    usage: { ...noUsage, source: 'reported', promptTokens: 10, completionTokens: 5, totalTokens: 15 },
    cost: { nano: 75_000, currency: 'USD', price: 'gpt-4o-2024-08-06 2024-10-01' },
    reservedTokens: 900,
    finishReason: 'stop',
    backendRequestId: 'backend-1',
    responseContentType: 'application/json',
    ...over,
  }
}

export interface KeptLine {
  readonly level: 'info' | 'warn' | 'error'
  readonly fields: object
  readonly message: string
}

/** A log that keeps its lines. */
export function keptLog(): Log & { readonly lines: KeptLine[] } {
  const lines: KeptLine[] = []
  const say =
    (level: KeptLine['level']) =>
    (fields: object, message: string): void => {
      lines.push({ level, fields, message })
    }
  return { lines, info: say('info'), warn: say('warn'), error: say('error') }
}

/** Opens a ledger. It is closed at the end of the test, if the test has not closed it. */
export async function testLedger(
  t: TestContext,
  directory: string,
  over: Partial<LedgerOptions> = {},
): Promise<Ledger> {
  const ledger = await openLedger({
    directory,
    fsync: 1_000,
    retain: { records: 400_000 * dayMs, bodies: 400_000 * dayMs },
    counter: { count: async () => ({ promptTokens: null, completionTokens: null }) },
    log: keptLog(),
    // A test's clock goes on by itself, and is right.
    ...(over.clock === undefined ? {} : { monotonic: over.clock }),
    ...over,
  })
  t.after(() => ledger.close())
  return ledger
}

export const bytes = (text: string): Uint8Array => Buffer.from(text)
export const textOf = (body: Uint8Array | null | undefined): string | null =>
  body === null || body === undefined ? null : Buffer.from(body).toString()
