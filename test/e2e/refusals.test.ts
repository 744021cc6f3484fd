/** The catalogue of refusals, its page, and the description of the API: each must agree with what the gateway does. */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { Ajv2020 } from 'ajv/dist/2020.js'
import fc from 'fast-check'
import { describeApi, describedPath } from '../../packages/gateway/src/gateway/pages/openapi.ts'
import { Refusal, refusalBody, refusals } from '../../packages/gateway/src/gateway/refusals.ts'
import { findRoute } from '../../packages/gateway/src/gateway/stages/1-resolve/route.ts'
import { allOperations } from '../../packages/gateway/src/wire/operations.ts'
import { send } from '../support/raw.ts'
import { errorOf } from '../support/refused.ts'
import { startWorld } from '../support/world.ts'

const pageUrl = new URL('../../docs/refusals.md', import.meta.url)

// Clients that are refused look the code up; a code that is missing, or listed with another status, costs an afternoon.
test('every refusal is documented with its status and what to do, and no other is', async () => {
  const sections = (await readFile(pageUrl, 'utf8')).split(/^### /m).slice(1)
  const documented = sections.map(section => {
    const [, code, status] = /^`(\w+)` · (\d{3})\n/.exec(section) ?? []
    assert.ok(code && status, `a heading that is not "\`code\` · status": ${section.slice(0, 60)}`)
    const [, happened, advice] = /^.*\n([\s\S]+?)\*\*Do:\*\* ([\s\S]+?)(\n\n|\n*$)/.exec(section) ?? []
    assert.ok((happened?.trim().length ?? 0) > 20, `${code} does not say what happened`)
    assert.ok((advice?.trim().length ?? 0) > 8, `${code} does not say what to do`)
    return `${code} ${status}`
  })
  const known = Object.entries(refusals).map(([code, { status }]) => `${code} ${status}`)
  assert.deepEqual(documented.toSorted(), known.toSorted())
})

test("a refusal shows no more of the caller's input than necessary, and no control character", () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 5_000, unit: 'binary' }), text => {
      const details = { workload: text, path: text, reason: text, key: text }
      for (const code of ['workload_unknown', 'route_unknown', 'path_malformed', 'body_duplicate_key'] as const) {
        const { error } = JSON.parse(refusalBody(new Refusal(code, details)).toString()) as {
          error: { message: string }
        }
        assert.ok(error.message.length < 1_500)
        // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
        assert.doesNotMatch(error.message, /[\u0000-\u001f\u007f]/)
      }
    }),
  )
})

interface Description {
  readonly openapi: string
  readonly servers: readonly { readonly url: string }[]
  readonly paths: Readonly<
    Record<string, Readonly<Record<string, { operationId: string; parameters?: Parameter[]; security?: unknown[] }>>>
  >
  readonly components: { readonly schemas: { readonly Refusal: object } }
}
interface Parameter {
  readonly name: string
  readonly in: string
}

const description = describeApi('http://gateway.example') as unknown as Description
const addresses = Object.entries(description.paths).filter(
  ([path]) => path.includes('/v1/') || path.includes('openai/'),
)
const filled = (path: string): string =>
  path
    .replace('{target}', 'main')
    .replace('{workload}', 'hr-bot')
    .replace('{deployment}', 'gpt-4o')
    .replace('{id}', 'resp_1')

test('/openapi.json is served without a token, and lists every operation in every form', async t => {
  const world = await startWorld(t)
  const answer = await send(world.url, { target: '/openapi.json' })
  assert.equal(answer.status, 200)
  const served = JSON.parse(answer.body.toString()) as Description
  assert.deepEqual(served.paths, description.paths)
  assert.equal(served.servers[0]?.url, world.url)
  for (const operation of allOperations) {
    // A name may be in an address once.
    const path = describedPath(operation.path)
    for (const form of [`/{target}/{workload}/openai/v1/${path}`, `/openai/v1/${path}`, `/v1/${path}`]) {
      assert.ok(served.paths[form], form)
    }
  }
})

test('/openapi.json is valid: parameters match their path, ids are unique, references resolve', () => {
  assert.match(description.openapi, /^3\.1\.\d+$/)
  const ids: string[] = []
  for (const [path, methods] of Object.entries(description.paths)) {
    const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)
    for (const operation of Object.values(methods)) {
      ids.push(operation.operationId)
      const declared = (operation.parameters ?? []).filter(one => one.in === 'path').map(one => one.name)
      assert.deepEqual(declared.toSorted(), inPath.toSorted(), path)
      assert.equal(new Set(declared).size, declared.length, `${path}: a parameter is listed twice`)
    }
  }
  assert.equal(new Set(ids).size, ids.length, 'each operationId is unique')
  const references = JSON.stringify(description).matchAll(/"\$ref":"#\/([^"]+)"/g)
  for (const [, pointer = ''] of references) {
    const found = pointer.split('/').reduce<unknown>((at, key) => (at as Record<string, unknown>)[key], description)
    assert.ok(found, pointer)
  }
})

test('what /openapi.json lists is routed, with these methods and no others', () => {
  for (const [path, methods] of addresses) {
    for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
      const call = (): unknown => findRoute(method, filled(path))
      if (method.toLowerCase() in methods) assert.doesNotThrow(call, `${method} ${path}`)
      else assert.throws(call, { code: 'method_not_allowed' }, `${method} ${path}`)
    }
  }
})

// A route that is not listed would be a door that no operator knows of.
test('every routed address is listed: none gets through that the description does not have', () => {
  const patterns = addresses.map(
    ([path]) => new RegExp(`^${path.replace(/\{\w+\}/g, '[^/]+').replaceAll('.', '\\.')}$`),
  )
  const words = [
    'main',
    'hr-bot',
    'openai',
    'v1',
    'deployments',
    'gpt-4o',
    'x_1',
    'resp_1',
    'cancel',
    'content',
    'input_items',
  ]
  const segments = fc.array(fc.constantFrom(...words, ...new Set(allOperations.flatMap(one => one.segments))), {
    minLength: 1,
    maxLength: 9,
  })
  const real = fc.constantFrom(...addresses.map(([path]) => filled(path).split('/').slice(1)))
  const mixed = fc
    .tuple(real, segments, fc.nat(8))
    .map(([path, more, at]) => path.toSpliced(at, 1, ...more.slice(0, 2)))
  let routed = 0
  fc.assert(
    fc.property(fc.oneof(segments, real, mixed), fc.constantFrom('GET', 'POST', 'DELETE'), (parts, method) => {
      const path = `/${parts.join('/')}`
      try {
        findRoute(method, path)
      } catch (error) {
        assert.ok(error instanceof Refusal)
        return
      }
      routed += 1
      assert.ok(
        patterns.some(pattern => pattern.test(path)),
        `${method} ${path} is routed and not listed`,
      )
    }),
    { numRuns: 3_000 },
  )
  assert.ok(routed > 100, 'the property has seen routed addresses')
})

test('refusals fit the schema that /openapi.json gives them', async t => {
  const world = await startWorld(t)
  const fits = new Ajv2020().compile(description.components.schemas.Refusal)
  for (const target of ['/', '/nowhere', '/openai/v1/models', '/healthz']) {
    const answer = await send(world.url, { method: 'DELETE', target })
    errorOf(answer)
    assert.ok(fits(JSON.parse(answer.body.toString())), target)
  }
})
