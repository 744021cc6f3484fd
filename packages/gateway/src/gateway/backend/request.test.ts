import assert from 'node:assert/strict'
import { test } from 'node:test'
import { backends } from '../../wire/backends.ts'
import { findRoute } from '../stages/1-resolve/route.ts'

const backend = backends['azure-openai']

test('an alias replaces only the deployment in the path', () => {
  const route = findRoute('POST', '/main/hr-bot/openai/deployments/gpt%204o/chat/completions?api-version=2024-10-21')
  const path = backend.path(route.address, 'a/b')
  assert.equal(path, '/openai/deployments/a%2Fb/chat/completions?api-version=2024-10-21')
  const v1 = findRoute('POST', '/main/hr-bot/openai/v1/chat/completions')
  assert.equal(backend.path(v1.address, 'other'), '/openai/v1/chat/completions')
})
