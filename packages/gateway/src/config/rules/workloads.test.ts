import assert from 'node:assert/strict'
import { test } from 'node:test'
import { brief, changedBy, check } from './rules.fixture.ts'

const at = 'workloads/bot/operations'

// Otherwise a misspelt name in an allow-list is found by the calls that it refuses.
test('operations of a workload must be known names or families, each once', async () => {
  const rows: readonly (readonly [unknown, readonly string[]])[] = [
    [['standard'], []],
    [['standard', 'fine_tuning', 'evals', 'videos', 'stored_completions'], []],
    [['chat/completions', 'responses', 'files/{id}/content'], []],
    [['chat/completion'], ['unknown_name workloads.bot.operations[0]']],
    [['standard', 'finetuning'], ['unknown_name workloads.bot.operations[1]']],
    [['videos', 'videos'], ['duplicate workloads.bot.operations[1]']],
    [[], ['wrong_value workloads.bot.operations']],
  ]
  for (const [value, expected] of rows) {
    const { errors } = await check(changedBy({ [at]: value }))
    assert.deepEqual(brief(errors), expected, JSON.stringify(value))
  }
  const { errors } = await check(changedBy({ [at]: ['chat/completion'] }))
  assert.equal(errors[0]?.nearest, 'chat/completions')
})
