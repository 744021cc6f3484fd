import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type AnswerError, errorIn, noError } from './answer-error.ts'
import { allBackends, backendOf, backends, requestIdIn, spilledFrom } from './backends.ts'

const azure = backendOf('azure-openai')
const openai = backendOf('openai')
const address = { isV1: false, deployment: 'gpt 4o', below: 'chat/completions', query: 'api-version=2024-10-21&a=b' }

test('each kind makes its own path from the same address', () => {
  assert.equal(azure.path(address, null), '/openai/deployments/gpt%204o/chat/completions?api-version=2024-10-21&a=b')
  assert.equal(azure.path(address, 'x/y'), '/openai/deployments/x%2Fy/chat/completions?api-version=2024-10-21&a=b')
  assert.equal(azure.path({ ...address, isV1: true, deployment: null, query: '' }, null), '/openai/v1/chat/completions')
  assert.equal(openai.path(address, 'x/y'), '/v1/chat/completions?a=b')
  assert.equal(openai.path({ ...address, query: 'api-version=preview' }, null), '/v1/chat/completions')
  assert.equal(openai.path({ ...address, query: 'after=api-version' }, null), '/v1/chat/completions?after=api-version')
})

// Without it, a model that one member lacks fails the call instead of moving it.
test('each kind recognises its own errors for an unknown model and an unknown address', () => {
  const error = (code: string | null, message: string | null = null): AnswerError => ({ ...noError, code, message })
  const missing = 'The model `gpt-9` does not exist or you do not have access to it.'
  const rows: readonly (readonly [boolean, number, AnswerError])[] = [
    [true, 404, error('model_not_found', missing)],
    [true, 403, error('model_not_found', 'Project `p` does not have access to model `gpt-9`')],
    [true, 404, error(null, 'The model `gpt-9` does not exist.')],
    [false, 403, error(null, missing)],
    [true, 400, error('model_not_found', missing)],
    [true, 400, { ...error('model_not_found', missing), param: 'model' }],
    [false, 400, { ...error('model_not_found', missing), param: 'tools[0].model' }],
    [false, 400, error(null, missing)],
    [false, 404, error('DeploymentNotFound')],
    [false, 404, error(null, 'The file `gpt-9` does not exist.')],
  ]
  for (const [lacks, status, found] of rows)
    assert.equal(openai.lacksDeployment(status, found), lacks, JSON.stringify(found))
  assert.equal(azure.lacksDeployment(404, error('DeploymentNotFound')), true)
  assert.equal(azure.lacksDeployment(404, error('model_not_found', missing)), false)
  assert.equal(openai.lacksAddress(404, error(null, 'Invalid URL (POST /v1/x)')), true)
  assert.equal(openai.lacksAddress(404, errorIn(Buffer.from('{"detail":"Not Found"}'))), true)
  assert.equal(openai.lacksAddress(404, error('not_found', 'No file found with id')), false)
  assert.equal(azure.lacksAddress(404, error('404', 'Resource not found')), true)
})

test('the error of a compatible server is also read from its flat forms', () => {
  const flat = {
    object: 'error',
    message: 'The model `m` does not exist.',
    type: 'NotFoundError',
    param: null,
    code: 404,
  }
  assert.equal(errorIn(Buffer.from(JSON.stringify(flat))).message, flat.message)
  assert.deepEqual(errorIn(Buffer.from('{"message":"hello"}')), noError, 'a message alone is no error')
  assert.deepEqual(errorIn(Buffer.from('{"object":"list","message":"hello"}')), noError)
  assert.deepEqual(errorIn(Buffer.from('{"error":"Unauthorized","detail":"x"}')), noError)
})

test('a request id and a spill-over are read from the header fields of the kind', () => {
  const headers = { 'apim-request-id': 'a', 'x-request-id': ['b', 'c'], 'x-ms-spillover-from-deployment': 'ptu' }
  assert.equal(requestIdIn(headers, azure), 'a')
  assert.equal(requestIdIn(headers, openai), 'b')
  assert.equal(requestIdIn({}, azure), null)
  assert.equal(spilledFrom(headers, azure), 'ptu')
  assert.equal(spilledFrom({ 'x-ms-spillover-from-gpt-4o': 'true' }, azure), 'gpt-4o')
  assert.equal(spilledFrom(headers, openai), null)
})

test('each row has its own name and puts the key into one header field', () => {
  for (const [name, row] of Object.entries(backends)) {
    assert.equal(row.kind, name)
    assert.match(row.keyField('sk-1').value, /sk-1$/)
  }
  assert.equal(new Set(allBackends.map(({ keyField }) => keyField('k').name)).size, allBackends.length)
})
