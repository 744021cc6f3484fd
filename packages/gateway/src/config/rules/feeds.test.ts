import assert from 'node:assert/strict'
import { test } from 'node:test'
import { brief, changedBy, check } from './rules.fixture.ts'

const files = { kind: 'files', directory: './out' }

test('a feed needs its kind and its directory only', async () => {
  const { errors, warnings } = await check(changedBy({ 'feeds/archive': files }))
  assert.deepEqual([brief(errors), brief(warnings)], [[], []])
})

const faults: readonly [what: string, feeds: Readonly<Record<string, unknown>>, problems: readonly string[]][] = [
  ['two feeds of one directory', { a: files, b: { ...files, directory: 'x/../out' } }, ['conflict feeds.b.directory']],
  [
    'a feed within the directory of another',
    { a: files, b: { ...files, directory: 'out/b' } },
    ['conflict feeds.b.directory'],
  ],
  ['the directory of the ledger', { a: { ...files, directory: './ledger' } }, ['conflict feeds.a.directory']],
  ['a directory around the ledger', { a: { ...files, directory: '.' } }, ['conflict feeds.a.directory']],
  ['an unknown workload', { a: { ...files, workloads: ['bit'] } }, ['unknown_name feeds.a.workloads[0]']],
  ['a workload twice', { a: { ...files, workloads: ['bot', 'bot'] } }, ['duplicate feeds.a.workloads[1]']],
  ['the form apim without bodies', { a: { ...files, form: 'apim' } }, ['conflict feeds.a.bodies']],
  [
    'columns of the form apim',
    { a: { ...files, form: 'apim', bodies: true, columns: ['User'] } },
    ['conflict feeds.a.columns'],
  ],
  ['an unknown outcome', { a: { ...files, outcomes: ['done'] } }, ['wrong_value feeds.a.outcomes[0]']],
  ['an unknown kind', { a: { ...files, kind: 'file' } }, ['wrong_value feeds.a.kind']],
  ['a feed without a kind', { a: { directory: './out' } }, ['missing_key feeds.a.kind']],
  ['an unknown key', { a: { ...files, folder: 'x' } }, ['unknown_key feeds.a.folder']],
  ['a batch without records', { a: { ...files, batch: { records: 0 } } }, ['wrong_value feeds.a.batch.records']],
]
for (const [what, feeds, problems] of faults) {
  test(`refused: ${what}`, async () => {
    const { errors } = await check(changedBy({ feeds }))
    assert.deepEqual(brief(errors), problems)
  })
}
