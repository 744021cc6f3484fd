import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { configInput, idOf, startHouse } from '../../admin/house.fixture.ts'
import { recordId, recordRow } from '../../admin/ledger.fixture.ts'
import { configSchema } from '../../config/schema/index.ts'
import type { EraseCertificate } from '../../ledger/privacy/index.ts'
import { type Run, run } from '../run.fixture.ts'
import { columnsOf } from '../terminal/printable.ts'

const roles = { ...configInput.admin.roles, custodian: [{ user: idOf('bob') }], eraser: [{ user: idOf('alice') }] }
const { admin: access } = configSchema.parse({ ...configInput, admin: { roles } })
const caller = 'carol@contoso.example'

async function started(t: TestContext) {
  const house = await startHouse(t, { access: () => access })
  for (let number = 1; number <= 3; number++) {
    await house.ledger.add(recordRow(recordId(number)), { request: Buffer.from('question'), response: null })
  }
  const as =
    (name: string) =>
    (...args: readonly string[]): Promise<Run> =>
      run(['records', ...args], { admin: house.admin.url, token: () => house.token(name) })
  return { house, eraser: as('alice'), custodian: as('bob') }
}

// Who types a part of the first command again erases other records, or none, and keeps no certificate.
test('the first command prints the second one whole, with what was given, for a terminal of 80 columns', async t => {
  const { house } = await started(t)
  const given = ['--caller', caller, '--workload', 'hr-bot', '--from', '2026-11']
  const options = { admin: house.admin.url, token: () => house.token('alice'), columns: 80 }
  const { out } = await run(['records', 'erase', ...given, '--as', 'alice'], options)
  const lines = out.split('\n')
  const whole = /^ {2}gatehouse records erase (.*) --confirm \S+ --reason "Request 4711" --json > certificate\.json$/
  const same = lines.map(line => whole.exec(line)?.[1]).find(found => found !== undefined)
  assert.equal(same, [...given, '--as', 'alice'].join(' '))
  const wide = lines.filter(line => columnsOf(line) > 80 && !whole.test(line) && line.trim().includes(' '))
  assert.deepEqual(wide, [])
})

test('the printed command keeps the reason that was given with the first one', async t => {
  const { eraser } = await started(t)
  const { out } = await eraser('erase', '--caller', caller, '--reason', "Request 12, O'Neil & Sons")
  assert.match(out, / UTC:\n {2}gatehouse records erase .* --reason 'Request 12, O'\\''Neil & Sons' --json > /)
})

test('a person is erased by two commands, and the certificate is printed', async t => {
  const { house, eraser } = await started(t)
  const preview = await eraser('erase', '--caller', caller)
  assert.equal(preview.code, 0, preview.err)
  assert.match(preview.out, /^Nothing is erased yet/)
  assert.match(preview.out, / records +3, from 2026-11-20 09:30:00 to 2026-11-20 09:30:00 UTC\n/)
  assert.equal((await house.ledger.row(recordId(1)))?.callerName, caller)
  const token = /--confirm (\S+)/.exec(preview.out)?.[1] ?? ''
  const unexplained = await eraser('erase', '--caller', caller, '--confirm', token)
  assert.equal(unexplained.code, 2)
  assert.match(unexplained.err, /needs --reason/)
  const done = await eraser('erase', '--caller', caller, '--confirm', token, '--reason', 'Request 7')
  assert.equal(done.code, 0, done.err)
  assert.match(done.out, /^✓ Erased: certificate [0-9a-f-]{36}\n/)
  assert.match(done.out, /Not removed:\n {2}- /)
  assert.ok(!done.out.includes(caller))
  assert.equal((await house.ledger.row(recordId(1)))?.callerName, null)
  const listed = await eraser('erasures')
  assert.match(listed.out, / done +3 +\d+ +0 +Request 7\n/)
  const [first] = JSON.parse((await eraser('erasures', '--format', 'json')).out) as { certificate: EraseCertificate }[]
  assert.equal(first?.certificate.reason, 'Request 7')
})

test('a legal hold is set, listed and lifted, and shown to who would erase', async t => {
  const { eraser, custodian } = await started(t)
  const everything = await custodian('hold', 'add', '--reason', 'Case 41')
  assert.equal(everything.code, 2)
  assert.match(everything.err, /names no records/)
  const set = await custodian('hold', 'add', '--caller', caller, '--from', '2026-11', '--reason', 'Case 41')
  assert.match(set.out, /Held from now on: records of user:\S+ from 2026-11-01 00:00:00 UTC\.\n$/)
  const id = /✓ (\S+)/.exec(set.out)?.[1] ?? ''
  assert.match((await custodian('hold', 'list')).out, new RegExp(`${id} .*Case 41\n`))
  const preview = await eraser('erase', '--caller', caller)
  assert.match(preview.out, / on hold +3 further records stay/)
  assert.match(preview.out, new RegExp(`\n +${id}\n`))
  assert.match((await custodian('hold', 'remove', id)).out, /No longer held/)
  assert.equal((await custodian('hold', 'list')).out, 'No legal holds.\n')
})
