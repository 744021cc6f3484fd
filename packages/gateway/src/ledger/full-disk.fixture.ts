/**
 * A ledger that takes commands, one per line: `node full-disk.fixture.ts DIRECTORY`. Answers each with a line of JSON.
 */
import { createInterface } from 'node:readline'
import { closedOf, dayMs, newId, openedOf } from './exchange.fixture.ts'
import { LedgerError } from './index.ts'
import { openLedger } from './open.ts'

const silent = { info: () => {}, warn: () => {}, error: () => {} }
const ledger = await openLedger({
  directory: process.argv[2] ?? '',
  fsync: 1_000,
  retain: { records: 400_000 * dayMs, bodies: 400_000 * dayMs },
  counter: { count: async () => ({ promptTokens: null, completionTokens: null }) },
  log: silent,
  journal: { retryMs: 20 },
})
const { journal } = ledger
let open: string[] = []
const say = (answer: object): boolean => process.stdout.write(`${JSON.stringify(answer)}\n`)

async function openSome(count: number, body: Uint8Array): Promise<{ opened: string[]; code: string | null }> {
  const ids = Array.from({ length: count }, newId)
  const results = await Promise.allSettled(ids.map(id => journal.open(openedOf(id), [body])))
  const failed = results.find(result => result.status === 'rejected')
  const code = failed?.reason instanceof LedgerError ? failed.reason.code : null
  return { opened: ids.filter((_, index) => results[index]?.status === 'fulfilled'), code }
}

/** Opens exchanges until the disk is full. They stay open. */
async function flood(): Promise<void> {
  const opened: string[] = []
  for (;;) {
    const step = await openSome(8, Buffer.alloc(3_000, 'x'))
    opened.push(...step.opened)
    if (step.code !== null) return void say({ opened, code: step.code, writable: journal.writable })
  }
}

/** Closes what `open` opened, each after a piece of its answer. */
async function close(): Promise<void> {
  const results = await Promise.allSettled(
    open.map(async id => {
      journal.progress(id, 'response', [Buffer.from('answer ')]).catch(() => {})
      await journal.close(closedOf(id), [Buffer.from(id)])
    }),
  )
  open = []
  say({ rejected: results.filter(({ status }) => status === 'rejected').length })
}

async function untilWritable(): Promise<void> {
  while (!journal.writable) await new Promise(resolve => setTimeout(resolve, 5))
  say({ writable: true })
}

async function run(line: string): Promise<void> {
  const [command, count] = line.split(' ')
  switch (command) {
    case 'open': {
      const step = await openSome(Number(count), Buffer.from('question'))
      open.push(...step.opened)
      return void say(step)
    }
    case 'flood':
      return flood()
    case 'close':
      return close()
    case 'writable':
      return void say({ writable: journal.writable })
    case 'wait':
      return untilWritable()
    default:
      throw new RangeError(`unknown command ${line}`)
  }
}

say({ ready: true })
for await (const line of createInterface({ input: process.stdin })) await run(line)
