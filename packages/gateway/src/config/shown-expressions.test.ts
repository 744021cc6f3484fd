import assert from 'node:assert/strict'
import { test } from 'node:test'
import { quotedExpressions } from './shown-expressions.ts'

const of = (deployment: string): string => `workloads: { a: { deployments: ['${deployment}'] } }\n`

// An operator may try a configuration, and may not read the secrets of the process.
test('an expression where refusals quote is a problem, unless the configuration in force has it there', () => {
  const [problem, ...more] = quotedExpressions(of('${env:API_KEY}'), of('gpt-4o'))
  assert.equal(more.length, 0)
  assert.deepEqual([problem?.code, problem?.path], ['expression', 'workloads.a.deployments[0]'])
  assert.deepEqual(quotedExpressions(of('${env:NAME}'), of('${env:NAME}')), [])
  assert.equal(quotedExpressions(of('${kept:1}'), of('${kept:2}')).length, 1)
})

test('an expression for a secret is where it belongs', () => {
  assert.deepEqual(quotedExpressions("instances: { a: { credential: { key: '${env:KEY}' } } }", ''), [])
})
