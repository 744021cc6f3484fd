import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { startHouse } from '../../admin/house.fixture.ts'
import { recordId, recordRow } from '../../admin/ledger.fixture.ts'
import { ordered } from '../../admin/usage-order.ts'
import type { RecordRow } from '../../ledger/record.ts'
import { type Run, type RunOptions, run } from '../run.fixture.ts'
import { columnsOf } from '../terminal/printable.ts'

async function startReaders(t: TestContext) {
  const house = await startHouse(t)
  const token = (options?: { as?: string | undefined }): Promise<string> => house.token(options?.as ?? 'carol')
  return {
    house,
    read: (args: readonly string[], options?: RunOptions): Promise<Run> =>
      run(args, { admin: house.admin.url, token, ...options }),
  }
}

/** Three calls of two workloads, one of them refused. */
const rows: readonly RecordRow[] = [
  recordRow(recordId(1)),
  recordRow(recordId(2), {
    workload: 'code-assistant',
    callerName: 'bob',
    usage: { ...recordRow('').usage, totalTokens: 1_000_000 },
  }),
  recordRow(recordId(3), { outcome: 'refused', outcomeCode: 'caller_not_bound', status: 403, workload: null }),
]

test('usage prints a table with a total and right-aligned numbers', async t => {
  const { house, read } = await startReaders(t)
  for (const row of rows) await house.ledger.add(row)
  const { code, out, err } = await read(['usage', '--by', 'workload'])
  assert.deepEqual([code, err], [0, ''])
  const lines = out.split('\n')
  assert.equal(lines[0], 'Usage in November 2026 so far (UTC)')
  const at = (line: number, title: string): string => {
    const end = (lines[2] ?? '').indexOf(title) + title.length
    return (lines[line] ?? '').slice(0, end).split(' ').at(-1) ?? ''
  }
  assert.match(lines[4] ?? '', /^code-assistant /)
  assert.equal(at(4, 'tokens'), '1,000,000')
  assert.match(lines[6] ?? '', /^\(none\) /)
  assert.match(lines[8] ?? '', /^total /)
  assert.equal(at(8, 'calls'), '3')
  assert.equal(at(8, 'refused'), '1')
  assert.equal(at(8, 'tokens'), '1,002,468')
})

// An invoice that leaves out calls without a price looks right and is too low.
test('usage sums costs by currency and says which calls are in no sum', async t => {
  const { house, read } = await startReaders(t)
  const priced = (nano: number, currency: string) => ({ cost: { nano, currency, price: 'gpt-4o 2024-10-01' } })
  await house.ledger.add(recordRow(recordId(1), priced(1_234_000_000_000, 'USD')))
  await house.ledger.add(recordRow(recordId(2), priced(1_500_000_000, 'USD')))
  await house.ledger.add(recordRow(recordId(3), { ...priced(4_000, 'EUR'), workload: 'code-assistant' }))
  const none = await read(['usage', '--by', 'workload'])
  assert.match(none.out, /^hr-bot .* 1,235\.50 USD$/m)
  assert.match(none.out, /^code-assistant .* 0\.000004 EUR$/m)
  assert.match(none.out, /^total .* 0\.000004 EUR \+ 1,235\.50 USD\n$/m)
  await house.ledger.add(recordRow(recordId(4), { cost: null, servedModel: 'secret-model' }))
  const { out } = await read(['usage', '--by', 'workload'])
  assert.match(out, /^hr-bot .* 1,235\.50 USD \+ \?$/m)
  assert.match(out, /\n\? 1 call has tokens but no price, and is in no sum\.\nBy model: gatehouse usage --by model\n/)
  const narrow = await read(['usage', '--by', 'workload'], { columns: 60 })
  assert.match(narrow.out, /\? 1 call has tokens but no price/)
  assert.match((await read(['usage', '--by', 'model'])).out, /^secret-model .* \?$/m)
  const csv = (await read(['usage', '--format', 'csv'])).out.split('\n').map(line => line.split(',').slice(-3))
  assert.deepEqual(csv[0], ['unpricedCalls', 'costEUR', 'costUSD'])
  assert.deepEqual(csv[1], ['1', '0.000000000', '1235.500000000'])
  const [head, ...records] = (await read(['records', 'list', '--format', 'csv'])).out.split('\n')
  const at = head?.split(',').indexOf('cost') ?? -1
  assert.deepEqual(
    records.slice(0, 2).map(line => line.split(',').slice(at, at + 3)),
    [
      ['', '', ''],
      ['0.000004000', 'EUR', 'gpt-4o 2024-10-01'],
    ],
  )
})

// A line that wraps on a narrow terminal cannot be read; a number that is cut is a wrong number.
test('tables are never wider than the terminal and never cut a number', async t => {
  const { house, read } = await startReaders(t)
  const name = 'Ein sehr langer Anzeigename 株式会社'
  for (const row of rows)
    await house.ledger.add({ ...row, callerName: name, workload: 'a-workload-with-quite-a-long-name' })
  const usage = ['usage', '--by', 'caller,workload']
  const list = ['records', 'list']
  const tail = ['records', 'tail', '--count', '3']
  for (const [columns, commands] of [
    [60, [usage]],
    [80, [usage, list, tail]],
    [130, [usage, list, tail]],
    [250, [usage, list, tail]],
  ] as const) {
    for (const command of commands) {
      const { out } = await read(command, { columns })
      const widest = Math.max(...out.split('\n').map(columnsOf))
      assert.ok(widest <= columns, `${command}: ${widest} > ${columns}`)
      assert.ok(out.includes(command === usage ? '1,002,468' : recordId(2).slice(-12)), `${command} at ${columns}`)
      if (command !== usage) assert.match(out, / caller_not_bound\b/, 'an outcome is never cut')
    }
  }
  const wide = await read(['records', 'list'])
  assert.ok(wide.out.includes(name), 'a pipe gets everything')
})

test('usage as JSON is the report itself, as CSV one line per group', async t => {
  const { house, read } = await startReaders(t)
  for (const row of rows) await house.ledger.add(row)
  const report = JSON.parse((await read(['usage', '--by', 'workload,caller', '--format', 'json'])).out)
  const { period, ...figures } = report
  assert.deepEqual(period, { from: '2026-11-01T00:00:00.000Z', to: '2026-11-23T12:00:00.000Z', timeZone: 'UTC' })
  assert.deepEqual(figures, ordered(await house.ledger.usage({ by: ['workload', 'caller'] })))
  assert.equal((await read(['usage'], { json: true })).out[0], '{')
  const csv = (await read(['usage', '--by', 'workload,caller', '--format', 'csv'])).out.split('\n')
  assert.match(csv[0] ?? '', /^workload,caller,callerKey,calls,completed,refused,/)
  assert.match(csv[0] ?? '', /,copies,unpricedCalls,cost,currency$/)
  assert.match(
    csv[1] ?? '',
    /^code-assistant,bob,user:[0-9a-f-]+\/[0-9a-f-]+,1,1,0,.*,1000000,0,400,0,0,0\.003340000,USD$/,
  )
  assert.match(csv[3] ?? '', /^,carol@contoso\.example,/)
  assert.deepEqual([csv.length, csv[4]], [5, ''])
})

// Users choose their display names. In a spreadsheet or on a terminal a name must stay a name.
test('display names cannot run a formula or control the terminal', async t => {
  const { house, read } = await startReaders(t)
  await house.ledger.add(
    recordRow(recordId(1), { callerName: '=HYPERLINK("http://evil","x")', userAgent: '\u001b]0;owned\u0007\u001b[2J' }),
  )
  const csv = (await read(['records', 'list', '--format', 'csv'])).out
  assert.ok(csv.includes(`,"'=HYPERLINK(""http://evil"",""x"")",`))
  for (const args of [
    ['records', 'list'],
    ['records', 'show', recordId(1)],
    ['usage', '--by', 'caller'],
  ]) {
    const { out } = await read(args)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: a control character is what must not be there.
    assert.doesNotMatch(out, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/)
  }
})

test('filters and periods reach the management API', async t => {
  const { house, read } = await startReaders(t)
  await house.ledger.add(recordRow(recordId(1), { replica: 'one' }))
  const filters = [
    '--workload',
    'hr-bot',
    '--caller',
    'CAROL',
    '--status',
    '429',
    '--code',
    'caller_not_bound',
    '--outcome',
    'refused',
    '--copies',
    'none',
    '--copy-of',
    recordId(7).toUpperCase(),
    '--object',
    'resp_1',
    '--replica',
    'one',
  ]
  await read(['usage', '--from', '2026-11-01', '--to', '2026-11-02', '--format', 'csv', ...filters])
  await read(['records', 'list', '--from', '7d', '--to', '2026-10', '--limit', '7'], { nowMs: Date.UTC(2026, 9, 30) })
  const asked = house.ledger.asked.filter(query => Object.hasOwn(Object(query), 'fromMs'))
  const caller = 'user:11111111-2222-3333-4444-555555555555/22222222-2222-3333-4444-555555555555'
  assert.deepEqual(asked, [
    {
      by: ['workload'],
      fromMs: Date.UTC(2026, 10, 1),
      toMs: Date.UTC(2026, 10, 3),
      ...{ workload: 'hr-bot', caller, status: 429, outcomeCode: 'caller_not_bound', outcome: 'refused' },
      ...{ copyKind: 'none', copyOf: recordId(7), objectId: 'resp_1', replica: 'one' },
    },
    { fromMs: Date.UTC(2026, 9, 23), toMs: Date.UTC(2026, 10, 1), limit: 7 },
  ])
})

test('a list longer than a page is fetched page by page', async t => {
  const { house, read } = await startReaders(t)
  for (let number = 1; number <= 2_050; number++) await house.ledger.add(recordRow(recordId(number)))
  const { out } = await read(['records', 'list', '--limit', '2030', '--format', 'csv'])
  const ids = out
    .split('\n')
    .slice(1, -1)
    .map(line => line.split(',')[0])
  assert.deepEqual(
    ids,
    Array.from({ length: 2_030 }, (_, at) => recordId(2_050 - at)),
  )
  assert.equal(house.ledger.asked.length, 3)
  assert.equal(JSON.parse((await read(['records', 'list', '--limit', '3'], { json: true })).out).records.length, 3)
})

// A table on 80 columns has the ends of ids only.
test('show finds a record by a beginning or an end of its id, and never guesses between two', async t => {
  const { house, read } = await startReaders(t)
  for (const number of [1, 2, 18]) await house.ledger.add(recordRow(recordId(number)))
  for (const part of [recordId(2).slice(-12), recordId(2).slice(-4).toUpperCase(), recordId(2).slice(2), recordId(2)]) {
    const { out, err } = await read(['records', 'show', part])
    assert.equal(err, '')
    assert.match(out, new RegExp(`^id +${recordId(2)}$`, 'm'))
  }
  const several = await read(['records', 'show', recordId(1).slice(0, 8)])
  assert.deepEqual([several.code, several.out], [1, ''])
  assert.match(several.err, /^✗ id_ambiguous .*\n {2}The newest are .*018 \(.* UTC\) and .*002 \(/)
  const unknown = await read(['records', 'show', 'ffff'])
  assert.match(unknown.err, /^✗ record_unknown {2}There is no record whose id begins or ends with ffff\./)
  assert.equal((await read(['records', 'show', 'fff'])).code, 2)
  assert.equal((await read(['records', 'show', "ffff'"])).code, 2)
})

test('show prints figures, and bodies only on request', async t => {
  const { house, read } = await startReaders(t)
  const request = JSON.stringify({ messages: [{ role: 'user', content: 'How do I book leave?' }] })
  const response = JSON.stringify({
    choices: [{ index: 0, message: { content: 'In the portal.' }, finish_reason: 'stop' }],
  })
  await house.ledger.add(recordRow(recordId(1)), { request: Buffer.from(request), response: Buffer.from(response) })
  const figures = await read(['records', 'show', recordId(1)])
  assert.match(figures.out, /^tokens +1,234 \(prompt 1,200, completion 34, reported\)$/m)
  assert.match(figures.out, /^model +gpt-4o, served gpt-4o-2024-11-20$/m)
  assert.doesNotMatch(figures.out, /leave|portal/)
  assert.equal(house.logged.length, 0)
  const bodies = await read(['records', 'show', recordId(1), '--bodies', '--reason', 'a test'])
  assert.match(bodies.out, /"content": "How do I book leave\?"[\s\S]*── response ──\nIn the portal\.\n\[stop\]\n$/)
  const json = JSON.parse(
    (await read(['records', 'show', recordId(1), '--bodies', '--reason', 'a test', '--format', 'json'])).out,
  )
  assert.equal(Buffer.from(json.bodies.request.base64, 'base64').toString(), request)
  assert.equal(json.usage.totalTokens, 1_234)
})

// Why somebody read the words of a colleague must be known afterwards, also where a command did it.
test('bodies of others are shown with a reason alone', async t => {
  const { house, read } = await startReaders(t)
  await house.ledger.add(recordRow(recordId(1)), { request: Buffer.from('canary'), response: null })
  const { code, out, err } = await read(['records', 'show', recordId(1), '--bodies'])
  assert.deepEqual([code, out], [1, ''])
  assert.match(err, /^✗ reason_missing [\s\S]*--reason TEXT/)
})

// One place must show why a call was expensive, slow or answered by another instance.
test('show prints attempts, reservation, waiting, spillover, alias and cost', async t => {
  const { house, read } = await startReaders(t)
  await house.ledger.add(
    recordRow(recordId(1), {
      servedDeployment: 'gpt-4o-eu',
      spilledFrom: 'gpt-4o-ptu',
      waitedMs: 1_250,
      objectId: 'resp_1',
      attempts: [
        { instance: 'west', status: 429, durationMs: 12, error: null },
        { instance: 'north', status: null, durationMs: 5_000, error: 'connect_timeout' },
        { instance: 'east', status: 200, durationMs: 398, error: 'backend_cut' },
      ],
    }),
  )
  await house.ledger.add(recordRow(recordId(2), { copyKind: 'shadow', copyOf: recordId(1), cost: null }))
  const { out } = await read(['records', 'show', recordId(1)])
  for (const line of [
    'deployment    gpt-4o (there gpt-4o-eu)',
    'spilled over  by Azure, from gpt-4o-ptu',
    'reserved      2,200 tokens, used 1,234',
    'cost          0.003340 USD (price of gpt-4o-2024-11-20 2024-11-20)',
    'waited        1,250 ms in line',
    'attempts      1. west 429 in 12 ms',
    '              2. north connect_timeout in 5,000 ms',
    '              3. east 200 backend_cut in 398 ms',
    'object        resp_1',
  ]) {
    assert.ok(out.includes(`\n${line}\n`), `${line}\nin\n${out}`)
  }
  const copy = (await read(['records', 'show', recordId(2)])).out
  assert.ok(copy.includes(`\ncopy        shadow of ${recordId(1)}, sent by the gateway itself\n`), copy)
  assert.match(copy, /^cost +not known: the model has no price$/m)
  assert.match(copy, /^attempts +east 200 in 398 ms$/m)
})

test('show distinguishes binary bodies from missing ones', async t => {
  const { house, read } = await startReaders(t)
  await house.ledger.add(recordRow(recordId(1), { responseContentType: 'audio/wav' }), {
    request: null,
    response: Buffer.from([0, 255, 254]),
  })
  const { out } = await read(['records', 'show', recordId(1), '--bodies', '--reason', 'a test'])
  assert.match(out, /── request ──\n\(none: workload hr-bot recorded figures only/)
  assert.match(out, /\(audio\/wav, 3 bytes; --format json has them in base64\)/)
})

// From the id in a client's error to what to do: without this, an operator greps the source.
test('show of a refused call prints its words, what to do, and offers no bodies where there are none', async t => {
  const { house, read } = await startReaders(t)
  const refused = { outcome: 'refused', status: 403, sentAtMs: null, attempts: [], cost: null } as const
  const message = 'You (…) may not call as workload "hr-bot". You may call as: code-assistant.'
  const words = { outcomeCode: 'caller_not_bound', message, requestBytes: 0, responseBytes: 241 } as const
  await house.ledger.add(recordRow(recordId(1), { ...refused, ...words }), { request: null, response: null })
  const { out } = await read(['records', 'show', recordId(1)])
  assert.ok(out.includes(`\nmessage     ${message}\n`), out)
  assert.match(out, /^ +To do: Ask the operator to add the user, group, role or application/m)
  assert.match(out, /^ +See docs\/refusals\.md, caller_not_bound\.$/m)
  assert.doesNotMatch(out, /--bodies/)
  assert.match(
    out,
    /\nNo prompt: the call had no body\.\nNo answer: the gateway itself answered, with the message above\.\n$/,
  )
  // Before the words were kept.
  await house.ledger.add(recordRow(recordId(2), { ...refused, ...words, message: null }), {
    request: null,
    response: null,
  })
  assert.match((await read(['records', 'show', recordId(2)])).out, /^message +To do: Ask the operator/m)
})

test('show offers the bodies that there are, and says why there is no other', async t => {
  const { house, read } = await startReaders(t)
  const hint = async (number: number): Promise<string> => (await read(['records', 'show', recordId(number)])).out
  await house.ledger.add(recordRow(recordId(1)), { request: Buffer.from('q'), response: Buffer.from('a') })
  assert.match(
    await hint(1),
    /\nPrompt and answer, for auditors: gatehouse records show \S+ --bodies --reason "WHY"\n$/,
  )
  await house.ledger.add(recordRow(recordId(2)), { request: null, response: null })
  assert.match(await hint(2), /\nNo prompt: workload hr-bot recorded figures only .*\nNo answer: workload hr-bot /)
  await house.ledger.add(recordRow(recordId(3), { responseBytes: 0 }), { request: Buffer.from('q'), response: null })
  assert.match(await hint(3), /\nPrompt, for auditors: .*\nNo answer: nothing was answered\.\n$/)
})

test('tail shows existing records, then each new one as it arrives', async t => {
  const { house, read } = await startReaders(t)
  for (const number of [1, 2, 3]) await house.ledger.add(recordRow(recordId(number)))
  const watch = new EventEmitter()
  watch.on('write', (text: string) => {
    if (text.includes(recordId(3))) void house.ledger.add(recordRow(recordId(4)))
  })
  const { out, code } = await read(['records', 'tail', '--lines', '2', '--count', '3', '--format', 'json'], { watch })
  assert.equal(code, 0)
  const ids = out
    .trim()
    .split('\n')
    .map(line => JSON.parse(line).id)
  assert.deepEqual(ids, [2, 3, 4].map(recordId))
})

// People read three lines that say what to do; scripts read the same code.
test('refusals come with their own code and a next step', async t => {
  const { read } = await startReaders(t)
  const viewer = await read(['records', 'show', recordId(9)], { token: async () => 'x.y.z' })
  assert.deepEqual([viewer.code, viewer.out], [1, ''])
  assert.match(
    viewer.err,
    /^✗ token_\w+ {2}.+\n {2}HTTP 401 from http:\/\/127\.0\.0\.1:\d+\.\n {2}Try: gatehouse login\n$/,
  )
  const nobody = await read(['usage', '--as', 'dave'])
  assert.match(nobody.err, /^✗ role_missing {2}This needs the role viewer.*\n.*\n {2}Try: another account/)
  const unknown = await read(['records', 'show', recordId(9)], { json: true })
  assert.equal(JSON.parse(unknown.err).error.code, 'record_unknown')
})

test('a wrong command line exits 2 and sends nothing', async t => {
  const { house, read } = await startReaders(t)
  const wrong = [
    ['usage', '--by', 'colour'],
    ['usage', '--by', 'day,day'],
    ['usage', '--from', 'last-week'],
    ['usage', '--from', '2026-11', '--to', '2026-10'],
    ['usage', '--from', '2027'],
    ['usage', '--from', '2027-01'],
    ['usage', '--month', 'last', '--from', '7d'],
    ['usage', '--month', '2026-10-01'],
    ['usage', '--time-zone', 'Europe/Nowhere'],
    ['usage', '--to', '2026-02-31'],
    ['usage', '--format', 'xml'],
    ['usage', '--status', '20'],
    ['records', 'list', '--limit', '0'],
    ['records', 'list', '--limit', '1e3'],
    ['records', 'show', '../usage'],
    ['records', 'show'],
    ['records', 'show', recordId(1), '--bodies', '--format', 'csv'],
    ['records', 'tail', '--lines', '1001'],
  ]
  for (const args of wrong) {
    const { code, err } = await read(args)
    assert.equal(code, 2, `${args.join(' ')}: ${err}`)
    assert.match(err, /^✗ /)
  }
  assert.equal(house.ledger.asked.length, 0)
})

test('an address where nothing answers, or another service, is reported as such', async t => {
  const other = createServer((_, response) => response.end('<html>'))
  other.listen(0, '127.0.0.1')
  await new Promise(resolve => other.once('listening', resolve))
  const url = `http://127.0.0.1:${(other.address() as AddressInfo).port}`
  const stranger = await run(['usage'], { admin: url })
  assert.match(stranger.err, /^✗ admin_not_gatehouse /)
  await new Promise(resolve => other.close(resolve))
  t.after(() => other.closeAllConnections())
  const nobody = await run(['usage'], { admin: url })
  assert.match(
    nobody.err,
    /^✗ admin_unreachable {2}The management API at http:\/\/127.+ did not answer\.\n {2}The connection was refused/,
  )
})
