import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Asked, nothingAsked, questionOf, readAsked, writeAsked } from './asked.ts'

const asked: Asked = {
  ...nothingAsked,
  caller: 'user:t/o',
  groups: ['g1', 'g2'],
  roles: ['HrBot.Use'],
  method: 'GET',
  url: '/main/hr-bot/openai/v1/models',
  header: 'hr-bot',
}

// A link to an explanation that shows another one misleads whoever gets it.
test('a question that is written into the address is read from it again', () => {
  const address = Object.fromEntries(
    Object.entries(writeAsked(asked)).filter((entry): entry is [string, string] => Boolean(entry[1])),
  )
  assert.deepEqual(readAsked(address), asked)
  assert.equal(address['body'], undefined)
})

test('an empty form asks nothing, and a call without a caller is a call without a token', () => {
  assert.equal(questionOf(readAsked({}), null), null)
  assert.equal(questionOf(readAsked({ url: '/v1/models' }), null)?.caller, null)
  assert.equal(questionOf(readAsked({ url: '/v1/models', caller: 'self' }), null)?.caller, 'self')
})

test('of a body that is known, the model is what it says', () => {
  const question = questionOf({ ...asked, model: 'gpt-4o', body: '{}' }, 'Alice')
  assert.deepEqual([question?.model, question?.body], [undefined, '{}'])
})
