import assert from 'node:assert/strict'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { temporaryDirectory } from '../../../../../test/support/directory.ts'
import { configInput, type House, idOf, startHouse } from '../../admin/house.fixture.ts'
import type { AdminOptions } from '../../admin/index.ts'
import { recordId, recordRow } from '../../admin/ledger.fixture.ts'
import { runningHouse } from '../../admin/running.fixture.ts'
import { configSchema } from '../../config/schema/index.ts'
import { type Run, type RunOptions, run } from '../run.fixture.ts'

const tenant = '11111111-2222-3333-4444-555555555555'
const person = (id: number, name: string) => ({
  callerObjectId: `0000000${id}-2222-3333-4444-555555555555`,
  callerName: name,
})
const alice = person(1, 'Alice@contoso.example')
const keyOf = ({ callerObjectId }: { readonly callerObjectId: string }): string => `user:${tenant}/${callerObjectId}`

async function start(t: TestContext, changes: Partial<AdminOptions> = {}) {
  const house = await startHouse(t, changes)
  await house.ledger.add(recordRow(recordId(1), alice))
  await house.ledger.add(recordRow(recordId(2), person(2, 'bob@contoso.example')))
  await house.ledger.add(recordRow(recordId(3), { ...person(3, 'bonnie@contoso.example'), workload: 'code-assistant' }))
  const token = (options?: { as?: string | undefined }): Promise<string> => house.token(options?.as ?? 'carol')
  const read = (args: readonly string[], options?: RunOptions): Promise<Run> =>
    run(args, { admin: house.admin.url, token, ...options })
  return { house, read }
}

/** Every command that filters records by name; `--from` where it has a period of its own. */
const readers: readonly (readonly string[])[] = [
  ['usage', '--from', '1000d'],
  ['usage', '--over', 'day', '--from', '30d'],
  ['records', 'list'],
  ['records', 'tail', '--count', '1'],
  ['people', '--from', '1000d'],
]

// "She made no calls" about a person whose name was mistyped is a false all-clear, which compliance would sign.
test('C8 a name that does not exist is said to be unknown, with the nearest, by every command with filters', async t => {
  const { read } = await start(t)
  for (const reader of readers) {
    for (const [filter, message] of [
      [
        ['--workload', 'hrbot'],
        'No workload is called hrbot.\n  The nearest is hr-bot. There are: code-assistant, hr-bot.\n  Try: --workload hr-bot',
      ],
      [['--instance', 'wset'], 'No instance is called wset.\n  The nearest is west. There are: '],
      [['--deployment', 'gpt4o'], 'No deployment is called gpt4o.\n  The nearest is gpt-4o. '],
      [['--model', 'gpt-40'], 'No model is called gpt-40.\n  The nearest is gpt-4o. '],
      [
        ['--operation', 'chat/completion'],
        'No operation is called chat/completion.\n  The nearest is chat/completions. ',
      ],
      [['--replica', 'nope'], 'No gateway process is called nope.'],
      [['--code', 'caller_not_bond'], 'No code is called caller_not_bond.\n  The nearest is caller_not_bound.'],
      [['--caller', 'zoe'], 'No caller is called zoe.\n  '],
    ] as const) {
      const { code, out, err } = await read([...reader, ...filter])
      assert.deepEqual([code, out], [1, ''], `${reader.join(' ')} ${filter.join(' ')}`)
      assert.ok(err.startsWith(`✗ name_unknown  ${message}`), `${reader.join(' ')}: ${err}`)
    }
  }
  for (const command of [
    ['records', 'search', 'leave', '--workload', 'hrbot', '--reason', 'a test'],
    ['limits', '--workload', 'hrbot'],
    ['ledger', 'export', '--out', join(temporaryDirectory('export'), 'records.csv'), '--workload', 'hrbot'],
  ]) {
    assert.match(
      (await read(command)).err,
      /^✗ name_unknown {2}No workload is called hrbot\.\n {2}The nearest is hr-bot\./,
    )
  }
})

test('C8 names that exist, of the configuration or of old records alone, give what there is', async t => {
  const { house, read } = await start(t)
  await house.ledger.add(
    recordRow(recordId(4), { ...alice, workload: 'retired', instance: 'north', outcome: 'failed', outcomeCode: 'own' }),
  )
  for (const filter of [
    ['--workload', 'retired'],
    ['--workload', 'code-assistant', '--caller', alice.callerName],
    ['--instance', 'north'],
    ['--instance', 'east'],
    ['--deployment', 'gpt-4o'],
    ['--code', 'own'],
    ['--code', 'backend_cut'],
    ['--operation', 'embeddings'],
  ]) {
    const { code, err } = await read(['records', 'list', ...filter])
    assert.deepEqual([code, err], [0, ''], filter.join(' '))
  }
})

test('C8 a caller is found by any unique beginning of name or id, in either case', async t => {
  const { read } = await start(t)
  const idsOf = ({ out }: Run): string[] =>
    out
      .split('\n')
      .slice(1, -1)
      .map(line => line.split(',')[0] ?? '')
  const list = (caller: string): Promise<Run> => read(['records', 'list', '--format', 'csv', '--caller', caller])
  for (const text of ['alice', 'ALICE@CONTOSO.EXAMPLE', alice.callerObjectId, keyOf(alice), '00000001']) {
    assert.deepEqual(idsOf(await list(text)), [recordId(1)], text)
  }
  // An audit names the person that it is about.
  assert.equal((await list('alice')).err, `· alice is Alice@contoso.example (${keyOf(alice)})\n`)
  assert.equal((await list('alice@contoso.example')).err, '')
  const several = await list('bo')
  assert.equal(several.code, 1)
  assert.match(
    several.err,
    /^✗ name_ambiguous {2}2 callers are meant by bo\.\n {2}They are: bo.+@contoso\.example \(user:.+\), bo/,
  )
  const none = await read(['usage', '--from', '1000d', '--caller', 'zoe'])
  assert.match(none.err, /^✗ name_unknown {2}No caller is called zoe\.\n {2}In this period: .*Alice@contoso\.example/)
})

// Names are addresses, and people type what stands before the @: measured to the whole address, no name is ever near.
test('C8 the nearest caller is found by what stands before the @, whoever called in the period', async t => {
  const { house, read } = await start(t)
  for (let at = 10; at < 20; at += 1) {
    const startedAtMs = recordRow(recordId(1)).startedAtMs + 1_000
    const named = { callerObjectId: `000000${at}-2222-3333-4444-555555555555`, callerName: `App number ${at}` }
    await house.ledger.add(recordRow(recordId(at), { ...named, startedAtMs }))
  }
  await house.ledger.add(recordRow(recordId(20), person(7, 'Zoe Smith')))
  for (const [text, nearest] of [
    ['alicia', 'Alice@contoso.example'],
    ['bbo', 'bob@contoso.example'],
    ['bonie@contoso.exmaple', 'bonnie@contoso.example'],
    ['bonnie@fabrikam.com', 'bonnie@contoso.example'],
    ['zoee', 'Zoe Smith'],
  ] as const) {
    const { err } = await read(['usage', '--from', '1000d', '--caller', text])
    assert.match(
      err,
      new RegExp(`^✗ name_unknown {2}No caller is called ${text}\\.\n {2}The nearest is ${nearest}\\. `),
      err,
    )
    assert.ok(err.endsWith(`  Try: --caller ${nearest.includes(' ') ? `'${nearest}'` : nearest}\n`), err)
  }
  const { err } = await read(['usage', '--from', '1d', '--caller', 'alicia'])
  assert.match(err, /The nearest is Alice@contoso\.example\. There is no call in this period\./)
})

test('C8 a former name of a caller finds all of its records, and two callers of one name are told apart', async t => {
  const { house, read } = await start(t)
  const later = { startedAtMs: recordRow(recordId(1)).startedAtMs + 1_000 }
  await house.ledger.add(recordRow(recordId(5), { ...alice, callerName: 'Alice Smith', ...later }))
  const { out } = await read(['records', 'list', '--format', 'csv', '--caller', 'Alice@contoso.example'])
  assert.equal(out.split('\n').length, 4, out)
  await house.ledger.add(recordRow(recordId(6), { ...person(6, 'alice smith'), ...later }))
  assert.match(
    (await read(['records', 'list', '--caller', 'Alice Smith'])).err,
    /^✗ name_ambiguous {2}2 callers are meant/,
  )
})

// A list of names that a developer may not see would be a way around what the records hide.
test('C8 a developer learns of the names that a developer may see, and of no others', async t => {
  const { admin, workloads } = configInput
  const config = configSchema.parse({
    ...configInput,
    admin: { roles: { ...admin.roles, developer: [{ user: idOf('dave') }] } },
    workloads: { ...workloads, 'hr-bot': { ...workloads['hr-bot'], callers: [{ user: idOf('dave') }] } },
  })
  const { read } = await start(t, { access: () => config.admin, house: runningHouse(config) })
  const list = async (...filter: readonly string[]): Promise<string> =>
    (await read(['records', 'list', '--as', 'dave', ...filter])).err
  assert.match(await list('--workload', 'code-assistant'), /^✗ role_missing {2}.* among their callers: hr-bot\./)
  assert.match(
    await list('--caller', 'bonnie'),
    /^✗ name_unknown {2}No caller is called bonnie\.\n {2}In this period: /,
  )
  assert.doesNotMatch(await list('--caller', 'zoe'), /bonnie/)
  assert.match(
    await list('--instance', 'nope'),
    /^✗ name_unknown {2}No instance is called nope in the records that you may/,
  )
})

test('C8 each name is looked up once for all pages', async t => {
  const { house, read } = await start(t)
  for (let at = 10; at < 2_110; at += 1) await house.ledger.add(recordRow(recordId(at), alice))
  await read(['records', 'list', '--limit', '2050', '--format', 'csv', '--caller', 'alice'])
  assert.equal(lookups(house), 1)
})

function lookups({ ledger }: House): number {
  return ledger.asked.filter(query => Object.hasOwn(Object(query), 'search')).length
}
