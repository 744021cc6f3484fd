import assert from 'node:assert/strict'
import { test } from 'node:test'
import { maximumMember, requireMaximum, withMaximum } from './maximum.ts'

const workloadOf = (required: boolean, standard: number | null, most: number | null) => ({
  name: 'people',
  output: { required, standard, most },
})

test('a call without a maximum gets that of its workload, for each of its answers', () => {
  const none = { answers: 3, completionTokensMax: null }
  assert.deepEqual(withMaximum(none, workloadOf(false, 40, null), 'chat/completions'), {
    demand: { answers: 3, completionTokensMax: 120 },
    added: { tokens: 40, as: 'usual' },
  })
  const set = { answers: 3, completionTokensMax: 30 }
  assert.deepEqual(withMaximum(set, workloadOf(false, 40, null), 'chat/completions'), { demand: set, added: null })
  assert.deepEqual(withMaximum(none, { name: 'people', output: null }, 'responses'), { demand: none, added: null })
  assert.deepEqual(withMaximum(none, workloadOf(true, 40, 50), 'embeddings'), { demand: none, added: null })
})

test('a maximum that is missing or too large is refused, by the member of the operation', () => {
  const none = { answers: 1, completionTokensMax: null }
  assert.throws(() => withMaximum(none, workloadOf(true, null, null), 'responses'), {
    code: 'maximum_missing',
    param: 'max_output_tokens',
  })
  const large = { answers: 2, completionTokensMax: 202 }
  assert.throws(() => withMaximum(large, workloadOf(false, null, 100), 'completions'), {
    code: 'maximum_too_large',
    param: 'max_tokens',
  })
  const largest = { answers: 2, completionTokensMax: 200 }
  assert.equal(withMaximum(largest, workloadOf(false, null, 100), 'completions').demand, largest)
})

// Nothing can be put into a line of a batch file, so a line without a maximum could be as long as the model likes.
test('a line of a batch must bring the maximum that a call would be given', () => {
  const none = { answers: 1, completionTokensMax: null }
  const people = workloadOf(false, 40, null)
  assert.throws(() => requireMaximum(none, people, 'chat/completions'), { code: 'maximum_missing' })
  requireMaximum({ answers: 1, completionTokensMax: 39 }, people, 'chat/completions')
})

test('the member that bounds an answer depends on operation, model and what the instance has refused', () => {
  const rows = [
    ['chat/completions', 'gpt-4o', 'usual', 'max_tokens'],
    ['chat/completions', 'gpt-4o', 'other', 'max_completion_tokens'],
    ['chat/completions', 'o1', 'usual', 'max_completion_tokens'],
    ['chat/completions', 'o1', 'other', 'max_tokens'],
    ['chat/completions', 'gpt-5-chat', 'usual', 'max_tokens'],
    ['chat/completions', 'gpt-4o', 'none', null],
    ['completions', 'gpt-35-turbo-instruct', 'usual', 'max_tokens'],
    ['responses', 'gpt-5', 'usual', 'max_output_tokens'],
    ['embeddings', 'text-embedding-3-small', 'usual', null],
  ] as const
  for (const [operation, model, as, member] of rows) {
    assert.equal(maximumMember(operation, model, as), member, `${operation} on ${model}, ${as}`)
  }
})
