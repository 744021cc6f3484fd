import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { columnNames } from '../../packages/gateway/src/ledger/feeds/forms.ts'
import { type Field, shownFields } from '../../packages/gateway/src/ledger/fields.ts'
import { inOrderOfAge } from '../../scripts/kusto/columns.ts'
import {
  columnsOf,
  commands,
  dashboard,
  dataExplorerPage,
  jsonIn,
  mapping,
  policiesText,
  updateQuery,
} from './files.ts'
import { commandsIn, KustoDatabase } from './service.ts'

const database = new KustoDatabase()
const findings = commands.flatMap(command =>
  database.run(command).map(finding => `${command.slice(0, 80)}: ${finding}`),
)

/** Variables that the dashboard's parameters define. */
const variables = dashboard.parameters.flatMap(parameter =>
  parameter.kind === 'duration'
    ? [`let ${parameter.beginVariableName} = ago(1d);`, `let ${parameter.endVariableName} = now();`]
    : [`let ${parameter.variableName} = "";`],
)
const variableNames = variables.map(line => line.split(' ')[1] ?? '')

test('every command of the scripts is sound, in their order, from an empty database', () => {
  assert.ok(commands.length > 25)
  assert.deepEqual(findings, [])
})

test('the JSON of every policy and mapping keeps to its schema', () => {
  const checked = commands.filter(command => jsonIn(command) !== null)
  assert.equal(checked.length, 6)
  assert.throws(() => jsonIn('.alter table T policy retention ```{ "SoftDeletePeriod": "30 days" }```'))
  assert.throws(() => jsonIn('.alter table T policy update ```[{ "IsEnabled": true, "Sauce": "ExchangeRaw" }]```'))
  assert.throws(() => jsonIn('.alter table T policy sharding ```{}```'), /no schema/)
})

test('every column of ExchangeRaw is filled by the mapping, once', () => {
  assert.deepEqual(
    mapping.map(({ column }) => column),
    columnsOf('ExchangeRaw').map(([name]) => name),
  )
  assert.equal(new Set(mapping.map(({ Properties }) => Properties.Path)).size, mapping.length)
})

test('the mapping knows every column of the form gatehouse, and the five of parts besides', () => {
  const members = mapping.map(({ Properties }) => Properties.Path.slice(2))
  assert.deepEqual(
    members.toSorted(),
    [...columnNames('gatehouse'), 'part', 'parts', 'partSha256', 'cut', 'bodiesSha256'].toSorted(),
  )
})

// Data Explorer keeps the columns that a table has, and refuses an update policy that returns them in another order.
test('a later version adds columns at the end, wherever its fields are in the table of fields', () => {
  const names = (fields: readonly Field[]): string[] => inOrderOfAge(fields).map(({ name }) => name)
  const all = names(shownFields)
  fc.assert(
    fc.property(fc.shuffledSubarray([...shownFields], { minLength: shownFields.length }), shuffled => {
      assert.deepEqual(names(shuffled), all)
    }),
  )
  for (const version of new Set(shownFields.map(({ since = 1 }) => since))) {
    const then = names(shownFields.filter(({ since = 1 }) => since <= version))
    assert.deepEqual(all.slice(0, then.length), then)
  }
  const unversioned = shownFields.filter(({ since, column }) => since === undefined && column === undefined)
  assert.deepEqual(
    unversioned.map(({ name }) => name),
    ['durationMs', 'timeToFirstByteMs'],
    'a new field that is computed names the version that has it first',
  )
})

test('the query of the update policy returns the columns of Exchange in the order of the table', () => {
  const { columns } = database.check(updateQuery)
  assert.deepEqual(
    columns,
    columnsOf('Exchange').map(([name, type]) => `${name}:${type}`),
  )
})

test('ExchangeOnce has the columns of Exchange', () => {
  const { columns } = database.check('ExchangeOnce')
  assert.deepEqual(
    columns.toSorted(),
    columnsOf('Exchange')
      .map(([name, type]) => `${name}:${type}`)
      .toSorted(),
  )
})

test('every query of the dashboard is sound, uses the parameters that it names, and draws what its tile needs', () => {
  for (const { title, query, visualType, usedParamVariables } of dashboard.tiles) {
    const { findings, columns } = database.check(`${variables.join('\n')}\n${query}`)
    assert.deepEqual(findings, [], title)
    assert.deepEqual(
      variableNames.filter(name => query.includes(name)),
      usedParamVariables,
      title,
    )
    if (visualType === 'timechart') {
      assert.ok(
        columns.some(column => column.endsWith(':datetime')),
        title,
      )
      assert.ok(
        columns.some(column => /:(long|real)$/.test(column)),
        title,
      )
      assert.ok(
        columns.some(column => column.endsWith(':string')),
        title,
      )
    }
  }
})

test('the dashboard has a tile for each function that people call, and no two tiles overlap', () => {
  const called = dashboard.tiles.map(({ query }) => query).join('\n')
  for (const name of [
    'UsageByWorkloadAndCaller',
    'CostByDay',
    'Errors',
    'LatencyPercentiles',
    'PtuUtilisation',
    'Conversation',
    'ApimLogBetween',
  ]) {
    assert.match(called, new RegExp(`\\b${name}\\(`))
  }
  const cells = dashboard.tiles.flatMap(({ layout: { x, y, width, height } }) =>
    Array.from({ length: width * height }, (_, at) => `${x + (at % width)},${y + Math.floor(at / width)}`),
  )
  assert.equal(new Set(cells).size, cells.length)
  const [page] = dashboard.pages
  const [dataSource] = dashboard.dataSources
  assert.ok(dashboard.tiles.every(tile => tile.pageId === page?.id && tile.dataSourceId === dataSource?.id))
})

test('every command and query of the documentation is sound', () => {
  const fences = [...dataExplorerPage.matchAll(/^```kusto\n([\s\S]*?)^```$/gm)].map(([, text = '']) => text)
  assert.ok(fences.length >= 15)
  const checked = fences.flatMap(commandsIn)
  for (const command of checked) assert.deepEqual(database.check(command).findings, [], command)
  assert.equal(checked.filter(command => jsonIn(command) !== null).length, 1)
})

// One script: the service needs seconds for a long one, and this one has comments, JSON and a view.
test('a script is sound as a whole, as it is pasted below the line of the documentation', () => {
  const [line = ''] = /^\.execute database script .*$/m.exec(dataExplorerPage) ?? []
  assert.deepEqual(database.check(`${line}\n${policiesText}`).findings, [])
  assert.notDeepEqual(database.check(`${line}\n.alter table Exchanged policy caching hot = 7d`).findings, [])
})

test('a script of Azure Resource Manager may have every command', () => {
  const allowed = /^\.(create|create-or-alter|create-merge|alter|alter-merge|add) /
  assert.deepEqual(
    commands.filter(command => !allowed.test(command)),
    [],
  )
})

test('a wrong column, table, function, type of command or number of arguments is found', () => {
  const wrong = [
    'ExchangeOnce | where Workloads == "hr-bot"',
    'ExchangesOnce | count',
    'UsageByCaller(ago(1d), now())',
    'CostByDay(ago(1d))',
    'CostByDay(ago(1d), now()) | project Price',
    '.alter column ExchangeRaw.Bodies policy encoding type = "BigObject32"',
    '.alter table Exchanged policy caching hot = 7d',
    '.create-or-alter function with (folder = "x") Sum() { ExchangeOnce | summarize sum(Tokens) }',
    '.create-or-alter materialized-view Once on table Exchange { Exchange | summarize take_any(*) by RecordId }',
    '.alter-merge table Exchange column-docstrings (RecordId: "x")',
    '.alter table Exchange politics caching hot = 7d',
  ]
  for (const text of wrong) assert.notDeepEqual(database.check(text).findings, [], text)
})
