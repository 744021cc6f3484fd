import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { gatewayPath, type Place } from './address.ts'

const byHeader: Place = { target: null, workload: 'hr-bot' }
const byPath: Place = { target: 'main', workload: 'hr-bot' }

test('addresses of OpenAI and of Azure lead to the same operation, with a target and without', () => {
  const rows = [
    ['/v1/chat/completions', '/v1/chat/completions', '/main/hr-bot/openai/v1/chat/completions'],
    ['/v1/responses?x=1', '/v1/responses?x=1', '/main/hr-bot/openai/v1/responses?x=1'],
    ['/openai/v1/embeddings', '/openai/v1/embeddings', '/main/hr-bot/openai/v1/embeddings'],
    [
      '/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21',
      '/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21',
      '/main/hr-bot/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21',
    ],
    // Azure's SDK for JavaScript takes OPENAI_BASE_URL for the part before "deployments".
    [
      '/v1/deployments/gpt-4o/chat/completions?api-version=2024-10-21',
      '/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21',
      '/main/hr-bot/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21',
    ],
    ['//openai/v1/models', '/openai/v1/models', '/main/hr-bot/openai/v1/models'],
    ['/main/hr-bot/openai/v1/models', '/main/hr-bot/openai/v1/models', '/main/hr-bot/openai/v1/models'],
  ] as const
  for (const [url, short, long] of rows) {
    assert.equal(gatewayPath(url, byHeader), short)
    assert.equal(gatewayPath(url, byPath), long)
  }
})

// A tool that was given one workload must not spend the money of another one.
test('an address with another workload or another target is refused, and so is one without any', () => {
  for (const [url, code, place] of [
    ['/main/other/openai/v1/models', 'relay_workload_fixed', byHeader],
    ['/main/other/openai/v1/models', 'relay_workload_fixed', byPath],
    ['/second/hr-bot/openai/v1/models', 'relay_workload_fixed', byPath],
    ['/main/hr-bot/openai/v1/models', 'relay_workload_fixed', { target: null, workload: null }],
    ['/chat/completions', 'relay_address_unknown', byHeader],
    ['/', 'relay_address_unknown', byHeader],
    ['', 'relay_address_unknown', byHeader],
    ['http://example.com/v1/models', 'relay_address_unknown', byHeader],
    ['*', 'relay_address_unknown', byHeader],
  ] as const) {
    assert.throws(() => gatewayPath(url, place), { code }, url)
  }
})

test('whatever a tool calls, the first part of the address at the gateway is one that the relay may name', () => {
  const word = fc.constantFrom(
    'v1',
    'openai',
    'main',
    'second',
    'hr-bot',
    'other',
    'deployments',
    '..',
    '%2e%2e',
    '',
    'x?y',
  )
  fc.assert(
    fc.property(fc.array(word, { maxLength: 6 }), words => {
      const url = `/${words.join('/')}`
      for (const place of [byHeader, byPath]) {
        let path: string
        try {
          path = gatewayPath(url, place)
        } catch {
          continue
        }
        const isOwn =
          place === byPath ? /^\/main\/hr-bot\/openai(?:\/|$)/ : /^\/(?:v1|openai|[^/]+\/hr-bot\/{1,2}openai)(?:[/?]|$)/
        assert.match(path, isOwn, url)
      }
    }),
    { numRuns: 1_000 },
  )
})
