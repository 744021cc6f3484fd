import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { costCells, costCellsWithSum } from './costs.ts'
import { GrowingTable } from './growing-table.ts'
import { addingUp } from './money.ts'
import { columnsOf, printableLine } from './printable.ts'
import { endsOfIds, timesOfDay } from './shorter.ts'
import { layOut, renderTable, type TableColumn, type TableLayout } from './table.ts'
import { instant } from './times.ts'

// A line that wraps on a narrow terminal cannot be read.
test('a table is as narrow as its columns allow', () => {
  const column: fc.Arbitrary<TableColumn> = fc.record(
    {
      title: fc.stringMatching(/^[a-z]{1,9}$/),
      leaves: fc.integer({ min: 1, max: 9 }),
      cutTo: fc.integer({ min: 4, max: 9 }),
    },
    { requiredKeys: ['title'] },
  )
  const table = fc
    .array(column, { minLength: 1, maxLength: 6 })
    .chain(columns =>
      fc.tuple(
        fc.constant(columns),
        fc.array(fc.array(fc.string(), { minLength: columns.length, maxLength: columns.length })),
      ),
    )
  fc.assert(
    fc.property(table, fc.integer({ min: 10, max: 80 }), ([columns, rows], width) => {
      const layout = layOut(columns, rows, width)
      const stay = columns.flatMap((one, at) => (one.leaves === undefined ? [{ one, at }] : []))
      const needed = stay.map(({ one, at }) => {
        const widest = Math.max(one.title.length, ...rows.map(row => columnsOf(printableLine(row[at] ?? ''))))
        return one.cutTo === undefined ? widest : Math.min(4, widest)
      })
      const possible = needed.reduce((all, least) => all + least, 2 * Math.max(0, needed.length - 1)) <= width
      const widest = Math.max(...[layout.head, layout.rule, ...rows.map(layout.line)].map(columnsOf))
      assert.ok(!possible || widest <= width, `${widest} > ${width}`)
      assert.ok(layout.hidden.every(title => columns.some(one => one.title === title && one.leaves !== undefined)))
    }),
  )
})

/** Columns of the kinds that lists of calls have. */
const columns: readonly TableColumn[] = [
  { title: 'time (UTC)', shorten: timesOfDay },
  { title: 'id', shorten: endsOfIds },
  { title: 'caller', cutTo: 20 },
  { title: 'workload', cutTo: 12, leaves: 1 },
  { title: 'instance', cutTo: 12, leaves: 3 },
  { title: 'outcome' },
  { title: 'tokens', align: 'right', leaves: 2 },
]

/** Names as operators choose them: long, alike, wide letters. */
const name = fc.oneof(
  fc.stringMatching(/^(dev-openai-|chat-completions-of-the-house-)?(east|west|instance)(-[0-9]{1,3})?$/),
  fc.stringMatching(/^[a-c]{1,60}…?$/),
  fc.string({ unit: 'grapheme', maxLength: 70 }),
  fc.constantFrom('株式会社ノースウインド東京支社', '株式会社ノースウインド大阪支社'),
)
const row = fc
  .record({
    atMs: fc.integer({ min: Date.UTC(2026, 10, 26), max: Date.UTC(2026, 10, 26) + 200_000_000 }),
    id: fc.uuid({ version: 7 }),
    caller: name,
    workload: name,
    instance: name,
    outcome: fc.constantFrom('completed', 'caller_not_bound', 'deployment_not_allowed'),
    tokens: fc.integer({ min: 0, max: 1_000_000 }),
  })
  .map(({ atMs, tokens, ...texts }) => {
    const plain = Object.values(texts).map(text => printableLine(text).trim())
    return [instant(atMs), ...plain, tokens.toLocaleString('en-GB')]
  })

/** The text of one cell alone. */
function shownText(layout: TableLayout, cells: readonly string[], at: number): string {
  return layout.line(cells.map((cell, index) => (index === at ? cell : ''))).trim()
}

// Two instances that look the same in a list send an operator to the wrong one.
test('at every width of 80 and more all lines fit, time and caller stay, and no two names get the same text', () => {
  fc.assert(
    fc.property(fc.array(row, { minLength: 1, maxLength: 12 }), fc.integer({ min: 80, max: 260 }), (rows, width) => {
      const layout = layOut(columns, rows, width)
      const lines = rows.map(layout.line)
      for (const line of [layout.head, layout.rule, ...lines]) assert.ok(columnsOf(line) <= width, line)
      for (const title of ['time (UTC)', 'caller', 'id', 'outcome']) assert.ok(!layout.hidden.includes(title), title)
      for (const [at, { title, align }] of columns.entries()) {
        if (layout.hidden.includes(title) || align === 'right') continue
        const shown = new Map<string, string>()
        for (const cells of rows) {
          const text = shownText(layout, cells, at)
          const whole = cells[at] ?? ''
          assert.equal(shown.get(text) ?? whole, whole, `${title} at ${width}: ${text}`)
          shown.set(text, whole)
          if (title === 'outcome') assert.equal(text, whole)
        }
      }
    }),
  )
})

function cutAt(line: string, columnsMost: number): string {
  let text = ''
  for (const { segment } of new Intl.Segmenter('en', { granularity: 'grapheme' }).segment(line)) {
    if (columnsOf(text + segment) > columnsMost) break
    text += segment
  }
  return text
}

test('rows that arrive one by one fit too, and a name that would be ambiguous gets a new head', () => {
  fc.assert(
    fc.property(fc.array(row, { minLength: 1, maxLength: 30 }), fc.integer({ min: 80, max: 200 }), (rows, width) => {
      const callerFirst = [columns[2], ...columns.toSpliced(2, 1)].filter(column => column !== undefined)
      const table = new GrowingTable(callerFirst, width)
      let callerWidth = 0
      let shown = new Map<string, string>()
      for (const cells of rows) {
        const whole = cells[2] ?? ''
        const lines = table
          .text([[whole, ...cells.toSpliced(2, 1)]])
          .split('\n')
          .slice(0, -1)
        for (const line of lines) assert.ok(columnsOf(line) <= width, line)
        const newHead = lines.find(line => line.startsWith('caller '))
        if (newHead !== undefined) {
          callerWidth = newHead.indexOf('time (UTC)')
          shown = new Map()
        }
        const caller = cutAt(lines.at(-1) ?? '', callerWidth).trim()
        assert.equal(shown.get(caller) ?? whole, whole, caller)
        shown.set(caller, whole)
      }
    }),
  )
})

test('ids are cut to their ends and times to what differs, and a line below says so', () => {
  const rows = [
    ['2026-11-26 18:55:24', '01a21936-61f8-705c-b5c4-45477deec466', 'bob@contoso.example', 'completed'],
    ['2026-11-26 18:55:10', '01a21936-2e2d-7074-85cc-581b5fb106d1', 'carol@contoso.example', 'caller_not_bound'],
  ]
  const shown = [columns[0], columns[1], columns[2], columns[5]].filter(column => column !== undefined)
  assert.equal(
    renderTable(shown, rows, 80),
    [
      'time (UTC)  id            caller                 outcome',
      '─────────────────────────────────────────────────────────────────',
      '18:55:24    45477deec466  bob@contoso.example    completed',
      '18:55:10    581b5fb106d1  carol@contoso.example  caller_not_bound',
      '',
      'Times are of 2026-11-26 (UTC). Ids are cut to their last 12 characters, which',
      'records show accepts.',
      '',
    ].join('\n'),
  )
  assert.ok(renderTable(shown, rows, 120).includes('2026-11-26 18:55:24  01a21936-61f8-705c-b5c4-45477deec466'))
})

// A name that is cut cannot be typed into the next command; a figure can be asked for.
test('on 80 columns names of usual length are whole while a figure can be hidden, and longer ones hide none', () => {
  const lanes: readonly TableColumn[] = [
    { title: 'instance', cutTo: 12 },
    { title: 'deployment', cutTo: 12 },
    { title: 'state' },
    { title: 'calls', align: 'right', leaves: 3 },
    { title: 'in flight', align: 'right', leaves: 4 },
    { title: 'tokens left', align: 'right', leaves: 5 },
  ]
  const row = ['dev-openai-instance-1', 'text-embedding-3-small', 'ok', '1,234', '0', '100,000,000']
  const usual = renderTable(lanes, [row], 80)
  for (const name of row.slice(0, 2)) assert.ok(usual.includes(name), usual)
  assert.match(usual, /^Hidden columns \(window too narrow\): tokens left\./m)
  const long = renderTable(lanes, [['x'.repeat(40), 'y'.repeat(40), ...row.slice(2)]], 60)
  assert.match(long, /^Hidden columns \(window too narrow\): tokens left\./m)
})

// After an erasure a list has one name of 45 letters, and the others are typed into the next command.
test('on 80 columns one very long name is cut alone, and the names beside it stay whole', () => {
  const lanes: readonly TableColumn[] = [
    { title: 'name', cutTo: 16 },
    { title: 'workloads', cutTo: 12, leaves: 6 },
    { title: 'tokens', align: 'right' },
    { title: 'cost', align: 'right', leaves: 1 },
    { title: 'failed', align: 'right', leaves: 3 },
    { title: 'last call (UTC)', leaves: 2, shorten: timesOfDay },
  ]
  const names = ['alice@contoso.example', 'carol@contoso.example', `erased-person-${'0'.repeat(32)}`]
  const rows = names.map(one => [one, 'code-assistant, hr-bot', '123,456', '0.123456 USD', '12', '2026-11-26 18:55:24'])
  const shown = renderTable(lanes, rows, 80)
  for (const name of names.slice(0, 2)) assert.ok(shown.includes(`${name}  `), shown)
  assert.match(shown, /^erased-person-0+…/m)
})

test('names that share a long beginning are cut in their middle, and columns are hidden before', () => {
  const rows = ['east', 'west'].map(end => ['bob', `a-very-long-name-of-an-instance-in-the-region-${end}`, '1'])
  const three = [{ title: 'caller' }, { title: 'instance', cutTo: 8 }, { title: 'tokens', leaves: 1 }]
  const out = renderTable(three, rows, 24)
  assert.match(out, /^bob {5}a-very-l…on-east$/m)
  assert.match(out, /^bob {5}a-very-l…on-west$/m)
  assert.match(out, /^Hidden columns \(window$/m)
})

// A report whose lines do not add up to its total is sent back by the auditor.
test('amounts have as many digits in all lines, add up as shown, and no cost is shown as zero', () => {
  assert.deepEqual(addingUp([244_000_000, 1_444_000_000]), { lines: ['0.24', '1.45'], sum: '1.69' })
  assert.deepEqual(addingUp([157_564_950, 2_245_000]).lines, ['0.157565', '0.002245'])
  assert.deepEqual(addingUp([400, 0]), { lines: ['< 0.000001', '0.000000'], sum: '< 0.000001' })
  assert.deepEqual(addingUp([]), { lines: [], sum: '0.00' })
  const amounts = fc.array(fc.oneof(fc.integer({ min: 0, max: 5_000 }), fc.integer({ min: 0, max: 1e14 })))
  fc.assert(
    fc.property(amounts, nanos => {
      const { lines, sum } = addingUp(nanos)
      const units = (text: string): bigint => BigInt(text.startsWith('<') ? 0 : text.replace(/[,.]/g, ''))
      assert.equal(
        lines.reduce((all, line) => all + units(line), 0n),
        units(sum),
      )
      const digits = new Set([...lines, sum].map(text => text.split('.')[1]?.length))
      assert.equal(digits.size, 1)
      for (const [at, nano] of nanos.entries()) {
        assert.equal(nano > 0, !/^[0.]+$/.test(lines[at] ?? ''), `${nano}: ${lines[at]}`)
        const unit = lines[at]?.split('.')[1]?.length === 2 ? 10_000_000 : 1_000
        assert.ok(Math.abs(Number(units(lines[at] ?? '')) * unit - nano) <= unit, `${nano}: ${lines[at]}`)
      }
    }),
  )
})

test('costs of two currencies are side by side, and calls without a price are marked', () => {
  const usd = (nano: number) => ({ nano, currency: 'USD' })
  const lines = [
    { costs: [{ nano: 4_000, currency: 'EUR' }, usd(1_234_000_000_000)], unpricedCalls: 1 },
    { costs: [usd(1_500_000_000)], unpricedCalls: 0 },
    { costs: [], unpricedCalls: 2 },
    { costs: [] },
  ]
  const total = { costs: [{ nano: 4_000, currency: 'EUR' }, usd(1_235_500_000_000)], unpricedCalls: 3 }
  assert.deepEqual(costCells(lines), ['0.000004 EUR + 1,234.00 USD + ?', '1.50 USD', '?', '-'])
  assert.deepEqual(costCellsWithSum(lines, total), {
    lines: ['0.000004 EUR + 1,234.00 USD + ?', '1.50 USD', '?', '-'],
    total: '0.000004 EUR + 1,235.50 USD + ?',
  })
})
