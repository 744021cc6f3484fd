import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { CompletionEstimate, PromptEstimate } from './estimates.ts'
import { promptSizeOf } from './prompt-size.ts'

const text = (textBytes: number) => ({ textBytes, media: 0, soundTokens: 0, stored: 0 })

test('after some calls, prompts of any length are estimated by the observed tokens per byte', () => {
  fc.assert(
    fc.property(
      fc.double({ min: 0.1, max: 0.9, noNaN: true }),
      fc.array(fc.integer({ min: 400, max: 60_000 }), { minLength: 60, maxLength: 120 }),
      (tokensPerByte, sizes) => {
        const estimate = new PromptEstimate()
        for (const bytes of sizes) estimate.learn(text(bytes), Math.round(bytes * tokensPerByte))
        const error = estimate.of(text(20_000)) / (20_000 * tokensPerByte) - 1
        assert.ok(Math.abs(error) < 0.1, `off by ${error}`)
      },
    ),
  )
})

test('empty prompts and absurd usage reports never lead to an estimate that is not a count', () => {
  const sizes = fc.record({
    textBytes: fc.nat(10_000_000),
    media: fc.nat(20),
    soundTokens: fc.nat(100_000),
    stored: fc.nat(5),
  })
  fc.assert(
    fc.property(fc.array(fc.tuple(sizes, fc.nat(2_000_000)), { maxLength: 50 }), sizes, (learned, asked) => {
      const estimate = new PromptEstimate()
      for (const [size, tokens] of learned) estimate.learn(size, tokens)
      const tokens = estimate.of(asked)
      assert.ok(Number.isSafeInteger(tokens) && tokens >= 1)
    }),
  )
})

// Otherwise an image of 2 MB would be estimated at half a million tokens, and no limit would admit it.
test('encoded images are counted by number, not by length', () => {
  const image = 'A'.repeat(400_000)
  const part = { type: 'image_url', image_url: { url: `data:image/png;base64,${image}` } }
  const body = Buffer.from(JSON.stringify({ messages: [{ role: 'user', content: [part, part] }] }))
  const size = promptSizeOf(body, 0)
  assert.equal(size.media, 2)
  assert.equal(size.textBytes, body.length - 800_000)
  const estimate = new PromptEstimate()
  assert.ok(estimate.of(size) < 2_000)
  for (let call = 0; call < 60; call += 1) estimate.learn(size, 250)
  assert.ok(Math.abs(estimate.of(size) - 250) < 50, `${estimate.of(size)}`)
})

// Otherwise a caller that sends megabytes of blanks, or links to images, would change what all others reserve.
test('no single call distorts the estimates for others', () => {
  const estimate = new PromptEstimate()
  const ordinary = (calls: number): void => {
    for (let call = 0; call < calls; call += 1) estimate.learn(text(2_000), 500)
  }
  ordinary(50)
  estimate.learn(text(30_000_000), 10)
  ordinary(60)
  assert.ok(Math.abs(estimate.of(text(2_000)) - 500) < 75, `${estimate.of(text(2_000))}`)
  estimate.learn(text(300), 100_000)
  assert.ok(Math.abs(estimate.of(text(2_000)) - 500) < 75, `${estimate.of(text(2_000))}`)
})

test('tokens of stored conversations are learned separately from text', () => {
  const estimate = new PromptEstimate()
  for (let call = 0; call < 60; call += 1) {
    estimate.learn(text(2_000), 500)
    estimate.learn({ textBytes: 200, media: 0, soundTokens: 0, stored: 1 }, 20_050)
  }
  assert.ok(Math.abs(estimate.of({ textBytes: 200, media: 0, soundTokens: 0, stored: 1 }) - 20_050) < 500)
  assert.ok(Math.abs(estimate.of(text(2_000)) - 500) < 20)
})

test('text about base64 is text, and a truncated body is measured too', () => {
  const plain = Buffer.from(JSON.stringify({ input: 'a data URL has ";base64," in it; ;base64,abc' }))
  assert.deepEqual(promptSizeOf(plain, 0), { textBytes: plain.length, media: 0, soundTokens: 0, stored: 0 })
  const cut = Buffer.from(`{"input":"data:;base64,${'A'.repeat(1_000)}`)
  assert.deepEqual(promptSizeOf(cut, 0), { textBytes: cut.length - 1_000, media: 1, soundTokens: 0, stored: 0 })
  fc.assert(
    fc.property(fc.array(fc.constantFrom(';base64,', '"', 'A'.repeat(300), 'x')), parts => {
      const body = Buffer.from(parts.join(''))
      const { textBytes, media } = promptSizeOf(body, 0)
      assert.ok(textBytes >= 0 && textBytes + media * 256 <= body.length)
    }),
  )
})

test('calls without a maximum reserve the assumed length at first, later the length that nearly all completions had', () => {
  const estimate = new CompletionEstimate()
  assert.equal(estimate.of(1_000), 1_000)
  const lengths = [80, 120, 100, 90, 110]
  for (let call = 0; call < 100; call += 1) estimate.learn(lengths[call % lengths.length] ?? 0)
  const most = estimate.of(1_000)
  assert.ok(most >= 115 && most <= 150, `${most}`)
})

test('the assumed length applies until enough calls were seen', () => {
  const estimate = new CompletionEstimate()
  for (let call = 0; call < 4; call += 1) estimate.learn(10)
  assert.equal(estimate.of(500), 500)
  estimate.learn(10)
  assert.equal(estimate.of(500), 10)
})

/** 30 seconds of 16 kHz mono. */
function wav(): string {
  const bytes = Buffer.alloc(44 + 960_000)
  bytes.write('RIFF', 0, 'latin1')
  bytes.write('WAVE', 8, 'latin1')
  bytes.writeUInt32LE(32_000, 28)
  return bytes.toString('base64')
}

// Otherwise a minute of speech is estimated as half a million tokens of text, and refused for good.
test('F10 sounds are estimated by their duration, whatever their format', () => {
  const bodyOf = (data: string, format: string) =>
    Buffer.from(
      JSON.stringify({
        messages: [{ role: 'user', content: [{ type: 'input_audio', input_audio: { data, format } }] }],
      }),
    )
  const body = bodyOf(wav(), 'wav')
  const size = promptSizeOf(body, 0)
  assert.deepEqual([size.media, size.soundTokens], [0, 301])
  assert.ok(size.textBytes < 200)
  assert.equal(new PromptEstimate().of(size) > 300, true)
  for (const magic of ['SUQzBAAA', '//tQxAAA', 'T2dnUwAC', 'ZkxhQwAA']) {
    const { media, soundTokens } = promptSizeOf(bodyOf(magic + 'QUJD'.repeat(20_000), 'mp3'), 0)
    assert.deepEqual([media, soundTokens], [0, 76], magic)
  }
  const marked = Buffer.from(JSON.stringify({ input: `data:audio/wav;base64,${wav()}` }))
  assert.equal(promptSizeOf(marked, 0).soundTokens, 301)
})

// Clients send back pictures from an earlier answer, with no marker before their base64.
test('F10 base64 without a marker is a medium in members for media, and text in members for text', () => {
  const png = `iVBORw0KGgo${'aGVsbG8gd29ybGQ'.repeat(5_000)}`
  const size = (value: unknown) => promptSizeOf(Buffer.from(JSON.stringify(value)), 0)
  const item = { type: 'image_generation_call', id: 'ig_1', status: 'completed', result: png }
  for (const body of [
    { model: 'gpt-4o', input: [item, item] },
    { input: [{ type: 'input_file', file_data: png }, { source: { type: 'base64', data: png } }] },
    { image: png, mask: png },
  ]) {
    const { media, textBytes } = size(body)
    assert.equal(media, 2, JSON.stringify(Object.keys(body)))
    assert.ok(textBytes < 400, `${textBytes}`)
  }
  for (const body of [{ messages: [{ content: png }] }, { input: png }, { input: [png] }, { arguments: png }]) {
    assert.deepEqual([size(body).media, size(body).textBytes > png.length], [0, true])
  }
  const spaced = Buffer.from(`{"input":[{"result"  :\n "${png}"}]}`)
  assert.equal(promptSizeOf(spaced, 0).media, 1)
})

test('F10 for any body, the measured text is not negative and not longer than the body', () => {
  const pieces = fc.constantFrom(
    ';base64,',
    '"',
    '"data":"',
    '"result": "',
    'UklGRgAAAABXQVZF',
    'SUQz',
    'A'.repeat(3_000),
    'x y ',
    '\\/',
    ':',
  )
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 40 }), parts => {
      const body = Buffer.from(parts.join(''))
      const { textBytes, media, soundTokens } = promptSizeOf(body, 0)
      assert.ok(textBytes >= 0 && textBytes <= body.length)
      assert.ok(media >= 0 && media * 256 <= body.length && Number.isSafeInteger(soundTokens) && soundTokens >= 0)
    }),
    { numRuns: 500 },
  )
})
