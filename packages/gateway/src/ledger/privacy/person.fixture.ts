/** A ledger with the calls of two people, of whom one is to be erased. */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { bytes, closedOf, dayMs, keptLog, newId, openedOf } from '../exchange.fixture.ts'
import type { Ledger } from '../index.ts'
import type { LedgerOptions } from '../open.ts'
import type { Closed, Opened } from '../record.ts'
import { checkLedger } from '../upkeep/check.ts'
import type { EraseFilter } from './index.ts'

export const start = Date.UTC(2026, 0, 1)
export const tenant = '11111111-2222-3333-4444-555555555555'
export const alice = 'a11ce000-3333-4444-5555-666666666666'
export const bob = 'b0b00000-3333-4444-5555-666666666666'
export const filterOf = (more: Partial<EraseFilter> = {}): EraseFilter => ({
  ...{ caller: `user:${tenant}/${alice}`, workload: null, fromMs: null, toMs: null },
  ...more,
})
/** What only Alice's records have. */
export const planted = [
  alice,
  'Alice Planted',
  '10.9.8.7',
  'planted-agent',
  'planted-path',
  'planted-model',
  'planted-backend',
]
export const secret = 'planted prompt'

/** The halves of a call. @param number decides what they hold. */
export function callOf(id: string, who: string, number: number): { readonly opened: Opened; readonly closed: Closed } {
  const isAlice = who === alice
  const startedAtMs = start + number * 1_800_000
  const opened = openedOf(id, {
    ...{ callerObjectId: who, callerName: isAlice ? 'Alice Planted' : 'Bob Example', startedAtMs },
    ...{ clientAddress: isAlice ? '10.9.8.7' : '10.1.1.1', userAgent: isAlice ? 'planted-agent/1' : 'agent/1' },
    ...{ path: isAlice ? '/main/hr-bot/openai/planted-path' : '/main/hr-bot/openai/v1/chat/completions' },
    workload: number % 3 === 0 ? 'code-assistant' : 'hr-bot',
    requestedModel: isAlice && number % 4 === 0 ? 'planted-model' : 'gpt-4o',
  })
  const closed = closedOf(id, {
    ...{ endedAtMs: startedAtMs + 900, requestBytes: 60, responseBytes: 60 },
    backendRequestId: isAlice ? 'planted-backend' : 'backend-1',
    objectId: number % 5 === 0 ? `resp_${id}` : null,
  })
  return { opened, closed }
}

/** Writes calls of Alice and Bob in turn: in one entry, in two, and in parts. @returns ids of each. */
export async function fill(
  ledger: Ledger,
  calls: number,
  from = 0,
): Promise<{ readonly alice: string[]; readonly bob: string[] }> {
  const ids = { alice: [] as string[], bob: [] as string[] }
  for (let number = from; number < from + calls; number++) {
    for (const name of ['alice', 'bob'] as const) {
      const id = newId()
      ids[name].push(id)
      const { opened, closed } = callOf(id, name === 'alice' ? alice : bob, number)
      const said = name === 'alice' ? secret : 'ordinary prompt'
      if (number % 3 === 0) {
        await ledger.journal.close({ ...closed, opened }, [bytes(`answer to ${said} ${id}`)], [bytes(`${said} ${id}`)])
        continue
      }
      await ledger.journal.open(opened, [bytes(`${said} ${id}`)])
      if (number % 3 === 1) await ledger.journal.progress(id, 'response', [bytes(`more of ${said} `)])
      await ledger.journal.close(closed, [bytes(`answer to ${said} ${id}`)])
    }
  }
  return ids
}

export const options = (over: Partial<LedgerOptions> = {}): Partial<LedgerOptions> => ({
  ...{ clock: () => start + 5 * dayMs, log: keptLog(), journal: { segmentBytesMax: 8_000 } },
  ...over,
})

/** Files of the directory that have one of these texts, read as they are. */
export function filesWith(directory: string, texts: readonly string[]): string[] {
  const names = readdirSync(directory, { recursive: true, encoding: 'utf8' })
  return names.filter(name => {
    const path = join(directory, name)
    if (!statSync(path).isFile()) return false
    const content = readFileSync(path)
    return texts.some(text => content.includes(text))
  })
}

/** Records of archives that have one of these texts in a column; Parquet is compressed. */
export async function archivesWith(directory: string, texts: readonly string[]): Promise<number> {
  const instance = await DuckDBInstance.create(':memory:')
  const connection = await instance.connect()
  const rows = `read_parquet('${directory}/archive/*/*.parquet', union_by_name = true)`
  const any = texts.map(text => `contains(t::VARCHAR, '${text}')`).join(' OR ')
  const found = await connection.runAndReadAll(`SELECT count(*) FROM ${rows} t WHERE ${any}`)
  connection.closeSync()
  instance.closeSync()
  return Number(found.getRows()[0]?.[0])
}

export const faultsOf = async (directory: string): Promise<readonly string[]> =>
  (await checkLedger(directory)).flatMap(({ faults }) => faults)

/** Names of the store that have one of these texts. The ledger must be closed. */
export async function namesWith(directory: string, texts: readonly string[]): Promise<number> {
  const instance = await DuckDBInstance.create(':memory:')
  const connection = await instance.connect()
  await connection.run(`ATTACH '${directory}/ledger.duckdb' AS store (READ_ONLY)`)
  const any = texts.map(text => `contains(text, '${text}')`).join(' OR ')
  const found = await connection.runAndReadAll(`SELECT count(*) FROM store.names WHERE ${any}`)
  connection.closeSync()
  instance.closeSync()
  return Number(found.getRows()[0]?.[0])
}
