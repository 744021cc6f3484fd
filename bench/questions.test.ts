import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { answerBody, answerBytesMin, expectedAnswer, ordersOf, questionBody, questionBytesMin } from './questions.ts'

const sizes = fc.record({
  questionBytes: fc.integer({ min: questionBytesMin, max: 20_000 }),
  answerBytes: fc.integer({ min: answerBytesMin, max: 20_000 }),
  chunks: fc.integer({ min: 0, max: 5_000 }),
  paceMs: fc.integer({ min: 0, max: 5_000 }),
})

// The load recognises a cut answer by its length: both sides must make exactly what was ordered.
test('questions and answers are JSON of exactly the ordered size, and the backend reads the orders back', () => {
  fc.assert(
    fc.property(sizes, question => {
      const body = questionBody(question)
      assert.equal(body.length, question.questionBytes)
      assert.equal(JSON.parse(body.toString()).stream, question.chunks > 0 ? true : undefined)
      const { answerBytes, chunks, paceMs } = question
      assert.deepEqual(ordersOf(body), { answerBytes, chunks, paceMs })
      const { user, ...others } = JSON.parse(body.toString())
      assert.deepEqual(ordersOf(Buffer.from(JSON.stringify({ ...others, user }))), { answerBytes, chunks, paceMs })
      const answer = answerBody(answerBytes)
      assert.equal(answer.length, answerBytes)
      assert.equal(JSON.parse(answer.toString()).usage.total_tokens, 151)
      if (chunks === 0) assert.deepEqual(expectedAnswer(question), { bytes: answerBytes, events: 0, writes: 1 })
    }),
    // With other members before them, the backend's first look cuts these orders: within `pace=10`.
    { examples: [[{ questionBytes: 515, answerBytes: 600, chunks: 0, paceMs: 10 }]] },
  )
})

// A size that cannot be made would produce answers of another size and figures of another question.
test('sizes too small for their JSON are refused', () => {
  assert.throws(() => questionBody({ questionBytes: 20, answerBytes: 800, chunks: 0, paceMs: 0 }), RangeError)
  assert.throws(() => answerBody(20), RangeError)
  assert.equal(ordersOf(Buffer.from('{"model":"gpt-4o"}')), null)
})
