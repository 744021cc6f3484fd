/**
 * A process that writes exchanges until it is killed: `node writer.fixture.ts DIRECTORY CONCURRENCY [FEED]`. It prints
 * `ready`, then a line for each promise of the journal that resolved: `opened ID`, `progress ID`, `closed ID`. Bodies
 * are made of the id. With FEED, a feed writes every exchange as a line of that file.
 */

import { writeSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { randomOf, seedOfRun } from '../../../../test/support/random.ts'
import { noUsage } from '../wire/usage.ts'
import { closedOf, dayMs, newId, openedOf } from './exchange.fixture.ts'
import { linesModule } from './feeds/lines.fixture.ts'
import { openLedger } from './open.ts'

const [directory = '', concurrency = '1', feedFile] = process.argv.slice(2)
const settings = { file: feedFile, refusing: `${feedFile}.refusing` }
/** Synchronous, so that a line is out before the next step; it waits while the pipe is full. */
function say(line: string): void {
  const text = Buffer.from(`${line}\n`)
  for (let written = 0; written < text.byteLength; ) {
    try {
      written += writeSync(1, text, written)
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) throw error
    }
  }
}
const log = {
  info: () => {},
  warn: () => {},
  error: (_: object, message: string) => process.stderr.write(`${message}\n`),
}

const ledger = await openLedger({
  directory,
  fsync: 1_000,
  retain: { records: 400_000 * dayMs, bodies: 400_000 * dayMs },
  counter: { count: async () => ({ promptTokens: 1, completionTokens: 1 }) },
  log,
  journal: { segmentBytesMax: 60_000 },
  loadEveryMs: 20,
  feeds: feedFile === undefined ? [] : [{ name: 'lines', kind: 'lines', module: linesModule, settings }],
})
say('ready')

const random = randomOf(seedOfRun())

async function exchange(): Promise<void> {
  const id = newId()
  await ledger.journal.open(openedOf(id), [Buffer.from(`question ${id}`)])
  say(`opened ${id}`)
  const usage = { ...noUsage, source: 'reported' as const, promptTokens: 3, completionTokens: 4, totalTokens: 7 }
  for (let part = 0; part < 3; part++) {
    await ledger.journal.progress(id, 'response', [Buffer.from(`part ${part} `)])
    if (part === 0) say(`progress ${id}`)
    if (random.chance(0.2)) await wait(1)
  }
  await ledger.journal.close(closedOf(id, { usage }), [Buffer.from(`end ${id}`)])
  say(`closed ${id}`)
}

async function seat(): Promise<void> {
  for (;;) await exchange()
}

if (Number(concurrency) === 0) await wait(600_000)
await Promise.all(Array.from({ length: Number(concurrency) }, seat))
