import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { closedOf, newId, openedOf, testLedger } from '../../packages/gateway/src/ledger/exchange.fixture.ts'
import type { RecordRow } from '../../packages/gateway/src/ledger/record.ts'
import { temporaryDirectory } from '../support/directory.ts'
import { randomOf, seedOfRun } from '../support/random.ts'
import { type Row, StandInCluster } from './cluster.ts'
import { costByDay, errors, latency, ptuUtilisation, usage } from './expected.ts'
import { commands, dataExplorerPage, mapping } from './files.ts'
import { type Line, lineOf, linesOf } from './lines.ts'
import { type KeptRecord, keptRecords } from './records.ts'
import { KustoDatabase } from './service.ts'

const from = '2026-11-03 22:10:00'
const to = '2026-11-04 01:50:00'
const isInTime = ({ startedAtMs }: RecordRow): boolean =>
  startedAtMs >= Date.parse(`${from}Z`) && startedAtMs < Date.parse(`${to}Z`)
const capacity = { instance: 'ptu-sweden', deployment: 'gpt-4o-ptu', tokensPerMinute: 2_500, completionTokenWeight: 4 }

/** A cluster that has the records, a quarter of them twice, in parts and in no order. */
async function filledCluster(t: TestContext, kept: readonly KeptRecord[]): Promise<StandInCluster> {
  const random = randomOf(seedOfRun())
  const lines = kept.flatMap(({ row, bodies }) => linesOf(row, bodies, 3_500))
  assert.ok(lines.length > kept.length + 100 && lines.some(line => line['part'] === undefined))
  // Some were sent again under another limit, in part.
  const cutOtherwise = kept.slice(0, 40).flatMap(({ row, bodies }) => linesOf(row, bodies, 3_000).slice(1))
  const sent = [...lines, ...cutOtherwise, ...lines.filter(() => random.chance(0.25))]
    .map(line => ({ line, order: random.share() }))
    .toSorted((a, b) => a.order - b.order)
  const cluster = await StandInCluster.open(t)
  await cluster.ingest(sent.map(({ line }) => line))
  const { instance, deployment, tokensPerMinute, completionTokenWeight } = capacity
  await cluster.run(
    `INSERT INTO PtuCapacity VALUES ('${instance}', '${deployment}', ${tokensPerMinute}, ${completionTokenWeight})`,
  )
  return cluster
}

/** Numbers to twelve digits: sums of fractions depend on their order. */
const rounded = (rows: readonly Row[]): Row[] =>
  rows.map(row =>
    Object.fromEntries(
      Object.entries(row).map(([name, value]) => [
        name,
        typeof value === 'number' ? Number(value.toPrecision(12)) : value,
      ]),
    ),
  )

test('the functions answer what the records say, though records come twice, in parts and in no order', async t => {
  const kept = await keptRecords(t, 600)
  assert.equal(kept.length, 600)
  const cluster = await filledCluster(t, kept)
  const records = kept.map(({ row }) => row).filter(isInTime)
  assert.ok(records.length > 500 && records.length < 600)
  const wanted: Readonly<Record<string, Row[]>> = {
    UsageByWorkloadAndCaller: usage(records),
    CostByDay: costByDay(records),
    Errors: errors(records),
    LatencyPercentiles: latency(records),
    PtuUtilisation: ptuUtilisation(records, capacity),
  }
  for (const [name, rows] of Object.entries(wanted)) {
    assert.ok(rows.length > 5, name)
    assert.deepEqual(rounded((await cluster.call(name, from, to)).rows), rounded(rows), name)
  }

  const log = (await cluster.call('ApimLogBetween', from, to)).rows
  const byBody = (a: Row, b: Row): number => (String(a['FullRequestBody']) < String(b['FullRequestBody']) ? -1 : 1)
  assert.deepEqual(
    log.toSorted(byBody),
    kept
      .filter(({ row }) => isInTime(row))
      .map(({ row, bodies }) => ({ row, line: lineOf(row, bodies) }))
      .map(
        ({ row, line }): Row => ({
          completion_tokens: row.usage.completionTokens,
          prompt_tokens: row.usage.promptTokens,
          total_tokens: row.usage.totalTokens,
          WorkloadIdentifier: row.workload ?? '',
          Backend: row.target ?? '',
          User: row.callerName ?? row.callerAppId ?? '',
          FullRequestBody: String(line['requestBody'] ?? ''),
          FullResponseBody: String(line['responseBody'] ?? ''),
        }),
      )
      .toSorted(byBody),
  )
})

test('a record of 5 MB comes back byte for byte from its parts; a missing or damaged part is found', async t => {
  const ledger = await testLedger(t, temporaryDirectory('ledger'))
  const id = newId()
  const request = Buffer.from('{"content":"Grüße 株式会社 😀 and more"}'.repeat(70_000))
  const response = Buffer.from(Array.from({ length: 1_500_000 }, (_, at) => (at * 31) % 256))
  await ledger.journal.open(openedOf(id), [request])
  await ledger.journal.close(closedOf(id), [response])
  const row = await ledger.row(id)
  assert.ok(row !== null)
  const bodies = await ledger.bodies(id)
  const parts = linesOf(row, bodies, 1_048_576)
  assert.ok(parts.length >= 5)

  const whole = await StandInCluster.open(t)
  await whole.ingest([...parts.toReversed(), ...parts])
  const [conversation] = (await whole.call('Conversation', id)).rows
  assert.equal(conversation?.['IsComplete'], true)
  assert.equal(conversation['RequestBodyEncoding'], 'utf8')
  assert.equal(conversation['ResponseBodyEncoding'], 'base64')
  assert.ok(Buffer.from(String(conversation['RequestBody'])).equals(request))
  assert.ok(Buffer.from(String(conversation['ResponseBody']), 'base64').equals(response))
  const rows = (await whole.call('ConversationParts', id)).rows
  assert.deepEqual(
    rows.map(part => part['Part']),
    parts.map((_, at) => at + 1),
  )

  const isCompleteOf = async (lines: readonly Line[]): Promise<unknown> => {
    const cluster = await StandInCluster.open(t)
    await cluster.ingest(lines)
    return (await cluster.call('Conversation', id)).rows[0]?.['IsComplete']
  }
  assert.equal(await isCompleteOf(parts.toSpliced(3, 1)), false)
  assert.equal(await isCompleteOf(parts.with(2, { ...parts[2], requestBody: 'something else' })), false)
  // Columns with the policy BigObject32 do not cut pieces of several MB.
  assert.equal(await isCompleteOf([lineOf(row, bodies)]), true)
  // After a restart with another limit the record is sent again, cut in other places.
  const cutOtherwise = linesOf(row, bodies, 700_000)
  assert.equal(await isCompleteOf([...parts.slice(0, 2), ...cutOtherwise]), true)
  assert.equal(await isCompleteOf([...parts.slice(0, 2), ...cutOtherwise.slice(1)]), false)
})

test('the line of the documentation is a record, and its first query answers what the page says', async t => {
  const line = JSON.parse(/^\{"id":.*\}$/m.exec(dataExplorerPage)?.[0] ?? '') as Line
  const members = mapping.map(({ Properties }) => Properties.Path.slice(2))
  assert.deepEqual(
    Object.keys(line).filter(name => !members.includes(name)),
    [],
  )
  const cluster = await StandInCluster.open(t)
  await cluster.ingest([line])
  const { rows } = await cluster.call('UsageByWorkloadAndCaller', '2026-11-26', '2026-11-27')
  assert.equal(rows.length, 1)
  assert.deepEqual(
    ['Workload', 'CallerName', 'Calls', 'TotalTokens'].map(name => rows[0]?.[name]),
    ['hr-bot', 'Alice Example', 1, 15],
  )
})

test('KQL and SQL return the same columns', async t => {
  const cluster = await StandInCluster.open(t)
  const database = new KustoDatabase()
  for (const command of commands) database.make(command)
  const twoTimes = [
    'UsageByWorkloadAndCaller',
    'CostByDay',
    'Errors',
    'LatencyPercentiles',
    'PtuUtilisation',
    'ApimLogBetween',
  ]
  for (const name of twoTimes) {
    const { columns } = database.check(`${name}(ago(1d), now())`)
    assert.deepEqual((await cluster.call(name, from, to)).columns, columns.map(nameOf), name)
  }
  for (const name of ['Conversation', 'ConversationParts']) {
    const { columns } = database.check(`${name}("")`)
    assert.deepEqual((await cluster.call(name, 'x')).columns, columns.map(nameOf), name)
  }
  const eight =
    'completion_tokens prompt_tokens total_tokens WorkloadIdentifier Backend User FullRequestBody FullResponseBody'
  assert.deepEqual(database.check('ApimLog()').columns.map(nameOf), eight.split(' '))
})

const nameOf = (column: string): string => column.split(':')[0] ?? ''
