import assert from 'node:assert/strict'
import { test } from 'node:test'
import { allOperations, findOperation, namesOperation, type Operation, operationNames } from './operations.ts'

const nameOf = (segments: readonly string[], method = 'GET'): string | undefined =>
  findOperation(segments, method, 'v1')?.name
const pathOf = ({ path, idPrefix }: Operation): string[] =>
  path.split('/').map(part => (part === '{id}' ? `${idPrefix ?? ''}some-id` : part))

test('every operation is found by its own path and methods, and not by a longer or shorter path', () => {
  for (const operation of allOperations) {
    const { name, methods, segments } = operation
    const called = pathOf(operation)
    for (const method of methods) {
      assert.equal(nameOf(called, method), name)
      assert.notEqual(nameOf([...called, 'more'], method), name)
      assert.notEqual(nameOf(segments.slice(0, -1), method), name)
    }
  }
  assert.equal(findOperation([], 'GET', 'v1'), null)
  assert.equal(findOperation(['__proto__'], 'GET', 'v1'), null)
})

// A refusal lists the methods of one row: two rows with the same path must not have a method in common.
test('no method of a path belongs to two operations', () => {
  const seen = allOperations.flatMap(({ path, methods }) => methods.map(method => `${method} ${path}`))
  assert.equal(new Set(seen).size, seen.length)
})

test('a literal row wins over one with an id, whatever the method', () => {
  for (const method of ['POST', 'GET']) assert.equal(nameOf(['responses', 'compact'], method), 'responses/compact')
  assert.equal(nameOf(['responses', 'input_tokens'], 'DELETE'), 'responses/input_tokens')
})

test('a segment that cannot be an id is no route', () => {
  assert.equal(nameOf(['responses', 'resp_1']), 'responses/{id}')
  assert.equal(nameOf(['responses', 'resp_1', 'cancel']), 'responses/{id}/cancel')
  assert.equal(nameOf(['responses', 'tokens']), undefined)
  assert.equal(nameOf(['responses', 'tokens', 'cancel']), undefined)
})

// Deleting a file of a vector store must not make the gateway forget the owner of the store.
test('a DELETE ends an object only where the path ends with its id', () => {
  const ending = allOperations.filter(each => each.endsObject && (each.methods as readonly string[]).includes('DELETE'))
  assert.deepEqual(ending.map(each => each.name).sort(), [
    'chat/completions/{id}',
    'containers/{id}',
    'conversations/{id}',
    'evals/{id}',
    'files/{id}',
    'fine_tuning/jobs/{id}',
    'responses/{id}',
    'vector_stores/{id}',
    'videos/{id}',
  ])
})

// A path with an id that names no object would be open to every workload.
test('every path with an id names an object, except for models', () => {
  for (const { name, idAt, object } of allOperations)
    assert.equal(idAt !== -1, object !== null || name === 'models/{id}', name)
})

// An operation is not allowed only because it has a row.
test('a list names operations by name, by family, or by the word for all that every workload has', () => {
  const named = (...names: string[]): string[] =>
    allOperations.filter(one => namesOperation(names, one)).map(({ name }) => name)
  const optional = allOperations.filter(one => one.offered === 'optional')
  assert.deepEqual([...new Set(optional.map(({ family }) => family))].sort(), ['evals', 'fine_tuning', 'videos'])
  assert.deepEqual(
    named('standard'),
    allOperations.filter(one => !optional.includes(one)).map(({ name }) => name),
  )
  assert.deepEqual(named('chat/completions', 'embeddings'), ['chat/completions', 'embeddings'])
  assert.deepEqual(named('stored_completions').length, 3)
  assert.deepEqual(named('standard', 'fine_tuning', 'evals', 'videos').length, allOperations.length)
  for (const name of operationNames) assert.ok(named(name).length > 0, name)
})
