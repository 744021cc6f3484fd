/** The scripts as Redis sees them, and the names that PROTOCOL.md gives for them. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { tell } from '../../../../../test/support/redis.ts'
import { startRedis } from './redis.fixture.ts'
import { scripts } from './scripts.ts'

const here = (path: string): URL => new URL(path, import.meta.url)

// Redis compiles a script when it is loaded. Without this test, a syntax error in a rarely used script shows in the
// first outage.
test('Redis loads every script, under the digest that the gateway calls it by', async t => {
  const redis = await startRedis(t)
  for (const { name, lua } of Object.values(scripts)) {
    const digest = createHash('sha1').update(lua).digest('hex')
    assert.equal(tell(redis.port, 'SCRIPT', 'LOAD', lua), digest, name)
  }
})

test('a script with a syntax error does not pass this check', async t => {
  const redis = await startRedis(t)
  assert.match(tell(redis.port, 'SCRIPT', 'LOAD', `${scripts.read.lua}\nend`), /^ERR Error compiling script/)
})

test('every file in lua/ is used, and names its keys and arguments at its top', async () => {
  const files = await readdir(here('./lua/'))
  assert.deepEqual(files.toSorted(), ['common', ...Object.keys(scripts)].map(name => `${name}.lua`).toSorted())
  for (const file of files) {
    if (file === 'common.lua') continue
    const text = await readFile(here(`./lua/${file}`), 'utf8')
    assert.match(text, /^-- KEYS: /m, file)
    assert.equal(/^-- ARGV: /m.test(text), text.includes('ARGV['), file)
  }
})

test('PROTOCOL.md describes every script, and every test that it names exists', async () => {
  const page = await readFile(here('./PROTOCOL.md'), 'utf8')
  for (const name of Object.keys(scripts)) assert.ok(page.includes(`\`${name}\``), `${name} is missing`)
  const named = [...page.matchAll(/^- `([a-z-]+\.test\.ts)`: (.+)$/gm)]
  assert.ok(named.length > 10, `only ${named.length} tests are named`)
  for (const [, file = '', name = ''] of named) {
    const source = await readFile(here(`./${file}`), 'utf8')
    // Names in backticks are templates: their parts with ${...} are left out on the page.
    const names = [...source.matchAll(/test\((['`])(.+?)\1, /g)].map(([, , text = '']) =>
      text.replace(/\$\{\w+\}/g, '…'),
    )
    assert.ok(names.includes(name), `${file} has no test "${name}"`)
  }
})
