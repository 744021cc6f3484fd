// Money and limits follow the report of the backend. An impossible figure must neither empty a budget nor make a call
// free.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { reportedUsage } from './reported-usage.ts'

const told = (usage: unknown): unknown => {
  const read = reportedUsage(usage)
  return read && [read.promptTokens, read.completionTokens, read.totalTokens]
}

test('F9 audio tokens of transcriptions are read under either name of the details', () => {
  for (const name of ['input_token_details', 'input_tokens_details', 'prompt_tokens_details']) {
    const read = reportedUsage({
      type: 'tokens',
      input_tokens: 114,
      [name]: { text_tokens: 14, audio_tokens: 100 },
      output_tokens: 45,
      total_tokens: 159,
    })
    assert.deepEqual([read?.promptTokens, read?.audioPromptTokens, read?.completionTokens], [114, 100, 45], name)
  }
  const spoken = reportedUsage({ input_tokens: 1, output_tokens: 9, output_token_details: { audio_tokens: 8 } })
  assert.equal(spoken?.audioCompletionTokens, 8)
})

test('F9 a figure that is no whole number of tokens is ignored', () => {
  for (const absurd of [-1, 1.5, 1e30, 1e9 + 1, '12', true, {}, [7], Number.NaN]) {
    assert.equal(told({ prompt_tokens: absurd, completion_tokens: 5 }), null, String(absurd))
    assert.equal(told({ prompt_tokens: 12, completion_tokens: absurd, total_tokens: 17 }), null, String(absurd))
    assert.deepEqual(told({ prompt_tokens: 12, completion_tokens: 5, total_tokens: absurd }), [12, 5, null])
    const details = { cached_tokens: absurd, audio_tokens: absurd }
    const read = reportedUsage({ prompt_tokens: 12, completion_tokens: 5, prompt_tokens_details: details })
    assert.deepEqual([read?.promptTokens, read?.cachedTokens, read?.audioPromptTokens], [12, null, null])
  }
})

test('F9 a part that is larger than its whole is ignored', () => {
  const read = reportedUsage({
    prompt_tokens: 12,
    completion_tokens: 5,
    prompt_tokens_details: { cached_tokens: 13, audio_tokens: 12 },
    completion_tokens_details: { reasoning_tokens: 6, audio_tokens: 5 },
  })
  assert.deepEqual(
    [read?.cachedTokens, read?.audioPromptTokens, read?.reasoningTokens, read?.audioCompletionTokens],
    [null, 12, null, 5],
  )
})

test('F9 a total that contradicts its parts is ignored, except in three cases', () => {
  assert.deepEqual(told({ prompt_tokens: 12, completion_tokens: 5, total_tokens: 9999 }), [12, 5, null])
  assert.deepEqual(told({ prompt_tokens: 12, completion_tokens: 5, total_tokens: 3 }), [12, 5, null])
  assert.deepEqual(told({ prompt_tokens: 12, total_tokens: 20 }), [12, 8, 20])
  assert.deepEqual(told({ prompt_tokens: 12, total_tokens: 12 }), [12, null, 12])
  assert.deepEqual(told({ output_tokens: 5, total_tokens: 20 }), [15, 5, 20])
  assert.equal(told({ prompt_tokens: 0, completion_tokens: 0, total_tokens: 17 }), null)
  const beside = {
    prompt_tokens: 12,
    completion_tokens: 5,
    total_tokens: 117,
    completion_tokens_details: { reasoning_tokens: 100 },
  }
  assert.deepEqual([told(beside), reportedUsage(beside)?.reasoningTokens], [[12, 105, 117], 100])
})

test('any report gives possible figures', () => {
  const figure = fc.oneof(
    fc.nat(200),
    fc.double(),
    fc.maxSafeInteger(),
    fc.constantFrom(null, undefined, '7', -1, 1e30, 1e9),
  )
  const details = fc.oneof(
    fc.record({ cached_tokens: figure, audio_tokens: figure, reasoning_tokens: figure }),
    fc.jsonValue(),
  )
  const usage = fc.record({
    prompt_tokens: figure,
    completion_tokens: figure,
    total_tokens: figure,
    prompt_tokens_details: details,
    output_tokens_details: details,
  })
  fc.assert(
    fc.property(fc.oneof(usage, fc.jsonValue()), value => {
      const read = reportedUsage(value)
      if (read === null) return
      for (const tokens of Object.values(read) as (number | null)[]) {
        assert.ok(tokens === null || (Number.isInteger(tokens) && tokens >= 0 && tokens <= 2e9), String(tokens))
      }
      const { promptTokens, completionTokens, totalTokens, cachedTokens, reasoningTokens } = read
      assert.ok((cachedTokens ?? 0) <= (promptTokens ?? 0) && (reasoningTokens ?? 0) <= (completionTokens ?? 0))
      assert.ok(totalTokens === null || totalTokens === (promptTokens ?? 0) + (completionTokens ?? 0))
    }),
    { numRuns: 2_000 },
  )
})
