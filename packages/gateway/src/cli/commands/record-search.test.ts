import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startHouse } from '../../admin/house.fixture.ts'
import { recordId, recordRow } from '../../admin/ledger.fixture.ts'
import { type Run, run } from '../run.fixture.ts'

// Bodies are for auditors, and who has read them is on record; neither may depend on the way to them.
test('records search shows auditors what was said, refuses others, and is logged without the text', async t => {
  const house = await startHouse(t)
  const search = (as: string, ...rest: string[]): Promise<Run> =>
    run(['records', 'search', 'salary of Erna', '--workload', 'hr-bot', '--as', as, ...rest], {
      admin: house.admin.url,
      token: options => house.token(options?.as ?? 'carol'),
    })
  const request = Buffer.from('{"input":"What is the salary of Erna?"}')
  await house.ledger.add(recordRow(recordId(1)), { request, response: null })
  await house.ledger.add(recordRow(recordId(2)), { request: Buffer.from('{}'), response: null })

  const found = await search('carol', '--day', '2026-11-20')
  assert.deepEqual([found.code, found.err], [0, ''])
  assert.match(found.out, new RegExp(`${recordId(1)} .* request .*"What is the salary of Erna\\?"`))
  assert.match(found.out, /2 records searched\.\n$/)
  assert.match((await search('carol')).out, /^Nothing found\.\n\n0 records searched/)
  const csv = await search('carol', '--day', '2026-11-20', '--format', 'csv')
  assert.equal(csv.out.split('\n')[0], 'started,id,caller,part,excerpt')

  const refused = await search('bob', '--day', '2026-11-20')
  assert.equal(refused.code, 1)
  assert.match(refused.err, /role auditor/)

  const lines = house.logged.filter(({ event }) => event === 'bodies_searched')
  assert.deepEqual(
    lines.map(({ fields }) => {
      const { audit, workload, day } = fields as Record<string, unknown>
      return [audit, workload, day]
    }),
    [
      [true, 'hr-bot', '2026-11-20'],
      [true, 'hr-bot', '2026-11-23'],
      [true, 'hr-bot', '2026-11-20'],
    ],
  )
  assert.ok(!JSON.stringify(house.logged).includes('Erna'))
})
