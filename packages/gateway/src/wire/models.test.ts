import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isUnmeteredModel, modelFacts } from './models.ts'

// A wrong row charges too little for hidden reasoning, or puts a maximum into a call that the model refuses.
test('the name of a model says whether it may think, which maximum it takes and how its tokens are reported', () => {
  const rows = [
    ['gpt-4o', false, false, 'later'],
    ['gpt-4.1-mini', false, false, 'later'],
    ['gpt-4', false, false, 'early'],
    ['gpt-4-turbo', false, false, 'early'],
    ['gpt-4-32k-0613', false, false, 'early'],
    ['gpt-35-turbo', false, false, 'early'],
    ['gpt-3.5-turbo-instruct', false, false, 'early'],
    ['davinci-002', false, false, 'early'],
    ['ft:babbage-002:acme', false, false, 'early'],
    ['o1', true, true, 'reasoning'],
    ['O3-mini', true, true, 'reasoning'],
    ['ft:o4-mini:acme', true, true, 'reasoning'],
    ['gpt-5', true, true, 'reasoning'],
    ['gpt-5.1-codex', true, true, 'reasoning'],
    ['gpt-5-chat', true, false, 'later'],
    ['gpt-5.1-chat-latest', true, false, 'later'],
    ['gpt-6', true, false, 'later'],
    ['gpt-oss-120b', true, false, 'later'],
    ['codex-mini', true, false, 'later'],
    ['text-embedding-3-small', false, false, 'later'],
    ['my-own-model', false, false, 'later'],
  ] as const
  for (const [model, mayThink, refusesMaxTokens, overheads] of rows) {
    const facts = modelFacts(model)
    assert.deepEqual(
      [facts.mayThink, facts.refusesMaxTokens, facts.overheads],
      [mayThink, refusesMaxTokens, overheads],
      model,
    )
  }
})

test('models of sound and pictures report no tokens', () => {
  for (const model of ['whisper', 'dall-e-3', 'tts-1-hd']) assert.ok(isUnmeteredModel(model), model)
  for (const model of ['gpt-4o-transcribe', 'gpt-image-1', 'gpt-4o'])
    assert.equal(isUnmeteredModel(model), false, model)
})
