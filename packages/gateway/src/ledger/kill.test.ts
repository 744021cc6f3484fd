import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { randomOf, seedOfRun } from '../../../../test/support/random.ts'
import { temporaryDirectory, testLedger, textOf } from './exchange.fixture.ts'

const program = fileURLToPath(new URL('./writer.fixture.ts', import.meta.url))
const kills = 10

/** Runs the writer, kills it after `lines` acknowledged steps, and answers what it acknowledged, step by step. */
async function runAndKill(directory: string, lines: number): Promise<string[]> {
  const child = spawn(process.execPath, [program, directory, '16'], { stdio: ['ignore', 'pipe', 'inherit'] })
  const exited = once(child, 'exit')
  const said: string[] = []
  for await (const line of createInterface({ input: child.stdout })) {
    if (line !== 'ready') said.push(line)
    // What is still in the pipe behind this line was acknowledged as well, and is read before the loop ends.
    if (said.length >= lines) child.kill('SIGKILL')
  }
  await exited
  return said
}

// Who paid for a call must be answerable after any crash: not a call less, not a call twice.
test('P1 after ten kills at random moments every acknowledged exchange has exactly one record', {
  timeout: 120_000,
}, async t => {
  const directory = temporaryDirectory(t)
  const acknowledged = new Map<string, Set<string>>([
    ['opened', new Set()],
    ['progress', new Set()],
    ['closed', new Set()],
  ])
  const random = randomOf(seedOfRun())
  for (let kill = 0; kill < kills; kill++) {
    // From the very first step on; a process may also die while it still ends what the one before left open.
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
    else assert.ok(response.startsWith('part 0 '), 'what was acknowledged before the kill is there')
  }
}
