/** P2 and P3: bytes and errors pass unchanged. Observed between a backend and a client that both belong to the test. */

import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { after, before, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { type Backend, startBackend } from '../../support/backend.ts'
import { type Running, running } from '../../support/file-world.ts'
import { noiseOf, seedOfRun } from '../../support/random.ts'
import { type RawAnswer, RawConnection, requestBytes, send } from '../../support/raw.ts'
import { recordOf } from '../../support/records.ts'
import { assertRefusal } from '../../support/refused.ts'
import { eventually, soon } from '../../support/wait.ts'
import { apiVersion, ask, startWorld, type World } from '../../support/world.ts'

let scene: { world: World; backend: Backend } & Running
let token: string
before(async () => {
  scene = await running(async scope => {
    const backend = await startBackend(scope)
    const world = await startWorld(scope, {
      change: config => ({
        ...config,
        gateway: { ...config.gateway, timeouts: { firstByte: '3s', streamIdle: '3s', connect: '3s', total: '6s' } },
        instances: Object.fromEntries(
          Object.entries(config.instances).map(([name, instance]) => [
            name,
            { ...instance, endpoint: name === 'dev-openai-instance-2' ? 'http://127.0.0.1:9' : backend.url },
          ]),
        ),
      }),
    })
    return { world, backend }
  })
  token = await scene.world.token('alice')
})
after(() => scene.close())

const target = `/dev-openai-instance-1/hr-bot/openai/deployments/gpt-4o/chat/completions?api-version=${apiVersion}`

function bytesOf(more: Readonly<Record<string, unknown>> = {}, to = target): Buffer {
  return requestBytes(scene.world.url, {
    target: to,
    headers: [
      ['Authorization', `Bearer ${token}`],
      ['Content-Type', 'application/json'],
    ],
    body: JSON.stringify({ messages: ask('Hello'), ...more }),
  })
}

async function call(more: Readonly<Record<string, unknown>> = {}, to = target): Promise<RawAnswer> {
  const connection = await RawConnection.open(scene.world.url)
  connection.write(bytesOf(more, to))
  const answer = await connection.answer()
  connection.socket.destroy()
  assert.ok(answer, 'an answer')
  return answer
}

const eventStream = { 'content-type': 'text/event-stream; charset=utf-8' } as const
const chunk = (text: string, usage = ',"usage":null'): string =>
  `data: {"id":"c","model":"gpt-4o-2024-11-20","choices":[{"index":0,"delta":{"content":"${text}"}}]${usage}}\n\n`
const lastChunk =
  'data: {"id":"c","model":"gpt-4o-2024-11-20","choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5}}\n\n'

// A person who waits sees each word as soon as it is there; a proxy that buffers makes streaming useless.
for (const asked of [{ stream: true }, { stream: true, stream_options: { include_usage: true } }, {}]) {
  test(`P2 each piece reaches the client before the next is made: ${JSON.stringify(asked)}`, async () => {
    const { backend, world } = scene
    let answering: ServerResponse | undefined
    backend.answer = (_request, response) => {
      answering = response
      response.writeHead(200, asked.stream ? eventStream : { 'content-type': 'application/json' })
      response.write(chunk('piece-0'))
    }
    const connection = await RawConnection.open(world.url)
    connection.write(bytesOf(asked))
    for (let at = 1; at <= 5; at += 1) {
      await connection.seen(`piece-${at - 1}`)
      answering?.write(chunk(`piece-${at}`))
    }
    answering?.end()
    await connection.rest()
  })
}

test('P2 where a stream is cut into pieces never matters, with and without requested usage', async () => {
  const texts = ['one', 't\\u00e9 \ud83d\ude00', '\\"usage\\":{}'].map(text => chunk(text)).join('')
  const words = `${texts}${lastChunk}data: [DONE]\n\n`
  const hidden = words.replaceAll(',"usage":null', '').replace(lastChunk, '')
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 12 }),
      fc.boolean(),
      async (sizes, asks) => {
        scene.backend.answer = (_request, response) => {
          response.writeHead(200, eventStream)
          const bytes = Buffer.from(words)
          let at = 0
          for (let piece = 0; at < bytes.length; piece += 1) {
            const size = sizes[piece % sizes.length] ?? 1
            response.write(bytes.subarray(at, at + size))
            at += size
          }
          response.end()
        }
        const answer = await call({ stream: true, ...(asks ? { stream_options: { include_usage: true } } : {}) })
        assert.equal(answer.body.toString(), asks ? words : hidden)
        const record = await recordOf(scene.world.house.ledger, answer.headers['x-gatehouse-request-id'])
        assert.equal(record.usage.totalTokens, 5)
      },
    ),
    { numRuns: 40 },
  )
})

test('P2 no body is truncated: 20 MB of binary data arrive as they were sent, and are stored', async () => {
  const sent = noiseOf(seedOfRun(), 20_000_000)
  scene.backend.answer = (_request, response) =>
    response.writeHead(200, { 'content-type': 'audio/mpeg', 'content-length': sent.length }).end(sent)
  const answer = await call()
  assert.ok(answer.body.equals(sent))
  assert.equal(answer.headers['content-length'], String(sent.length))
  const record = await recordOf(scene.world.house.ledger, answer.headers['x-gatehouse-request-id'])
  assert.equal(record.responseBytes, sent.length)
  const bodies = await scene.world.house.ledger.bodies(record.id)
  assert.ok(Buffer.from(bodies?.response ?? []).equals(sent))
})

test('P2 an answer that is compressed without being requested passes unchanged', async () => {
  const packed = gzipSync('{"choices":[],"usage":{"total_tokens":5}}')
  scene.backend.answer = (_request, response) =>
    response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' }).end(packed)
  const answer = await call()
  assert.equal(answer.headers['content-encoding'], 'gzip')
  assert.ok(answer.body.equals(packed))
})

// Otherwise a slow reader would fill the gateway's memory with an answer that it may never read.
test('P2 a client that does not read slows the backend down, and gets the whole answer once it reads', async () => {
  const piece = Buffer.alloc(1_000_000, 'x')
  const pieces = 60
  let written = 0
  let stopped = (): void => {}
  const held = new Promise<void>(resolve => {
    stopped = resolve
  })
  scene.backend.answer = (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/octet-stream' })
    const more = (): void => {
      while (written < pieces) {
        written += 1
        if (!response.write(piece)) {
          response.once('drain', more)
          stopped()
          return
        }
      }
      response.end()
    }
    more()
  }
  const connection = await RawConnection.open(scene.world.url)
  connection.socket.pause()
  connection.write(bytesOf())
  await held
  // The kernel's buffers on both connections take some of it; then nothing moves any more.
  let seen = -1
  await eventually('the backend has stopped writing', () => {
    const still = seen === written
    seen = written
    return still ? true : null
  })
  assert.ok(written < pieces, `${written} of ${pieces} MB were taken while the client did not read`)
  connection.socket.resume()
  const bytes = await connection.rest(20_000)
  assert.ok(bytes.length > pieces * piece.length)
})

// Clients must decide by what the service answered.
test('P3 every status of a backend reaches the client with its body and its headers', async () => {
  const headers = {
    'content-type': 'application/problem+json; charset=utf-8',
    'retry-after': '86400',
    'retry-after-ms': '86400000',
    'x-ratelimit-remaining-tokens': '-1',
    'x-ratelimit-reset-requests': '1s',
    'azure-openai-deployment-utilization': '101%',
    'x-ms-region': 'Sweden Central',
    'apim-request-id': 'f00',
    'x-request-id': 'bar',
    'www-authenticate': 'Bearer realm="azure"',
    'x-repeated': ['a=1', 'b=2'],
    'x-should-retry': 'true',
  }
  const body = Buffer.from('{"error":{"code":"429","message":"\u00fc \\u0000 not closed', 'latin1')
  for (const status of [
    // 401 and 403 are about the gateway's own credential (`refused-by-instances.test.ts`).
    200, 201, 202, 400, 404, 408, 409, 413, 422, 424, 429, 451, 499, 500, 502, 503, 504, 529,
  ]) {
    scene.backend.answer = (_request, response) => response.writeHead(status, headers).end(body)
    const answer = await call()
    assert.equal(answer.status, status)
    assert.ok(answer.body.equals(body))
    for (const [name, value] of Object.entries(headers))
      assert.equal(answer.headers[name], [value].flat().join(', '), name)
    assert.equal(answer.headers['x-gatehouse-refusal'], undefined)
    const record = await recordOf(scene.world.house.ledger, answer.headers['x-gatehouse-request-id'])
    assert.deepEqual([record.outcome, record.status, record.backendRequestId], ['completed', status, 'f00'])
  }
})

test('a backend that is unreachable, closes, or stays silent is a 502 or 504 with a record', async () => {
  const other = target.replace('instance-1', 'instance-2')
  const failing: readonly (readonly [
    'backend_unreachable' | 'backend_broke' | 'first_byte_timeout',
    string,
    Backend['answer'],
  ])[] = [
    ['backend_unreachable', other, () => {}],
    ['backend_broke', target, (_request, response) => response.destroy()],
    ['backend_broke', target, (_request, response) => response.socket?.end('HTTP/1.1 OOPS\r\n\r\n')],
    ['first_byte_timeout', target, () => {}],
  ]
  for (const [code, to, answerWith] of failing) {
    scene.backend.answer = answerWith
    const answer = await call({}, to)
    assertRefusal(answer, code)
    const record = await recordOf(scene.world.house.ledger, answer.headers['x-gatehouse-request-id'])
    assert.deepEqual([record.outcome, record.outcomeCode, record.status], ['failed', code, answer.status])
    assert.deepEqual(
      record.attempts.map(({ instance, error }) => [instance, error]),
      [[record.instance, code]],
    )
  }
})

// A clean end would mean that the answer is whole: the client would take half an answer for all of it.
test('an answer that breaks off never ends cleanly: a stream carries an error, a document is cut', async () => {
  const breaking: readonly (readonly [string, (response: ServerResponse) => void])[] = [
    ['backend_cut', response => void response.write(chunk('half'), () => response.destroy())],
    ['stream_idle_timeout', response => void response.write(chunk('half'))],
  ]
  for (const [code, breakOff] of breaking) {
    for (const stream of [true, false]) {
      scene.backend.answer = (_request, response) => {
        response.writeHead(200, stream ? eventStream : { 'content-type': 'application/json' })
        breakOff(response)
      }
      const connection = await RawConnection.open(scene.world.url)
      connection.write(bytesOf({ stream }))
      const bytes = (await connection.rest()).toString()
      assert.ok(bytes.includes('half'), code)
      assert.ok(!bytes.endsWith('0\r\n\r\n'), `${code}: the body ends as if it were whole`)
      if (stream) assert.match(bytes, new RegExp(`data: \\{"error":\\{.*"code":"${code}"`))
      const id = /x-gatehouse-request-id: (\S+)/i.exec(bytes)?.[1]
      const record = await recordOf(scene.world.house.ledger, id)
      assert.deepEqual([record.outcome, record.outcomeCode, record.status], ['failed', code, 200])
    }
  }
})

test('an exchange that exceeds gateway.timeouts.total ends with an error that says so', async () => {
  scene.backend.answer = (_request, response) => {
    response.writeHead(200, eventStream)
    const dripping = setInterval(() => response.write(chunk('drip')), 200)
    response.on('close', () => clearInterval(dripping))
  }
  const connection = await RawConnection.open(scene.world.url)
  connection.write(bytesOf({ stream: true }))
  const bytes = (await connection.rest()).toString()
  assert.match(bytes, /"code":"total_timeout"/)
})

// A call whose client is gone must not go on costing tokens.
test('a client that disconnects ends the call at the backend, in a stream and before the first byte', async () => {
  for (const began of [true, false]) {
    const { promise: gone, resolve: left } = Promise.withResolvers<void>()
    const { promise: arrived, resolve: arrive } = Promise.withResolvers<void>()
    scene.backend.answer = (_request, response) => {
      response.on('close', left)
      if (began) response.writeHead(200, eventStream).write(chunk('half'))
      arrive()
    }
    const connection = await RawConnection.open(scene.world.url)
    connection.write(bytesOf({ stream: true }))
    await arrived
    if (began) await connection.seen('half')
    connection.leave()
    await soon('the backend sees the connection close', gone)
    const [record] = await eventually('the record', async () => {
      await scene.world.house.ledger.caughtUp()
      const page = await scene.world.house.ledger.list({ limit: 1 })
      return page.records[0]?.outcome === 'aborted' ? page.records : null
    })
    assert.deepEqual([record?.outcomeCode, record?.status], ['client_left', began ? 200 : null])
    // One call at a time: the next must not find this call's record.
    await send(scene.world.url, { target: '/nowhere' })
  }
})

// The connection was not watched between authentication and the opening of the record: such calls stayed open for half
// an hour.
test('a client that disconnects while its record is being opened is noticed, and nothing is sent', async () => {
  const { journal } = scene.world.house.ledger
  const open = journal.open.bind(journal)
  const { promise: opening, resolve: reached } = Promise.withResolvers<string>()
  const { promise: goOn, resolve: release } = Promise.withResolvers<void>()
  const sentBefore = scene.backend.received.length
  journal.open = async (opened, body) => {
    reached(opened.id)
    await goOn
    return open(opened, body)
  }
  const connection = await RawConnection.open(scene.world.url)
  connection.write(bytesOf())
  const id = await opening
  journal.open = open
  connection.leave()
  // The gateway processes what was sent earlier before it answers this call, so it knows by then that the connection is
  // gone.
  await send(scene.world.url, { target: '/healthz' })
  release()
  const record = await recordOf(scene.world.house.ledger, id)
  assert.deepEqual([record.outcome, record.outcomeCode], ['aborted', 'client_left'])
  assert.equal(scene.backend.received.length, sentBefore)
})
