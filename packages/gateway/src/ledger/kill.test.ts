import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { temporaryDirectory } from '../../../../test/support/directory.ts'
import { randomOf, seedOfRun } from '../../../../test/support/random.ts'
import { eventually } from '../../../../test/support/wait.ts'
import { testLedger, textOf } from './exchange.fixture.ts'
import { linesModule, linesOf } from './feeds/lines.fixture.ts'
import { endOfFiles, Follower, startOfFiles } from './journal/follower.ts'
import { at, frameKind } from './journal/frame.ts'
import { readId } from './journal/ids.ts'

const program = fileURLToPath(new URL('./writer.fixture.ts', import.meta.url))
const kills = 10

/**
 * Runs the writer and kills it after `lines` acknowledged steps.
 * @param feed file of the writer's feed.
 * @returns the steps, in order.
 */
async function runAndKill(directory: string, lines: number, ...feed: string[]): Promise<string[]> {
  const child = spawn(process.execPath, [program, directory, '16', ...feed], { stdio: ['ignore', 'pipe', 'inherit'] })
  const exited = once(child, 'exit')
  const said: string[] = []
  for await (const line of createInterface({ input: child.stdout })) {
    if (line !== 'ready') said.push(line)
    // What is still in the pipe after this line was acknowledged too, and is read before the loop ends.
    if (said.length >= lines) child.kill('SIGKILL')
  }
  await exited
  return said
}

// After any crash it must be known who paid for a call: no call may be missing, none may be there twice.
test('P1 after ten kills at random moments every acknowledged exchange has exactly one record', {
  timeout: 120_000,
}, async t => {
  const directory = temporaryDirectory('ledger')
  const acknowledged = new Map<string, Set<string>>([
    ['opened', new Set()],
    ['progress', new Set()],
    ['closed', new Set()],
  ])
  const random = randomOf(seedOfRun())
  for (let kill = 0; kill < kills; kill++) {
    // From the first step on: a process may also die while it closes what the previous process left open.
    const lines = kill === 0 ? 1 : 1 + random.below(2_500)
    for (const line of await runAndKill(directory, lines)) {
      const [step = '', id = ''] = line.split(' ')
      acknowledged.get(step)?.add(id)
    }
  }
  const ledger = await testLedger(t, directory)
  const records = new Map<string, { outcome: string; tokens: number | null }>()
  let before: string | undefined
  do {
    const page = await ledger.list({ limit: 1_000, ...(before === undefined ? {} : { before }) })
    for (const row of page.records) {
      assert.ok(!records.has(row.id), `${row.id} has two records`)
      records.set(row.id, { outcome: row.outcome, tokens: row.usage.totalTokens })
    }
    before = page.next ?? undefined
  } while (before !== undefined)

  const opened = acknowledged.get('opened') ?? new Set()
  const closed = acknowledged.get('closed') ?? new Set()
  assert.ok(opened.size > 500, `only ${opened.size} exchanges were opened`)
  assert.deepEqual(
    [...opened].filter(id => !records.has(id)),
    [],
    'opened without a record',
  )
  for (const id of closed) assert.deepEqual(records.get(id), { outcome: 'completed', tokens: 7 })
  assert.equal((await ledger.usage({ by: ['outcome'] })).total.calls, records.size)
  await assertBodies(ledger, acknowledged)
})

/** Ids of the exchanges that a journal holds, in the order of their ends. */
function endsIn(directory: string): string[] {
  const journal = join(directory, 'journal')
  const follower = new Follower(journal, startOfFiles(journal), damage => assert.fail(JSON.stringify(damage)))
  const ids: string[] = []
  while (follower.next(endOfFiles(journal))) {
    const { kind, window, headAt } = follower.entry
    if (kind === frameKind.closed) ids.push(readId(window, headAt + at.id))
  }
  follower.close()
  return ids
}

// A feed is the bill or the audit trail of another system: a crash may repeat an exchange there, but never leave one
// out or swap two.
test('P1 after five kills at random moments a feed has every exchange with its bodies, in the order of the journal', {
  timeout: 120_000,
}, async t => {
  const directory = temporaryDirectory('ledger')
  const file = join(temporaryDirectory('ledger'), 'lines')
  const random = randomOf(seedOfRun())
  const acknowledged: string[] = []
  for (let kill = 0; kill < 5; kill++) {
    for (const line of await runAndKill(directory, 1 + random.below(2_500), file)) {
      if (line.startsWith('closed ')) acknowledged.push(line.slice('closed '.length))
    }
  }
  const settings = { file, refusing: `${file}.refusing` }
  const feeds = [{ name: 'lines', kind: 'lines', module: linesModule, settings }]
  const ledger = await testLedger(t, directory, { feeds, loadEveryMs: 5 })
  await ledger.caughtUp()
  const ends = endsIn(directory)
  const last = ends.at(-1)
  await eventually('the feed has the last one', () => linesOf(file).some(({ id }) => id === last) || null, 60_000)
  await ledger.close()
  const lines = linesOf(file)
  assert.deepEqual([...new Set(lines.map(({ id }) => id))], ends)
  const taken = new Map(lines.map(line => [line.id, line]))
  assert.ok(acknowledged.length > 50, `only ${acknowledged.length} exchanges were closed`)
  for (const id of acknowledged) {
    const response = `part 0 part 1 part 2 end ${id}`
    assert.deepEqual(taken.get(id), { id, opened: id, outcome: 'completed', request: `question ${id}`, response })
  }
})

async function assertBodies(
  ledger: Awaited<ReturnType<typeof testLedger>>,
  acknowledged: ReadonlyMap<string, ReadonlySet<string>>,
): Promise<void> {
  const closed = acknowledged.get('closed') ?? new Set()
  let looked = 0
  for (const id of acknowledged.get('progress') ?? []) {
    const whole = closed.has(id)
    if (whole && looked++ % 20 !== 0) continue
    const bodies = await ledger.bodies(id)
    assert.equal(textOf(bodies?.request), `question ${id}`)
    const response = textOf(bodies?.response) ?? ''
    if (whole) assert.equal(response, `part 0 part 1 part 2 end ${id}`)
    else assert.ok(response.startsWith('part 0 '), 'what was acknowledged before the kill is in the ledger')
  }
}
