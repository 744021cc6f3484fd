import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { temporaryDirectory } from '../../../../../test/support/directory.ts'
import type { ReplayedCalls } from '../../admin/explain/index.ts'
import { startHouse } from '../../admin/house.fixture.ts'
import { recordId } from '../../admin/ledger.fixture.ts'
import { exampleText } from '../../config/example.ts'
import { type Run, run } from '../run.fixture.ts'

const report: ReplayedCalls = {
  calls: 12,
  same: 10,
  changes: [
    {
      id: recordId(1),
      startedAtMs: Date.UTC(2026, 10, 26, 12),
      caller: 'bob\u001b[31m',
      workload: 'hr-bot',
      kind: 'refused',
      codes: { before: null, after: 'caller_not_bound' },
      reason: 'You may not call.',
      settings: [],
    },
    {
      id: recordId(2),
      startedAtMs: Date.UTC(2026, 10, 26, 12),
      caller: null,
      workload: null,
      kind: 'allowed',
      codes: { before: 'workload_unknown', after: null },
      reason: 'Goes to east.',
      settings: [],
    },
  ],
  copies: 0,
  fromMs: Date.UTC(2026, 10, 26, 11),
  toMs: Date.UTC(2026, 10, 26, 12),
  untold: ['Bodies are not read.'],
}

async function started(t: TestContext): Promise<(args: readonly string[]) => Promise<Run>> {
  const house = await startHouse(t)
  Object.assign(house.running, { configuration: null })
  Object.assign(house.running.calls, { replay: async () => report })
  const file = join(temporaryDirectory('try'), 'tried.yaml')
  await writeFile(file, (await exampleText()).replace(/\$\{env:\w+\}/g, 'x'.repeat(32)))
  const token = (): Promise<string> => house.token('alice')
  return args => run(['config', 'try', file, ...args], { admin: house.admin.url, token })
}

// Whoever changes a rule reads here whom it shuts out, before it does.
test('a configuration is tried against the latest calls, and each call that changes is printed with its record', async t => {
  const tried = await started(t)
  const { code, out, err } = await tried([])
  assert.deepEqual([code, err], [0, ''])
  assert.match(out, /^12 calls \(2026-11-26 11:00 UTC to 2026-11-26 12:00 UTC\): 10 have the same result\.\n/)
  assert.match(
    out,
    /✗ would be refused now: 1\n {2}2026-11-26 12:00 UTC {2}bob·\[31m {2}hr-bot {2}caller_not_bound {2}\S+\n {6}You may not call\./,
  )
  assert.match(out, /✓ would be allowed now: 1\n/)
  assert.match(out, /What records do not tell:\n {2}· Bodies are not read\.\n$/)
  const strict = await tried(['--strict'])
  assert.equal(strict.code, 1)
  assert.match(strict.err, /calls_change/)
})

test('a configuration with problems is not tried, and a file that is not there is named', async t => {
  const tried = await started(t)
  const missing = await tried(['--records', '0'])
  assert.equal(missing.code, 2)
  const house = await startHouse(t)
  const file = join(temporaryDirectory('try'), 'wrong.yaml')
  await writeFile(file, 'nothing: 1\n')
  Object.assign(house.running, { configuration: null })
  const wrong = await run(['config', 'try', file], { admin: house.admin.url, token: () => house.token('alice') })
  assert.equal(wrong.code, 1)
  assert.match(wrong.err, /nothing/)
  assert.match(wrong.err, /config_invalid/)
  const absent = await run(['config', 'try', `${file}.not`], {
    admin: house.admin.url,
    token: () => house.token('alice'),
  })
  assert.match(absent.err, /config_unreadable/)
})
