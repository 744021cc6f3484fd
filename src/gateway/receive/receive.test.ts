import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { type TestContext, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { type Call, ClientLeft, type Watched } from '../call.ts'
import { decodeBody, readBody } from './body.ts'
import { BodyBudget, BodyHold } from './budget.ts'
import { modelOfForm } from './form.ts'

/** A request of these bytes, as the server sees it; the connection stays the test's. */
async function callOf(t: TestContext, bytes: string): Promise<{ call: Call; leave(): void }> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  t.after(() => {
    socket.destroy()
    server.closeAllConnections()
    server.close()
  })
  socket.write(bytes)
  const [req, res] = await once(server, 'request')
  const watch: Watched = { deadlineAt: Number.POSITIVE_INFINITY, subject: null }
  const call = {
    id: 'x',
    startedAtMs: 0,
    method: 'POST',
    url: '/',
    req,
    res,
    expectsContinue: false,
    fault: null,
    watch,
  }
  return { call, leave: () => socket.destroy() }
}

const newHold = (): BodyHold => new BodyHold(new BodyBudget({ bytesMax: 1_000_000, callerBytesMax: 1_000_000 }))

const head = (length: number): string => `POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${length}\r\n\r\n`

test('a body is the chunks that came, and its deadline ends with it', async t => {
  const { call } = await callOf(t, `${head(5)}hello`)
  const body = await readBody(call, newHold(), 100, 1_000)
  assert.equal(body.toString(), 'hello')
  assert.equal(call.watch.deadlineAt, Number.POSITIVE_INFINITY)
  assert.equal(call.watch.subject, null)
})

test('a body has a deadline, and what it is given up for depends on why', async t => {
  for (const [why, code] of [
    ['deadline', 'body_timeout'],
    ['shutdown', 'shutting_down'],
  ] as const) {
    const { call } = await callOf(t, `${head(50)}hello`)
    const reading = assert.rejects(readBody(call, newHold(), 100, 60_000), { code })
    assert.ok(call.watch.deadlineAt > performance.now() + 50_000)
    call.watch.subject?.expire(why)
    await reading
  }
})

test('a body that is too large is refused by its announcement, or as it comes', async t => {
  const announced = await callOf(t, head(101))
  await assert.rejects(readBody(announced.call, newHold(), 100, 1_000), { code: 'body_too_large' })
  const chunked = 'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n'
  const coming = await callOf(t, `${chunked}65\r\n${'x'.repeat(101)}\r\n`)
  await assert.rejects(readBody(coming.call, newHold(), 100, 1_000), { code: 'body_too_large' })
})

// While a token is verified nobody listens to the connection: such calls waited for a body that could not come any more.
test('a client that left before or while its body is read is noticed', async t => {
  const during = await callOf(t, `${head(50)}hello`)
  const reading = assert.rejects(readBody(during.call, newHold(), 100, 60_000), ClientLeft)
  during.leave()
  await reading
  const before = await callOf(t, `${head(50)}hello`)
  const gone = once(before.call.res, 'close')
  before.leave()
  await gone
  await assert.rejects(readBody(before.call, newHold(), 100, 60_000), ClientLeft)
})

test('bytes are unpacked up to the limit and not beyond, and only as a known encoding', async () => {
  const text = Buffer.from('x'.repeat(1_000))
  assert.deepEqual(await decodeBody(gzipSync(text), ' GZip ', 1_000, newHold()), text)
  await assert.rejects(decodeBody(gzipSync(text), 'gzip', 999, newHold()), { code: 'body_too_large' })
  await assert.rejects(decodeBody(text, 'gzip', 1_000, newHold()), { code: 'body_undecodable' })
  for (const encoding of ['', 'zstd', 'gzip, br', 'constructor', 'toString', '__proto__']) {
    await assert.rejects(decodeBody(text, encoding, 1_000, newHold()), { code: 'body_encoding' })
  }
})

const form = (...parts: readonly string[]): Buffer =>
  Buffer.from(`${parts.map(part => `--x\r\nContent-Disposition: form-data; ${part}\r\n`).join('')}--x--\r\n`)
const type = 'multipart/form-data; boundary=x'

test('the model of a form is read, and two of them are refused', async () => {
  const file = 'name="file"; filename="a.wav"\r\nContent-Type: audio/wav\r\n\r\nRIFF'
  assert.deepEqual(await modelOfForm(form(file, 'name="model"\r\n\r\nears'), type), { model: 'ears', stream: false })
  const streamed = form('name="stream"\r\n\r\ntrue', 'name="model"\r\n\r\nears')
  assert.deepEqual(await modelOfForm(streamed, type), { model: 'ears', stream: true })
  assert.deepEqual(await modelOfForm(form(file), type), { model: null, stream: false })
  const asFile = form('name="model"; filename="m"\r\n\r\nears')
  assert.equal((await modelOfForm(asFile, type)).model, null, 'a file is no name')
  const twice = form('name="model"\r\n\r\nears', 'name="model"\r\n\r\nothers')
  await assert.rejects(modelOfForm(twice, type), { code: 'body_duplicate_key' })
  for (const [bytes, contentType] of [
    [form(file), 'multipart/form-data'],
    [form(file), undefined],
    [Buffer.from('hello'), type],
    [form(file).subarray(0, 40), type],
  ] as const) {
    await assert.rejects(modelOfForm(bytes, contentType), { code: 'body_undecodable' })
  }
})
