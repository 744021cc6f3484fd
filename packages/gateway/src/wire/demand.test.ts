import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { demandMembers, demandOf } from './demand.ts'
import { scanObject } from './json-scan.ts'

function demand(operation: string, body: unknown) {
  const bytes = Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))
  return demandOf(operation, bytes, scanObject(bytes, new Set(demandMembers)))
}

// A call for a hundred answers must reserve for a hundred, and a caller must not reserve less by naming two maxima.
test('M8 the number of answers is the choices of every prompt, and the largest maximum counts', () => {
  const cases: readonly [operation: string, body: unknown, answers: number, most: number | null][] = [
    ['chat/completions', {}, 1, null],
    ['chat/completions', { n: 100 }, 100, null],
    ['chat/completions', { n: 3, max_tokens: 10 }, 3, 30],
    ['chat/completions', { max_tokens: 10, max_completion_tokens: 400 }, 1, 400],
    ['responses', { max_completion_tokens: 1, max_output_tokens: 4_000 }, 1, 4_000],
    ['completions', { prompt: 'a', n: 2, best_of: 5, max_tokens: 7 }, 5, 35],
    ['completions', { prompt: ['a', 'b', 'c'], max_tokens: 100 }, 3, 300],
    ['completions', { prompt: [[1, 2], [3], [4, 5]], n: 2, max_tokens: 100 }, 6, 600],
    ['completions', { prompt: [1, 2, 3, 4], max_tokens: 100 }, 1, 100],
    ['completions', { prompt: [], max_tokens: 100 }, 1, 100],
    ['completions', { prompt: ['a,"b', '[[,', '\\"'], max_tokens: 1 }, 3, 3],
    ['chat/completions', { prompt: ['not', 'read'], max_tokens: 5 }, 1, 5],
    ['chat/completions', { n: 'many', max_tokens: -1 }, 1, null],
    ['chat/completions', { n: 0, max_tokens: 1.5 }, 1, null],
    ['chat/completions', '{"n":1e300,"max_tokens":12345678901234567890123}', 1, null],
  ]
  for (const [operation, body, answers, completionTokensMax] of cases) {
    assert.deepEqual(demand(operation, body), { answers, completionTokensMax }, JSON.stringify(body))
  }
})

test('M8 prompts are counted alike in one piece and in slices', async () => {
  const entry = fc.oneof(fc.string({ maxLength: 40 }), fc.array(fc.nat(100), { maxLength: 5 }))
  await fc.assert(
    fc.asyncProperty(fc.array(fc.oneof(fc.string(), entry), { minLength: 1, maxLength: 30 }), async prompt => {
      const expected = typeof prompt[0] === 'number' ? 1 : prompt.length
      assert.equal((await demand('completions', { prompt })).answers, expected)
    }),
  )
  const many = Array.from({ length: 50_000 }, (_, at) => `prompt ${at}, "quoted"`)
  assert.equal((await demand('completions', { prompt: many, max_tokens: 2 })).completionTokensMax, 100_000)
})
