/** Random bytes and broken requests, against everything that parses them. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { type Running, runWorld } from '../support/file-world.ts'
import { RawConnection, requestBytes } from '../support/raw.ts'
import { assertAlive } from '../support/refused.ts'
import { eventually } from '../support/wait.ts'
import { ask, chatPath, type World } from '../support/world.ts'

let world: World & Running
let requests: readonly Buffer[]
const failures: unknown[] = []
const onFailure = (error: unknown): void => {
  failures.push(error)
}

before(async () => {
  // Node's test runner would report these too, but at the wrong test.
  process.on('uncaughtException', onFailure)
  process.on('unhandledRejection', onFailure)
  world = await runWorld({
    change: config => ({
      ...config,
      gateway: {
        ...config.gateway,
        bodyBytesMax: 16_384,
        timeouts: { requestHeaders: '1s', requestBody: '1s', keepAlive: '1s' },
      },
    }),
  })
  const headers = [
    ['Authorization', `Bearer ${await world.token('alice')}`],
    ['Content-Type', 'application/json'],
  ] as const
  const body = JSON.stringify({ messages: ask('Hello'), max_tokens: 3, stream: true })
  requests = [
    requestBytes(world.url, { target: chatPath, headers, body }),
    requestBytes(world.url, { target: '/openai/v1/models', headers }),
    requestBytes(world.url, {
      target: '/main/hr-bot/openai/v1/files',
      headers: [
        ['Authorization', headers[0][1]],
        ['Content-Type', 'multipart/form-data; boundary=x'],
      ],
      body: '--x\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nbatch\r\n--x--\r\n',
    }),
    requestBytes(world.url, { target: '/healthz' }),
  ]
})
after(async () => {
  process.off('uncaughtException', onFailure)
  process.off('unhandledRejection', onFailure)
  await world.close()
})

/** Replaces, inserts or removes one or a few bytes of a request. */
interface Change {
  readonly at: number
  readonly remove: number
  readonly insert: Uint8Array
}

const change: fc.Arbitrary<Change> = fc.record({
  // Not a double: most doubles are close to zero, and only the request line would ever be changed.
  at: fc.integer({ min: 0, max: 9_999 }).map(at => at / 10_000),
  remove: fc.nat({ max: 12 }),
  insert: fc.oneof(
    fc.uint8Array({ maxLength: 12 }),
    fc.string({ maxLength: 3 }).map(Buffer.from),
    fc
      .constantFrom('\r\n', '\r\n\r\n', ' ', ':', '%', '{', '"', '\u0000', '99999999', 'chunked', '../')
      .map(Buffer.from),
  ),
})

function changed(bytes: Buffer, changes: readonly Change[]): Buffer {
  return changes.reduce((all, { at, remove, insert }) => {
    const from = Math.floor(at * all.length)
    return Buffer.concat([all.subarray(0, from), insert, all.subarray(from + remove)])
  }, bytes)
}

/**
 * Waits for an answer or for the end of the connection: one of them must come. @returns the status; null without an
 * answer
 */
async function endure(bytes: Buffer): Promise<number | null> {
  const connection = await RawConnection.open(world.url)
  try {
    connection.write(bytes)
    return (await connection.answer({ withinMs: 10_000 }))?.status ?? null
  } finally {
    connection.socket.destroy()
  }
}

/** Many at once, since each may take as long as the timeouts of the gateway. */
const atOnce = { minLength: 40, maxLength: 40, size: 'max' } as const

async function assertUnharmed(): Promise<void> {
  await eventually('no exchange is open', () => (world.house.gateway.inFlight === 0 ? true : null))
  assert.deepEqual(failures, [])
  assert.equal(world.house.recordsLost, 0)
  await assertAlive(world)
}

// Any client that can reach the port can send these; no other call may suffer from it.
test('P9 random bytes never crash the gateway, hang it, or stop the next call', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 400 }), atOnce), async all => {
      const statuses = await Promise.all(all.map(bytes => endure(Buffer.from(bytes))))
      for (const status of statuses) assert.ok(status === null || (status >= 400 && status < 500), `${status}`)
    }),
    { numRuns: 3, endOnFailure: true },
  )
  await assertUnharmed()
})

test('P9 requests with random changes never crash the gateway, hang it, or stop the next call', async () => {
  const seen = new Set<number | null>()
  const broken = fc.tuple(fc.nat({ max: 3 }), fc.array(change, { minLength: 1, maxLength: 4 }))
  await fc.assert(
    fc.asyncProperty(fc.array(broken, atOnce), async all => {
      const sent = all.map(([which, changes]) => changed(requests[which] ?? Buffer.alloc(0), changes))
      const statuses = await Promise.all(sent.map(endure))
      for (const status of statuses) seen.add(status)
      assert.ok(!statuses.includes(500), 'an internal error')
    }),
    { numRuns: 8, endOnFailure: true },
  )
  assert.ok(seen.has(400), 'no change made it worse')
  await assertUnharmed()
})

// Otherwise all random requests might be refused at the same stage.
test('a change of a request reaches every depth: not HTTP any more, refused, and still a call', async () => {
  const call = requests[0] ?? assert.fail('no requests')
  const changes = [
    [200, '"Hello"', '"Hullo"'],
    [400, 'HTTP/1.1', 'HTTP/x.1'],
    [400, '"messages"', '"messages'],
    [401, 'Bearer ', 'Bearer x'],
    [404, '/openai/', '/openal/'],
  ] as const
  for (const [status, from, to] of changes) {
    const text = call.toString('latin1')
    assert.ok(text.includes(from), from)
    // In a body of the same length, so that Content-Length stays true.
    const sent = text.replace(from, to.padEnd(from.length))
    assert.equal(await endure(Buffer.from(sent, 'latin1')), status, to)
  }
})

test('P9 every body with random changes gets an answer', async () => {
  const body = JSON.stringify({ model: 'gpt-4o', messages: ask('Hello'), stream_options: { include_usage: false } })
  const token = await world.token('alice')
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 3 }), async changes => {
      const sent = changed(Buffer.from(body), changes)
      const connection = await RawConnection.open(world.url)
      const headers = [['Authorization', `Bearer ${token}`]] as const
      connection.write(requestBytes(world.url, { target: chatPath, headers, body: sent }))
      const answer = await connection.answer()
      connection.socket.destroy()
      assert.ok(answer, 'an answer')
      assert.ok(answer.status === 200 || answer.status === 400 || answer.status === 413, `${answer.status}`)
    }),
    { numRuns: 100 },
  )
  await assertUnharmed()
})
