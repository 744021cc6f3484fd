import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { startHouse } from '../../admin/house.fixture.ts'
import { recordId, recordRow } from '../../admin/ledger.fixture.ts'
import type { SearchPage } from '../../ledger/search/index.ts'
import { type Run, type RunOptions, run } from '../run.fixture.ts'

async function startSearch(t: TestContext) {
  const house = await startHouse(t)
  const token = (options?: { as?: string | undefined }): Promise<string> => house.token(options?.as ?? 'carol')
  const dayMs = Date.UTC(2026, 10, 20, 18)
  return {
    house,
    search: (args: readonly string[], options?: RunOptions): Promise<Run> =>
      run(['records', 'search', ...args, '--reason', 'a test'], {
        admin: house.admin.url,
        token,
        nowMs: dayMs,
        ...options,
      }),
  }
}

const said = (content: string): { request: Buffer; response: null } => ({
  request: Buffer.from(JSON.stringify({ messages: [{ role: 'user', content }] })),
  response: null,
})
const inBot = ['--workload', 'hr-bot']

test('a search prints the places of today as a table, and how many records it has searched', async t => {
  const { house, search } = await startSearch(t)
  await house.ledger.add(recordRow(recordId(1)), said('How many days of\nLeave do I have?\u001b[2J'))
  await house.ledger.add(recordRow(recordId(2)), said('something else'))
  const { code, out, err } = await search(['leave', ...inBot])
  assert.deepEqual([code, err], [0, ''])
  const lines = out.split('\n')
  assert.match(lines[0] ?? '', /^time \(UTC\) +id +caller +in +text$/)
  assert.equal(
    lines[2],
    `2026-11-20 09:30:00  ${recordId(1)}  carol@contoso.example  request  How many days of Leave do I have?·[2J`,
  )
  assert.equal(lines[4], '1 found; searched 2 of 2 records of hr-bot on 2026-11-20 (UTC).')
  // What was found is what the reader looks for.
  await house.ledger.add(recordRow(recordId(3)), said('For how many days of parental leave can I stay at home?'))
  for (const columns of [80, 120, 200]) {
    const { out: narrow } = await search(['parental leave', ...inBot], { columns })
    assert.match(narrow, /days of parental leave/, `${columns}`)
  }
})

test('a search goes on over answers until it has its hits, and says how the rest is searched', async t => {
  const { house, search } = await startSearch(t)
  for (let number = 1; number <= 5; number++) await house.ledger.add(recordRow(recordId(number)), said('leave'))
  const { out } = await search(['leave', ...inBot, '--limit', '2'])
  assert.match(out, /^2 found; searched 2 of 5 records of hr-bot on 2026-11-20 \(UTC\)\.$/m)
  const rest = `--day 2026-11-20 --before ${recordId(4)}`
  assert.match(out, new RegExp(`^Stopped early\\. The rest: the same with ${rest}$`, 'm'))
  const json = await search(['leave', ...inBot, ...rest.split(' '), '--format', 'json'])
  const page: SearchPage = JSON.parse(json.out)
  assert.deepEqual(
    page.hits.map(({ id }) => id),
    [3, 2, 1].map(recordId),
  )
  assert.deepEqual([page.searched, page.records, page.next], [3, 3, null])
  const csv = await search(['leave', ...inBot, '--format', 'csv'])
  assert.equal(csv.out.split('\n').length, 7)
  assert.match(csv.out, /^startedAt,id,callerKey,callerName,in,before,found,after\n2026-11-20T09:30:00\.000Z,/)
  assert.match(csv.err, /^5 found/)
})

// "Nothing found" must not be read as "nothing was said".
test('a search says which records had no bodies to search', async t => {
  const { house, search } = await startSearch(t)
  await house.ledger.add(recordRow(recordId(1)))
  await house.ledger.add(recordRow(recordId(2), { startedAtMs: Date.UTC(2026, 8, 1) }), said('leave'))
  const figures = await search(['leave', ...inBot])
  assert.match(figures.out, /^0 found; searched 1 of 1 records/)
  assert.match(figures.out, /^1 of them never had bodies: .*capture: metadata/m)
  const old = await search(['leave', ...inBot, '--day', '2026-09-01'])
  assert.match(old.out, /^1 of them have no bodies any more: ledger\.retain\.bodies deleted them\.$/m)
  const none = await search(['leave', ...inBot, '--day', '2026-11-19'])
  assert.equal(none.out, 'There are no records of hr-bot on 2026-11-19 (UTC).\n')
})

test('a wrong search exits 2 without a question; one that the gateway refuses says why', async t => {
  const { house, search } = await startSearch(t)
  const wrong = [
    ['leave'],
    ['', ...inBot],
    [' a ', ...inBot],
    ['a'.repeat(257), ...inBot],
    ['leave', ...inBot, '--day', '2026-02-30'],
    ['leave', ...inBot, '--day', 'yesterday'],
    ['leave', ...inBot, '--limit', '201'],
    ['leave', ...inBot, '--seconds', '0'],
  ]
  for (const args of wrong) {
    const { code, err } = await search(args)
    assert.equal(code, 2, `${args.join(' ')}: ${err}`)
    assert.match(err, /^✗ /)
  }
  assert.equal(house.ledger.asked.length, 0)
  const unknown = await search(['leave', '--workload', 'nobody'])
  assert.match(
    unknown.err,
    /^✗ name_unknown {2}No workload is called nobody\.\n {2}There are: code-assistant, hr-bot\.\n$/,
  )
  const viewer = await search(['leave', ...inBot, '--as', 'bob'])
  assert.match(viewer.err, /^✗ role_missing {2}This needs the role auditor/)
})
