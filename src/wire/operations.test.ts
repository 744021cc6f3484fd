import assert from 'node:assert/strict'
import { test } from 'node:test'
import { allOperations, findOperation } from './operations.ts'

test('every operation is found by its own path, and by no longer or shorter one', () => {
  for (const { name, path, segments, idPrefix } of allOperations) {
    const called = path.split('/').map(part => (part === '{id}' ? `${idPrefix ?? ''}some-id` : part))
    assert.equal(findOperation(called)?.name, name)
    assert.notEqual(findOperation([...called, 'more'])?.name, name)
    assert.notEqual(findOperation(segments.slice(0, -1))?.name, name)
  }
  assert.equal(findOperation([]), null)
  assert.equal(findOperation(['__proto__']), null)
})

test('a literal row wins over one with an id', () => {
  assert.equal(findOperation(['responses', 'compact'])?.name, 'responses/compact')
})

test('an id that cannot be one is no route', () => {
  assert.equal(findOperation(['responses', 'resp_1'])?.name, 'responses/{id}')
  assert.equal(findOperation(['responses', 'resp_1', 'cancel'])?.name, 'responses/{id}/cancel')
  assert.equal(findOperation(['responses', 'tokens']), null)
  assert.equal(findOperation(['responses', 'tokens', 'cancel']), null)
})

// Deleting a file inside of a vector store must not make the gateway forget whose the store is.
test('a DELETE ends an object only where the path ends with its id', () => {
  const ending = allOperations.filter(each => each.endsObject && (each.methods as readonly string[]).includes('DELETE'))
  assert.deepEqual(ending.map(each => each.name).sort(), [
    'containers/{id}',
    'conversations/{id}',
    'files/{id}',
    'responses/{id}',
    'vector_stores/{id}',
  ])
})

// A path with an id that names no object would be open to every workload.
test('every path with an id names an object, but for models', () => {
  for (const { name, idAt, object } of allOperations)
    assert.equal(idAt !== -1, object !== null || name === 'models/{id}', name)
})
