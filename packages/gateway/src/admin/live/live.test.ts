import assert from 'node:assert/strict'
import { type ClientRequest, request } from 'node:http'
import { type TestContext, test } from 'node:test'
import { eventually } from '../../../../../test/support/wait.ts'
import { errorIn, type House, startHouse } from '../house.fixture.ts'
import { recordId, recordRow } from '../ledger.fixture.ts'
import { feedState, ruleReport } from '../running.fixture.ts'

interface Event {
  readonly event: string
  readonly id: string | null
  readonly data: unknown
}

/** A stream as a browser reads it. */
class Stream {
  readonly events: Event[] = []
  lastId: string | null = null
  ended = false
  status = 0
  readonly #request: ClientRequest

  constructor(url: URL, headers: Readonly<Record<string, string>>) {
    this.#request = request(url, { headers, agent: false }, async answer => {
      this.status = answer.statusCode ?? 0
      answer.setEncoding('utf8')
      let rest = ''
      try {
        for await (const text of answer as AsyncIterable<string>) {
          const blocks = (rest + text).split('\n\n')
          rest = blocks.pop() ?? ''
          for (const block of blocks) this.#take(block)
        }
      } catch {
        // The test has left.
      }
      this.ended = true
    })
    this.#request.on('error', () => {
      this.ended = true
    })
    this.#request.end()
  }

  #take(block: string): void {
    const fields = new Map(block.split('\n').map(line => line.split(/: (.*)/s, 2) as [string, string]))
    this.lastId = fields.get('id') ?? this.lastId
    const data = fields.get('data')
    if (data === undefined) return
    this.events.push({ event: fields.get('event') ?? '', id: fields.get('id') ?? null, data: JSON.parse(data) })
  }

  records(): string[] {
    return this.events.flatMap(({ event, data }) => (event === 'record' ? [(data as { id: string }).id] : []))
  }

  leave(): void {
    this.#request.destroy()
  }
}

interface Opening {
  readonly as?: string
  readonly query?: string
  readonly lastId?: string | null
}

async function open(
  t: TestContext,
  house: House,
  { as = 'bob', query = '', lastId = null }: Opening = {},
): Promise<Stream> {
  const headers = {
    authorization: `Bearer ${await house.token(as)}`,
    ...(lastId === null ? {} : { 'last-event-id': lastId }),
  }
  const stream = new Stream(new URL(`/api/v1/live${query}`, house.admin.url), headers)
  t.after(() => stream.leave())
  await eventually('the stream has begun', () => (stream.status === 0 ? null : true))
  return stream
}

// Whoever watches what happens must not have to wonder what happened while the network was away.
test('each record comes once, in order, over any number of breaks', { timeout: 30_000 }, async t => {
  const house = await startHouse(t)
  await house.ledger.add(recordRow(recordId(1)))
  const seen: string[] = []
  let lastId: string | null = null
  let added = 1
  const add = async (count: number): Promise<void> => {
    for (let n = 0; n < count; n += 1) {
      added += 1
      await house.ledger.add(recordRow(recordId(added)))
    }
  }
  for (let round = 0; round < 6; round += 1) {
    const stream: Stream = await open(t, house, { query: '?events=record', lastId })
    await add(round === 3 ? 1_300 : 7)
    await eventually('the records of this round', () => (stream.records().length > round % 3 ? true : null))
    stream.leave()
    await eventually('it has ended', () => (stream.ended ? true : null))
    seen.push(...stream.records())
    lastId = stream.lastId
    await add(5)
  }
  const last = await open(t, house, { query: '?events=record', lastId })
  await eventually('the rest', () => (seen.length + last.records().length >= added - 1 ? true : null))
  seen.push(...last.records())
  assert.deepEqual(
    seen,
    Array.from({ length: added - 1 }, (_, at) => recordId(at + 2)),
  )
})

test('a stream goes on after the cursor of a list, and shows what its filter selects', async t => {
  const house = await startHouse(t)
  const page = (await house.send('/api/v1/records', { as: 'bob' })).json as { cursor: string }
  await house.ledger.add(recordRow(recordId(1), { workload: 'code-assistant' }))
  await house.ledger.add(recordRow(recordId(2)))
  const stream = await open(t, house, { query: `?events=record&workload=hr-bot&after=${page.cursor}` })
  await eventually('the record', () => (stream.records().length > 0 ? true : null))
  assert.deepEqual(stream.records(), [recordId(2)])
  const [record] = stream.events
  assert.deepEqual(record?.data, (await house.send(`/api/v1/records/${recordId(2)}`, { as: 'bob' })).json)
})

test('states come once, as their routes answer, and again only when they have changed', async t => {
  const house = await startHouse(t)
  const stream = await open(t, house)
  await eventually('each state', () => (stream.events.length === 3 ? true : null))
  for (const { event, data, id } of stream.events) {
    assert.deepEqual(data, (await house.send(`/api/v1/${event}`, { as: 'bob' })).json)
    assert.equal(id, null, 'the place among the records stays')
  }
  const report = await house.running.limits()
  house.running.limits = async () => ({ ...report, rules: [ruleReport({ used: 1 })] })
  await eventually('the change', () => (stream.events.length > 3 ? true : null))
  const replicas = await house.running.replicas()
  house.running.replicas = async () => ({
    ...replicas,
    replicas: replicas.replicas.map(one => ({
      ...one,
      figures: one.figures === null ? null : { ...one.figures, feeds: [{ ...feedState, status: 'running' }] },
    })),
  })
  await eventually('the other change', () => (stream.events.length > 4 ? true : null))
  assert.deepEqual(
    stream.events.slice(3).map(({ event }) => event),
    ['limits', 'feeds'],
  )
})

// One person with many tabs must not keep the others out.
test('a reader has eight streams at most, and gets a place back when one has ended', async t => {
  const house = await startHouse(t)
  const streams: Stream[] = []
  for (let at = 0; at < 8; at += 1) streams.push(await open(t, house, { query: '?events=feeds' }))
  const ninth = await house.send('/api/v1/live', { as: 'bob' })
  assert.deepEqual([ninth.status, errorIn(ninth).code, ninth.headers['retry-after']], [429, 'streams_exhausted', '5'])
  assert.equal((await open(t, house, { as: 'carol', query: '?events=feeds' })).status, 200)
  for (let head = 0; head < 3; head += 1) {
    assert.equal((await house.send('/api/v1/live', { as: 'alice', method: 'HEAD' })).status, 200)
  }
  streams[0]?.leave()
  const again = await eventually('a place', async () => {
    const stream = await open(t, house, { query: '?events=feeds' })
    return stream.status === 200 ? stream : null
  })
  assert.equal(again.ended, false)
})

test('a stream ends when the listener closes, and a wrong question is answered before it begins', async t => {
  const house = await startHouse(t)
  const wrong = await house.send('/api/v1/live?events=records', { as: 'bob' })
  assert.equal(wrong.status, 400)
  assert.match(errorIn(wrong).message, /expected one of record, instances, limits, feeds/)
  const id = await house.send('/api/v1/live', { as: 'bob', headers: ['last-event-id', 'x'] })
  assert.equal(id.status, 400)
  assert.match(errorIn(id).message, /last-event-id/)
  house.ledger.failure = new Error('away')
  assert.equal((await house.send('/api/v1/live', { as: 'bob' })).status, 500)
  house.ledger.failure = null
  const stream = await open(t, house)
  await house.admin.close()
  await eventually('it has ended', () => (stream.ended ? true : null))
})
