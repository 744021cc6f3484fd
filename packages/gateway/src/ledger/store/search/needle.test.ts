import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Needle } from './needle.ts'

const find = (text: string, body: string | Buffer, isStream = false, ignoreCase = false): string | null =>
  new Needle(text, ignoreCase).find(Buffer.from(body), isStream)

/** A JSON string with some of its characters written as escapes. */
function escapedSome(text: string, choices: readonly boolean[]): string {
  const units = Array.from({ length: text.length }, (_, at) => {
    const unit = text.charAt(at)
    const isPlain = /[A-Za-z0-9 .,;:!?()_*-]/.test(unit)
    const mustBe = /["\\\p{C}]/u.test(unit) || /[\ud800-\udfff]/.test(unit)
    if (!mustBe && (isPlain || choices[at % choices.length] !== true)) return unit
    return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
  })
  return `"${units.join('')}"`
}

const texts = fc.string({ unit: fc.constantFrom(...'abcXYZ 0\n"\\/äß株😀<.-'), minLength: 1, maxLength: 12 })
const choices = fc.array(fc.boolean(), { minLength: 1, maxLength: 7 })

// Clients write the same word in many ways. Who looks for it must find it in all of them.
test('a text is found in any JSON that says it, however its characters are escaped', () => {
  fc.assert(
    fc.property(texts, texts, texts, choices, (before, text, after, escaped) => {
      const body = `{"messages":[{"role":"user","content":${escapedSome(before + text + after, escaped)}}]}`
      assert.deepEqual(JSON.parse(body).messages[0].content, before + text + after)
      assert.notEqual(find(text, body), null)
    }),
    { numRuns: 500 },
  )
})

test('a text is found in a stream whose pieces cut it anywhere', () => {
  const forms = [
    (piece: string) => `data: {"choices":[{"index":0,"delta":{"content":${piece}}}]}\n\n`,
    (piece: string) =>
      `event: response.output_text.delta\ndata: {"type":"response.output_text.delta","delta": ${piece}}\n\n`,
    (piece: string) => `data: {"choices":[{"text":${piece},"index":0}]}\n\n`,
    (piece: string) => `data: {"choices":[{"delta":{"tool_calls":[{"function":{"arguments":${piece}}}]}}]}\n\n`,
  ]
  fc.assert(
    fc.property(
      texts,
      fc.array(fc.nat(40), { maxLength: 8 }),
      choices,
      fc.constantFrom(...forms),
      (text, cuts, escaped, form) => {
        const whole = `Before that, ${text} was said.`
        const places = [0, ...cuts.filter(cut => cut < whole.length).sort((a, b) => a - b), whole.length]
        const pieces = places.slice(1).map((to, at) => whole.slice(places[at], to))
        const stream = pieces.map(piece => form(escapedSome(piece, escaped))).join('')
        assert.notEqual(find(text, stream, true), null)
        assert.equal(find(`${text}~`, stream, true), null)
      },
    ),
    { numRuns: 300 },
  )
})

test('a text that nobody wrote is not found', () => {
  const body = '{"content":"a\\u00e4b","other":"x\\\\u00e4y"}'
  assert.equal(find('äc', body), null)
  assert.equal(find('xäy', body), null, 'an escaped backslash before a u is no escape')
  assert.equal(find('DELTA', 'data: {"delta":"delta"}\n\n', true), null)
  assert.equal(find('abc', ''), null)
})

test('case is ignored where asked', () => {
  assert.notEqual(find('GRÜSSE', '{"content":"viele gr\\u00fcsse"}', false, true), null)
  assert.equal(find('GRÜSSE', '{"content":"viele gr\\u00fcsse"}'), null)
})

test('an excerpt has the match and text around it, and no half characters', () => {
  const around = '😀'.repeat(80)
  const found = find('needle', `${around}needle${around}`)
  assert.ok(found?.includes('needle') && found.startsWith('…') && found.endsWith('…'))
  assert.ok(found?.isWellFormed())
  assert.equal(find('needle', 'a needle.'), 'a needle.')
})

test('bytes that are no text are searched without harm', () => {
  const noise = Buffer.from(Array.from({ length: 4_000 }, (_, at) => (at * 197 + 31) % 256))
  assert.equal(find('株式会社', noise, true), null)
  assert.notEqual(find('株式会社', Buffer.concat([noise, Buffer.from('株式会社')])), null)
})
