import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { type TestContext, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { MultipartReader } from '../../../wire/multipart.ts'
import { type ClientCall, ClientLeft, type Watched } from '../../call.ts'
import { Refusal } from '../../refusals.ts'
import { decodeBody, readBody } from './body.ts'
import { BodyBudget, BodyHold } from './budget.ts'
import { type FormFacts, factsOfForm } from './form.ts'

/** A request of these bytes, as the server sees it. The test keeps the connection. */
async function callOf(t: TestContext, bytes: string): Promise<{ call: ClientCall; leave(): void }> {
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

test('a body is the chunks that came, and its deadline ends with its last byte', async t => {
  const { call } = await callOf(t, `${head(5)}hello`)
  const body = await readBody(call, newHold(), 100, 1_000)
  assert.equal(body.toString(), 'hello')
  assert.equal(call.watch.deadlineAt, Number.POSITIVE_INFINITY)
  assert.equal(call.watch.subject, null)
})

test('a body that does not come is refused at its deadline, and at shutdown', async t => {
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

test('a body that is too large is refused when it is announced, or as it comes', async t => {
  const announced = await callOf(t, head(101))
  await assert.rejects(readBody(announced.call, newHold(), 100, 1_000), { code: 'body_too_large' })
  const chunked = 'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n'
  const coming = await callOf(t, `${chunked}65\r\n${'x'.repeat(101)}\r\n`)
  await assert.rejects(readBody(coming.call, newHold(), 100, 1_000), { code: 'body_too_large' })
})

// While a token is verified no listener is on the connection: such calls waited for a body that could not come any
// more.
test('a client that leaves before or while its body is read ends the call', async t => {
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

test('a body is unpacked up to the limit and not beyond, and only from a known encoding', async () => {
  const text = Buffer.from('x'.repeat(1_000))
  assert.deepEqual(await decodeBody(gzipSync(text), ' GZip ', 1_000, newHold()), text)
  await assert.rejects(decodeBody(gzipSync(text), 'gzip', 999, newHold()), { code: 'body_too_large' })
  await assert.rejects(decodeBody(text, 'gzip', 1_000, newHold()), { code: 'body_undecodable' })
  for (const encoding of ['', 'zstd', 'gzip, br', 'constructor', 'toString', '__proto__']) {
    await assert.rejects(decodeBody(text, encoding, 1_000, newHold()), { code: 'body_encoding' })
  }
})

const part = (head: string, value: string): string =>
  `--x\r\nContent-Disposition: form-data; ${head}\r\n\r\n${value}\r\n`
const file =
  '--x\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\nContent-Type: audio/wav\r\n\r\nRIFF\r\n'
const whole = (...parts: readonly string[]): Buffer => Buffer.from(`${parts.join('')}--x--\r\n`)
/** A short form is read synchronously. */
function factsOf(bytes: Buffer): FormFacts {
  const facts = factsOfForm(bytes, 'x')
  assert.ok(!(facts instanceof Promise))
  return facts
}
const modelOf = (...parts: readonly string[]): string | null => factsOf(whole(...parts)).model

test('the model of a form is read, and a form with two models is refused', () => {
  assert.equal(modelOf(file, part('name="model"', 'ears')), 'ears')
  const streamed = factsOf(whole(part('name="stream"', 'true'), part('name="model"', 'ears')))
  assert.deepEqual([streamed.model, streamed.stream], ['ears', true])
  assert.equal(modelOf(file), null)
  const twice = [part('name="model"', 'ears'), part('name=model', 'others')]
  assert.throws(() => modelOf(...twice), { code: 'body_duplicate_key' })
  for (const bytes of [
    Buffer.from('hello'),
    whole(file).subarray(0, 40),
    whole(file).subarray(0, -6),
    Buffer.alloc(0),
  ]) {
    assert.throws(() => factsOf(bytes), { code: 'body_undecodable' })
  }
})

// .NET writes names as tokens, other clients write them differently. The part that is read must also be the part that
// is renamed.
test('F17 every accepted spelling of a part gives the same value and its position', () => {
  const heads = [
    'Content-Disposition: form-data; name="model"',
    'Content-Disposition: form-data; name=model',
    'content-disposition:form-data;name=model',
    'CONTENT-DISPOSITION: Form-Data; NAME="model"',
    'Content-Type: text/plain; charset=utf-8\r\nContent-Disposition: form-data; name=model',
    'Content-Disposition: form-data; name="model"\r\nContent-Transfer-Encoding: 8bit',
  ]
  for (const head of heads) {
    const form = whole(file, `--x\r\n${head}\r\n\r\nears\r\n`, part('name="prompt"', 'name="model"\r\n\r\nother'))
    const { model, modelAt } = factsOf(form)
    assert.equal(model, 'ears', head)
    assert.ok(modelAt)
    assert.equal(form.toString('utf8', modelAt.start, modelAt.end), 'ears', head)
  }
})

test('F17 W10 a form is refused when one reader could find another model in it than another reader', () => {
  const spelled = [
    "name='model'",
    'name="Model"',
    'name="model[]"',
    'name=model[]',
    'name="model[0]"',
    'name="mod%65l"',
  ]
  for (const head of [
    ...spelled,
    'name=" model"',
    'name="\'model\'"',
    'name="model"; filename="m"',
    'name="_Charset_"',
  ]) {
    assert.throws(() => modelOf(part(head, 'ears')), { code: 'body_key_spelling' }, head)
  }
  const unread = [
    part("name*=utf-8''model", 'ears'),
    part('name="other"; name="model"', 'ears'),
    part('name="mo\\del"', 'ears'),
    part('name=other\r\n ; x="model"', 'ears'),
    part('name="other"\r\nContent-Disposition: form-data; name="model"', 'ears'),
    part('name="model"\r\nContent-Transfer-Encoding: base64', 'ZWFycw=='),
    part('name="model"\r\nContent-Type: text/plain; charset=utf-16', 'ears'),
    `--x\nContent-Disposition: form-data; name="model"\n\nears\r\n`,
    '--x\r\nContent-Disposition: attachment; name="model"\r\n\r\nears\r\n',
    part('name="prompt"', 'a\n--x\nContent-Disposition: form-data; name="model"\n\nears'),
    part('name="prompt"', 'a\r\n--x \r\nContent-Disposition: form-data; name="model"\r\n\r\nears'),
    `preamble\r\n${part('name="model"', 'ears')}`,
    part('name="_charset_"', 'utf-7'),
  ]
  for (const bad of unread) assert.throws(() => modelOf(bad), { code: 'body_undecodable' }, bad)
  const afterEnd = Buffer.from(`${part('name="model"', 'ears')}--x--\r\n${part('name="model"', 'others')}`)
  assert.throws(() => factsOf(afterEnd), { code: 'body_undecodable' })
  assert.throws(() => modelOf(...Array.from({ length: 1_001 }, () => file)), { code: 'body_too_complex' })
})

test('F17 in any spelling, either the model is read at its position or the form is refused', async () => {
  const quotes = fc.constantFrom('', '"', "'")
  const names = fc.constantFrom(
    'model',
    'Model',
    'model[]',
    'MODEL',
    'mod%65l',
    'mödel',
    'models',
    'model ',
    'mo\\del',
    'file',
  )
  const keys = fc.constantFrom('name', 'NAME', 'name*', 'Name ', 'filename')
  const fields = fc.constantFrom(
    'Content-Disposition',
    'content-disposition',
    'Content-Disposition ',
    ' Content-Disposition',
  )
  const spelled = fc.tuple(
    fields,
    keys,
    quotes,
    names,
    fc.constantFrom('\r\n', '\n', '\r\n '),
    fc.string({ maxLength: 12 }),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(spelled, { minLength: 1, maxLength: 3 }), async parts => {
      const text = parts
        .map(
          ([field, key, quote, name, line, value]) =>
            `--x\r\n${field}: form-data; ${key}=${quote}${name}${quote}${line}\r\n${value}\r\n`,
        )
        .join('')
      const bytes = Buffer.from(`${text}--x--\r\n`)
      let read: string | null
      try {
        const facts = factsOf(bytes)
        read = facts.model
        if (facts.modelAt !== null) assert.equal(bytes.toString('utf8', facts.modelAt.start, facts.modelAt.end), read)
      } catch (error) {
        assert.ok(error instanceof Refusal, String(error))
        return
      }
      // The runtime's own reader finds the same in every form that is accepted.
      const type = { 'content-type': 'multipart/form-data; boundary=x' }
      const form = await new Response(new Uint8Array(bytes), { headers: type }).formData().catch(() => null)
      if (form !== null) assert.equal(form.get('model'), read)
    }),
    { numRuns: 500 },
  )
})

test('F17 a form is read alike, wherever it is cut into pieces', () => {
  const form = whole(file, part('name=model', 'ears'), part('name="prompt"', '\r\n--\r\n-\r\n--y'))
  const events = (sizes: readonly number[]): unknown => {
    const seen: unknown[] = []
    let content: Buffer[] = []
    const reader = new MultipartReader('x', {
      begin: (head, start) => seen.push([head, start]),
      content: bytes => content.push(bytes),
      end: end => {
        seen.push([Buffer.concat(content).toString(), end])
        content = []
      },
    })
    for (let at = 0, index = 0; at < form.length; index += 1) {
      const size = sizes[index % sizes.length] ?? 1
      reader.write(form.subarray(at, at + size))
      at += size
    }
    reader.end()
    return seen
  }
  const expected = events([form.length])
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 8 }), sizes => {
      assert.deepEqual(events(sizes), expected)
    }),
  )
})
