/** Each check of the structure can fail: these are the smallest faults that it must find. */
import assert from 'node:assert/strict'
import { dirname } from 'node:path'
import { test } from 'node:test'
import { forbiddenImports, type ImportGraph, importCircles, importsOf, rooms, roomsTable } from './imports.ts'
import { deadReferences, longSources, misplacedDependencies, timedTests, wideComments } from './sources.ts'

const root = dirname(import.meta.dirname)
const graphOf = (imports: Readonly<Record<string, readonly string[]>>): ImportGraph => new Map(Object.entries(imports))
const gateway = 'packages/gateway/src'

test('every form of import is seen, including types, and packages are left out', () => {
  const text = `import type { A } from './a.ts'
import {
  b,
} from '../b/index.ts'
export * from './c.ts'
import './d.ts'
const e = await import('./e.ts')
import { f } from 'undici'
import { g } from '@gatehouse/simulator'
/**
 * import { h } from './h.ts'
 */
// import './i.ts'
`
  assert.deepEqual(importsOf('packages/gateway/src/x/y.ts', text), [
    `${gateway}/x/a.ts`,
    `${gateway}/b/index.ts`,
    `${gateway}/x/c.ts`,
    `${gateway}/x/d.ts`,
    `${gateway}/x/e.ts`,
    'packages/simulator/src/index.ts',
  ])
})

test('a circle of imports is found, of two files, of three, and of one', () => {
  const circles = importCircles(
    graphOf({ a: ['b'], b: ['a'], c: ['d'], d: ['e'], e: ['c', 'a'], f: ['f'], g: ['a', 'h'], h: [] }),
  )
  assert.deepEqual(circles, [['a', 'b'], ['c', 'd', 'e'], ['f']])
})

test('imports that run upwards, sideways into the other package or out of the packages are found', () => {
  const forbidden = {
    [`${gateway}/wire/a.ts`]: [`${gateway}/ledger/record.ts`],
    [`${gateway}/ledger/a.ts`]: [`${gateway}/gateway/serve.ts`],
    [`${gateway}/clock.ts`]: [`${gateway}/ledger/record.ts`],
    [`${gateway}/gateway/a.ts`]: ['packages/simulator/src/index.ts'],
    'packages/simulator/src/a.ts': [`${gateway}/clock.ts`],
    [`${gateway}/gateway/b.ts`]: ['test/support/wait.ts'],
    [`${gateway}/gateway/b.test.ts`]: ['test/chaos/fleet.ts'],
  }
  const allowed = {
    [`${gateway}/cli/a.ts`]: [`${gateway}/wire/a.ts`, 'packages/simulator/src/index.ts'],
    [`${gateway}/gateway/c.ts`]: [`${gateway}/ledger/record.ts`, `${gateway}/clock.ts`],
    [`${gateway}/gateway/c.test.ts`]: ['test/support/wait.ts', 'packages/simulator/src/azure/index.ts'],
    'bench/a.ts': [`${gateway}/gateway/c.ts`],
  }
  const expected = Object.entries(forbidden).map(([file, [path]]) => `${file} -> ${path}`)
  assert.deepEqual(forbiddenImports(graphOf({ ...forbidden, ...allowed })), expected)
})

test('the table of rooms has a row per room and what it imports', () => {
  const table = roomsTable(
    graphOf({ [`${gateway}/gateway/c.ts`]: [`${gateway}/wire/a.ts`, `${gateway}/ledger/record.ts`] }),
  )
  assert.equal(table.split('\n').length, Object.keys(rooms).length + 2)
  assert.match(table, /^\| `gateway` \| .* \| ledger, wire \|$/m)
  assert.match(table, /^\| `wire` \| .* \| nothing \|$/m)
})

test('a file that is too long and a comment that is too wide are found', () => {
  const path = `${gateway}/a.ts`
  assert.equal(longSources([{ path, text: 'x\n'.repeat(450) }]).length, 0)
  assert.equal(longSources([{ path, text: 'x\n'.repeat(451) }]).length, 1)
  const text = `// ${'x'.repeat(117)}\n// ${'x'.repeat(118)}\n * ${'x'.repeat(118)}\nconst x = '${'x'.repeat(118)}'\n`
  assert.deepEqual(wideComments([{ path, text }]), [
    `${path}:2: 121 columns, at most 120`,
    `${path}:3: 121 columns, at most 120`,
  ])
})

test('a link, a heading or a path that does not exist is found', () => {
  const page = (text: string): readonly string[] =>
    deadReferences({ code: [], pages: [{ path: 'docs/pools.md', text }] }, root)
  assert.deepEqual(page('# A b\n[a](#a-b) [b](limits.md) [c](https://example.com/x.md) `docs/limits.md`'), [])
  assert.equal(page('[a](#b)').length, 1)
  assert.equal(page('[a](no-such-page.md)').length, 1)
  assert.equal(page('`docs/no-such-page.md`').length, 1)
  const code = (text: string): readonly string[] =>
    deadReferences({ code: [{ path: `${gateway}/gateway/a.ts`, text }], pages: [] }, root)
  assert.deepEqual(code("// see gateway/refusals.ts\nconst a = 'no/such/file.ts'"), [])
  assert.equal(code('/** see gateway/no-such-file.ts */').length, 1)
})

test('a dependency that nothing imports, and an import that is no dependency, are found', () => {
  const found = misplacedDependencies(
    [{ path: 'packages/simulator/src/a.ts', text: "import { x } from 'left-pad'\n" }],
    root,
  )
  assert.ok(found.some(line => line.includes('left-pad is imported and not listed')))
  assert.ok(found.some(line => line.includes('no published source imports jose')))
})

test('a unit test that asserts how long something took is found', () => {
  const path = `${gateway}/a.test.ts`
  assert.equal(timedTests([{ path, text: '  assert.ok(performance.now() - began < 90)\n' }]).length, 1)
  assert.equal(timedTests([{ path, text: '  assert.ok(watch.deadlineAt > performance.now())\n' }]).length, 0)
})
