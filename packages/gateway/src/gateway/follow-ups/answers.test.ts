import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { BatchAnswers } from './answers.ts'

const line = (usage: unknown, status = 200): string =>
  JSON.stringify({ custom_id: 'a\n', response: { status_code: status, body: { model: 'gpt-5', usage } }, error: null })
const chat = { prompt_tokens: 10, completion_tokens: 30, total_tokens: 40, prompt_tokens_details: { cached_tokens: 4 } }
const responses = { input_tokens: 7, output_tokens: 5, total_tokens: 12 }
const refused = line(null, 429)
const failed = JSON.stringify({ custom_id: 'b', response: null, error: { code: 'batch_expired' } })

function read(pieces: readonly Buffer[]): BatchAnswers {
  const answers = new BatchAnswers()
  for (const piece of pieces) assert.equal(answers.pass(piece), piece)
  return answers
}

// Otherwise a batch of ten thousand lines whose object reports no usage would be charged like one call.
test('H2 a file of answers reports the usage of its calls, wherever its bytes are cut', () => {
  const file = Buffer.from(`${[line(chat), refused, line(responses), failed].join('\n')}\n`)
  fc.assert(
    fc.property(fc.array(fc.nat({ max: file.length }), { maxLength: 8 }), cuts => {
      const places = [0, ...cuts.sort((a, b) => a - b), file.length]
      const { usage, servedModel } = read(places.slice(1).map((to, at) => file.subarray(places[at], to))).learned()
      assert.deepEqual(
        [usage?.source, usage?.promptTokens, usage?.completionTokens, usage?.totalTokens, usage?.cachedTokens],
        ['reported', 17, 35, 52, 4],
      )
      assert.equal(servedModel, 'gpt-5')
    }),
    { numRuns: 200 },
  )
})

test('H2 a file that lacks the usage of one answered call reports no usage at all', () => {
  for (const bad of [line(null), '{"response":', line({ prompt_tokens: -1 })]) {
    assert.equal(read([Buffer.from(`${line(chat)}\n${bad}\n`)]).learned().usage, null, bad)
  }
  assert.equal(read([]).learned().usage, null)
  assert.equal(read([Buffer.from(`${failed}\n`)]).learned().usage?.totalTokens, 0)
})
