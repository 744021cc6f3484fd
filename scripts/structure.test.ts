/** Each check of the structure can fail: these are the smallest faults that it must find. */
import assert from 'node:assert/strict'
import { dirname } from 'node:path'
import { test } from 'node:test'
import {
  forbiddenImports,
  type ImportGraph,
  importCircles,
  importsOf,
  readImports,
  rooms,
  roomsTable,
  unlistedRooms,
} from './imports.ts'
import { deadReferences } from './references.ts'
import { longSources, misplacedDependencies, readSources, timedTests, wideComments } from './sources.ts'

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
new Worker(workerUrl('./w.ts', import.meta.url))
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
    `${gateway}/x/w.ts`,
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
    [`${gateway}/gateway/d.ts`]: [`${gateway}/gateway/d.fixture.ts`],
    'packages/simulator/src/b.ts': ['packages/simulator/src/b.test.ts'],
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

test('a folder that is no room, and a room without files, are found', () => {
  const all = Object.fromEntries(Object.keys(rooms).map(room => [`${gateway}/${room}/index.ts`, []]))
  assert.deepEqual(unlistedRooms(graphOf({ ...all, [`${gateway}/clock.ts`]: [] })), [])
  const { [`${gateway}/wire/index.ts`]: _, ...others } = all
  assert.deepEqual(
    unlistedRooms(graphOf({ ...others, [`${gateway}/attic/a.ts`]: [], [`${gateway}/attic/b.ts`]: [] })),
    [`${gateway}/attic is no room of scripts/imports.ts`, `${gateway}/wire has no files`],
  )
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
  const after = `const x = 'http://x' // ${'x'.repeat(100)}`
  const inside = `const x = 'a // ${'x'.repeat(110)}'`
  assert.equal(wideComments([{ path, text: after }]).length, 1)
  assert.equal(wideComments([{ path, text: inside }]).length, 0)
  assert.equal(wideComments([{ path: 'a.lua', text: `redis.call('GET', k) -- ${'x'.repeat(100)}` }]).length, 1)
})

test('a link, a heading or a path that does not exist is found', () => {
  const page = (text: string): readonly string[] =>
    deadReferences(
      {
        code: [],
        pages: [
          { path: 'docs/pools.md', text },
          { path: 'docs/limits.md', text: '' },
        ],
      },
      root,
    )
  assert.deepEqual(page('# A b\n[a](#a-b) [b](limits.md) [c](https://example.com/x.md) `docs/limits.md`'), [])
  assert.equal(page('[a](#b)').length, 1)
  assert.equal(page('[a](no-such-page.md)').length, 1)
  assert.equal(page('`docs/no-such-page.md`').length, 1)
  const code = (text: string): readonly string[] =>
    deadReferences({ code: [{ path: `${gateway}/gateway/a.ts`, text }], pages: [] }, root)
  assert.deepEqual(code("// see gateway/refusals.ts\nconst a = 'no/such/file.ts'"), [])
  assert.equal(code('/** see gateway/no-such-file.ts */').length, 1)
  assert.equal(code('/** see no-such-file.ts */').length, 1)
  const lua = (text: string): readonly string[] =>
    deadReferences({ code: [{ path: `${gateway}/a.lua`, text }], pages: [{ path: 'docs/x.md', text: '' }] }, root)
  assert.deepEqual(lua("-- x.md says\nlocal a = 'no-such-file.ts'"), [])
  assert.equal(lua('local a = 1 -- no-such-file.ts').length, 1)
  assert.equal(lua('-- no/such-file.ts').length, 1)
})

test('documents of every folder are checked', () => {
  const checked = readSources(root).pages.map(({ path }) => path)
  for (const page of ['README.md', 'docs/deploy.md', 'deploy/README.md', 'packages/gateway/README.md'])
    assert.ok(checked.includes(page), page)
})

test('a check of an empty folder fails instead of finding nothing', () => {
  assert.throws(() => readSources(`${root}/.ci`))
  assert.throws(() => readImports(`${root}/.ci`))
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
  const found = (text: string, of = path): number => timedTests([{ path: of, text }]).length
  assert.equal(found('  assert.ok(watch.deadlineAt > performance.now())\n'), 0)
  assert.equal(found('const tookMs = Date.now() - began\nassert.ok(tookMs <= 900)', 'test/e2e/a.test.ts'), 1)
  assert.equal(found('const ms = Math.round(performance.now() - began)\nassert.ok(\n  ms < 90,\n)'), 1)
  assert.equal(found('assert.ok(300 > record.durationMs)'), 1)
  assert.equal(found('assert.ok(all.every(one => one.durationMs < 300))'), 1)
  assert.equal(found("assert.ok(record.durationMs >= 1_000, 'it waited')"), 0)
  assert.equal(found("assert.ok(performance.now() - began < 20_000, 'it did not hang')"), 0)
})
