import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { backends } from '../../../wire/backends.ts'
import { allOperations } from '../../../wire/operations.ts'
import { Refusal } from '../../refusals.ts'
import { createResolver } from './index.ts'
import { splitPath, splitUrl } from './path.ts'
import { findRoute } from './route.ts'

/** The path that an instance of Azure OpenAI gets. */
const pathOf = (method: string, url: string): string =>
  backends['azure-openai'].path(findRoute(method, url).address, null)

test('the three forms of an address name target, workload, deployment and operation', () => {
  const rows = [
    [
      'POST',
      '/main/hr-bot/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21',
      'main',
      'hr-bot',
      'gpt-4o',
    ],
    ['POST', '/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21', null, null, 'gpt-4o'],
    ['POST', '/main/hr-bot/openai/v1/chat/completions', 'main', 'hr-bot', null],
    ['POST', '/openai/v1/chat/completions', null, null, null],
    ['POST', '/v1/chat/completions', null, null, null],
    ['GET', '/main/hr-bot/openai/responses/resp_1/input_items?api-version=preview', 'main', 'hr-bot', null],
  ] as const
  for (const [method, url, target, workload, deployment] of rows) {
    const route = findRoute(method, url)
    assert.deepEqual([route.target, route.workload, route.deployment], [target, workload, deployment], url)
  }
})

test('the instance gets the same operation under its own root', () => {
  const rows = [
    [
      '/main/hr-bot/openai/deployments/gpt-4o/embeddings?api-version=1',
      '/openai/deployments/gpt-4o/embeddings?api-version=1',
    ],
    ['/v1/embeddings', '/openai/v1/embeddings'],
    ['/openai/v1/embeddings?a=%20&a=b', '/openai/v1/embeddings?a=%20&a=b'],
    ['http://evil.example/main/hr-bot/openai/v1/embeddings', '/openai/v1/embeddings'],
    ['/main/hr-bot/openai/deployments/g%70t-4o/embeddings', '/openai/deployments/gpt-4o/embeddings'],
    ['/main/hr-bot/openai/deployments/a%3Fb%23c/embeddings', '/openai/deployments/a%3Fb%23c/embeddings'],
  ] as const
  for (const [url, path] of rows) assert.equal(pathOf('POST', url), path)
})

// Where usage can be requested, the tokens of a stream are exact; where it cannot, the request would break the call.
test('include_usage is requested only where the API version knows it', () => {
  const accepted = (query: string): boolean =>
    findRoute('POST', `/openai/deployments/gpt-4o/chat/completions${query}`).includeUsageAccepted
  for (const version of ['2024-09-01-preview', '2024-10-21', '2025-04-01-preview', '2026-01-01', 'preview']) {
    assert.ok(accepted(`?api-version=${version}`), version)
  }
  for (const version of ['2023-05-15', '2024-06-01', '2024-08-01-preview'])
    assert.ok(!accepted(`?api-version=${version}`))
  assert.ok(!accepted(''))
  assert.ok(findRoute('POST', '/v1/chat/completions').includeUsageAccepted)
})

test('a resolver that remembers addresses answers like one that does not, for valid and invalid addresses', () => {
  const remembering = createResolver()
  const outcome = (work: () => unknown): unknown => {
    try {
      return work()
    } catch (error) {
      assert.ok(error instanceof Refusal, 'only refusals are thrown')
      return error.code
    }
  }
  const word = fc.constantFrom(
    'main',
    'hr-bot',
    'openai',
    'v1',
    'deployments',
    'gpt-4o',
    'chat',
    'completions',
    'files',
    'x',
    '%2e%2e',
    '',
    'ö',
    '%',
  )
  const method = fc.constantFrom('GET', 'POST', 'DELETE', 'PUT')
  const query = fc.constantFrom('', '?api-version=2024-10-21', '?api-key=x', '?%', '?a=b&api-version=1')
  fc.assert(
    fc.property(method, fc.array(word, { maxLength: 8 }), query, (how, words, asked) => {
      const url = `/${words.join('/')}${asked}`
      const wanted = outcome(() => findRoute(how, url))
      assert.deepEqual(
        outcome(() => remembering(how, url)),
        wanted,
      )
      assert.deepEqual(
        outcome(() => remembering(how, url)),
        wanted,
      )
    }),
    { numRuns: 2_000 },
  )
})

test('any text is an address or a refusal, never another error', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.webUrl(), fc.webPath()), text => {
      try {
        const { path } = splitUrl(text)
        for (const segment of splitPath(path)) {
          assert.ok(segment !== '' && segment !== '.' && segment !== '..' && !/[/\\]/.test(segment))
        }
      } catch (error) {
        assert.ok(error instanceof Refusal)
      }
    }),
    { numRuns: 2_000 },
  )
})

// A path that changes on its way to the instance was checked for something else.
test('the path that goes to the instance decodes to the path that was checked', () => {
  const name = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 })
  fc.assert(
    fc.property(name, fc.constantFrom(...allOperations.filter(one => one.path.includes('{id}'))), (id, operation) => {
      const [method = 'GET'] = operation.methods
      const path = `/openai/v1/${operation.path.replace('{id}', encodeURIComponent(id))}`
      try {
        const sent = pathOf(method, path)
        assert.equal(decodeURIComponent(sent), decodeURIComponent(path))
        assert.equal(sent.split('/').length, path.split('/').length)
      } catch (error) {
        assert.ok(error instanceof Refusal)
      }
    }),
  )
})

// Portals show endpoints with a slash at the end, and SDKs append a path that begins with one.
test('C5 one empty segment directly before openai or v1 is removed and does not reach the instance', () => {
  const chat = 'deployments/gpt-4o/chat/completions'
  for (const [url, backendPath] of [
    [`//openai/${chat}?api-version=2024-10-21`, `/openai/${chat}?api-version=2024-10-21`],
    [`/main/hr-bot//openai/${chat}?api-version=2024-10-21`, `/openai/${chat}?api-version=2024-10-21`],
    ['//v1/chat/completions', '/openai/v1/chat/completions'],
    ['//openai/v1/embeddings', '/openai/v1/embeddings'],
    ['/openai//v1/embeddings', '/openai/v1/embeddings'],
    ['/main/hr-bot/openai//v1/embeddings', '/openai/v1/embeddings'],
    ['http://gateway.example//openai/v1/embeddings', '/openai/v1/embeddings'],
  ] as const) {
    assert.equal(pathOf('POST', url), backendPath, url)
  }
})

test('C5 an empty segment anywhere else is refused, and so is a second one', () => {
  const property = fc.property(
    fc.constantFrom('/openai', '/main/hr-bot/openai', '/v1', '/openai/v1', '/main/hr-bot/openai/v1'),
    fc.constantFrom('/deployments/gpt-4o/chat/completions', '/chat/completions', '/files/v1', '/files/openai/content'),
    fc.array(fc.nat(9), { minLength: 1, maxLength: 3 }),
    (root, rest, places) => {
      const segments = `${root}${rest}`.slice(1).split('/')
      const at = [...new Set(places.map(place => place % (segments.length + 1)))]
      const slashed = segments.flatMap((segment, i) => (at.includes(i) ? ['', segment] : [segment]))
      const path = `/${slashed.join('/')}${at.includes(segments.length) ? '/' : ''}`
      const [first = -1] = at
      const rootAt = root.startsWith('/main') ? 2 : 0
      const isJoint =
        first === rootAt || (first === rootAt + 1 && segments[first] === 'v1' && segments[rootAt] === 'openai')
      let code = ''
      try {
        findRoute('POST', path)
      } catch (error) {
        assert.ok(error instanceof Refusal)
        code = error.code
      }
      if (at.length > 1 || !isJoint) assert.equal(code, 'path_malformed', path)
      else assert.notEqual(code, 'path_malformed', path)
    },
  )
  fc.assert(property, { numRuns: 500 })
})

test('C5 nothing answers at the root, and the refusal says which addresses there are', () => {
  for (const url of ['/', '/?x=1', 'http://gateway.example', 'http://gateway.example/']) {
    assert.throws(
      () => findRoute('GET', url),
      error => error instanceof Refusal && error.code === 'route_unknown' && /openapi\.json/.test(error.message),
    )
  }
})
