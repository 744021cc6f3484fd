// A large, encoded or broken answer is billed like any other, so the usage that it reports must be read.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import fc from 'fast-check'
import { observeAnswer } from './answer.ts'
import { observeEncoded } from './encoded.ts'
import { pieces } from './framing.fixture.ts'
import { observeJson } from './json.ts'
import { nothingLearned } from './observer.ts'

const usage = { prompt_tokens: 12, completion_tokens: 5, total_tokens: 17 }

test('F6 model, finish reason and usage are read from a document of any size and with any other content', () => {
  const image = 'iVBORw0KGgo'.repeat(650_000)
  const observer = observeJson()
  let bytes = 0
  const push = (text: string): void => {
    bytes += text.length
    for (const part of pieces(Buffer.from(text), [1, 70_000, 2_000_000])) observer.pass(part)
  }
  push('{"created":1,"data":[')
  for (let at = 0; at < 10; at += 1) push(`${at === 0 ? '' : ','}{"b64_json":"${image}","usage":{"input_tokens":1}}`)
  push('],"model":"gpt-image-1","usage":{"total_tokens":4200,"input_tokens":40,"output_tokens":4160}}')
  assert.ok(bytes > 67_108_864)
  const { usage: read, servedModel, isFinished } = observer.learned()
  assert.deepEqual(
    [read?.promptTokens, read?.completionTokens, servedModel, isFinished],
    [40, 4160, 'gpt-image-1', true],
  )
})

test('a long document is read like a short one, wherever its bytes are cut', () => {
  const filler = fc.oneof(
    fc.string(),
    fc.constantFrom('"usage":{"prompt_tokens":1}', '\\', '"', '}]', 'é\u2028'),
    fc.jsonValue(),
  )
  const documents = fc.record({
    before: fc.array(filler, { maxLength: 5 }),
    model: fc.constantFrom('gpt-4o', 'gpt-5'),
    choices: fc.array(fc.record({ text: fc.string(), finish_reason: fc.constantFrom('stop', 'length') }), {
      maxLength: 3,
    }),
    service_tier: fc.constantFrom('default', 'priority'),
    usage: fc.constantFrom(usage, null, { input_tokens: 3 }, { ...usage, prompt_tokens_details: { cached_tokens: 4 } }),
    status: fc.constantFrom('completed', null),
    after: filler,
  })
  fc.assert(
    fc.property(documents, fc.boolean(), fc.array(fc.nat(), { maxLength: 20 }), (document, spaced, cuts) => {
      const short = JSON.stringify(document, null, spaced ? 2 : 0)
      const padded = `${short.slice(0, -1)},"padding":"${'x'.repeat(9_000)}"}`
      const learned = [short, padded].map(text => {
        const observer = observeJson()
        for (const part of pieces(Buffer.from(text), cuts)) observer.pass(part)
        return observer.learned()
      })
      assert.deepEqual(learned[1], learned[0])
    }),
    { numRuns: 500 },
  )
})

test('the usage that came before a document broke off is read', () => {
  const observer = observeJson()
  observer.pass(Buffer.from(`{"usage":${JSON.stringify(usage)},"model":"gpt-4o","choices":[{"mess`))
  const { usage: read, servedModel, isFinished } = observer.learned()
  assert.deepEqual([read?.promptTokens, servedModel, isFinished], [12, 'gpt-4o', false])
})

const encodings = {
  gzip: gzipSync,
  'x-gzip': gzipSync,
  deflate: deflateSync,
  br: brotliCompressSync,
  zstd: zstdCompressSync,
}

for (const [name, encode] of Object.entries(encodings)) {
  test(`an answer that comes as ${name} although a plain one was requested is read and passes unchanged`, async () => {
    const stream = `data: {"choices":[{"delta":{"content":"a"}}]}\n\ndata: ${JSON.stringify({ choices: [], usage })}\n\n`
    const bytes = encode(Buffer.from(stream))
    const observer = observeEncoded(name.toUpperCase(), observeAnswer('stream', false, null))
    const parts = pieces(bytes, [1, 5, 20])
    assert.deepEqual(
      parts.map(part => observer.pass(part)),
      parts,
    )
    await observer.whenRead?.()
    const { usage: read } = observer.learned()
    assert.deepEqual([read?.promptTokens, read?.completionTokens], [12, 5])
  })
}

test('an answer with a broken or unknown encoding reports nothing and hangs nothing', async () => {
  for (const bytes of [
    Buffer.from('no gzip at all'),
    gzipSync(Buffer.from('{"usage":')).subarray(0, 12),
    Buffer.alloc(0),
  ]) {
    const observer = observeEncoded('gzip', observeAnswer('json', false, null))
    assert.equal(observer.pass(bytes), bytes)
    await observer.whenRead?.()
    assert.deepEqual(observer.learned(), nothingLearned)
  }
  assert.deepEqual(observeEncoded('rot13', observeAnswer('json', false, null)).learned(), nothingLearned)
})

test('an encoded answer that decodes beyond the bound is no longer read, and its bytes pass', async () => {
  const bomb = gzipSync(Buffer.alloc(300_000_000, '{'))
  const observer = observeEncoded('gzip', observeAnswer('json', false, null))
  for (const part of pieces(bomb, [100_000, 200_000])) assert.equal(observer.pass(part), part)
  await observer.whenRead?.()
  assert.deepEqual(observer.learned(), nothingLearned)
})
