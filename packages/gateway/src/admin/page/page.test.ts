import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { errorIn, sendTo, startHouse } from '../house.fixture.ts'
import { startConsole, type TestConsole } from '../session/console.fixture.ts'

const index = '<!doctype html><meta name="csp-nonce" content="__CSP_NONCE__"><script src="/assets/a-1.js"></script>'
const script = 'console.log("hello")'

async function build({ directory }: TestConsole): Promise<void> {
  await mkdir(join(directory, 'assets'))
  await writeFile(join(directory, 'assets', 'a-1.js'), script)
  await writeFile(join(directory, 'assets', 'a-1.js.br'), brotliCompressSync(script))
  await writeFile(join(directory, 'assets', 'a-1.js.gz'), gzipSync(script))
  await writeFile(join(directory, 'secret.json'), '{}')
  await writeFile(join(directory, 'index.html'), index)
}

test('until the page is built its addresses say so and try again, and the API works', async t => {
  const console = await startConsole(t)
  const { url } = console.admin
  const page = await sendTo(url, '/records', {})
  assert.deepEqual([page.status, page.headers['content-type']], [503, 'text/html; charset=UTF-8'])
  assert.match(page.text, /<meta http-equiv="refresh" content="2">/)
  assert.equal((await sendTo(url, '/healthz', {})).status, 200)
  await build(console)
  assert.equal((await sendTo(url, '/records', {})).status, 200)
})

test('every address that can be a page answers with it, each time with a fresh nonce and a strict policy', async t => {
  const console = await startConsole(t)
  await build(console)
  const nonces = new Set<string>()
  for (const path of ['/', '/records', '/records/0199c0de-0000-7000-8000-000000000001', '/cost/2026-11?by=caller']) {
    const { status, headers, text } = await sendTo(console.admin.url, path, {})
    assert.equal(status, 200, path)
    const policy = String(headers['content-security-policy'])
    const [, nonce = ''] = /style-src 'self' 'nonce-([\w+/]{22}==)'/.exec(policy) ?? []
    assert.ok(text.includes(`content="${nonce}"`) && nonce !== '')
    nonces.add(nonce)
    assert.match(policy, /^default-src 'none'; script-src 'self'; /)
    assert.match(policy, /frame-ancestors 'none'; base-uri 'none'; form-action 'self'$/)
    assert.doesNotMatch(policy, /unsafe|https?:|\*/)
    assert.deepEqual(
      ['cache-control', 'x-content-type-options', 'x-frame-options', 'referrer-policy'].map(name => headers[name]),
      ['no-store', 'nosniff', 'DENY', 'same-origin'],
    )
  }
  assert.equal(nonces.size, 4)
})

test('assets are compressed as the browser takes them, and are kept for a year', async t => {
  const console = await startConsole(t)
  await build(console)
  const asset = (accepted: readonly string[]) =>
    sendTo(console.admin.url, '/assets/a-1.js', { headers: accepted.flatMap(field => ['accept-encoding', field]) })
  const plain = await asset([])
  assert.deepEqual([plain.text, plain.headers['content-encoding']], [script, undefined])
  assert.equal(plain.headers['content-type'], 'text/javascript; charset=utf-8')
  assert.equal(plain.headers['cache-control'], 'public, max-age=31536000, immutable')
  assert.equal((await asset(['gzip, deflate, br'])).headers['content-encoding'], 'br')
  assert.equal((await asset(['gzip;q=1.0, br;q=0'])).headers['content-encoding'], 'gzip')
  const response = await fetch(`${console.admin.url}/assets/a-1.js.gz`)
  assert.equal(response.status, 401, 'the compressed form has no address of its own')
})

// The directory of the build lies beside files that are nobody's business.
test('no spelling of an address reads a file outside of the assets', async t => {
  const console = await startConsole(t)
  await build(console)
  const paths = [
    '/assets/../secret.json',
    '/assets/%2e%2e/secret.json',
    '/assets/..%2fsecret.json',
    '/assets/..%5csecret.json',
    '/assets//secret.json',
    '/assets/.hidden.js',
    '/assets/a-1.js/',
    '/assets/a-1.js%00.js',
    '/assets/none.js',
    '/secret.json',
    '/index.html',
  ]
  for (const path of paths) {
    const answer = await sendTo(console.admin.url, path, {})
    assert.equal(answer.status, 401, path)
    assert.notEqual(answer.text, '{}')
  }
})

test('addresses of the API, other methods, and a listener without a console answer as ever', async t => {
  const console = await startConsole(t)
  await build(console)
  const { url } = console.admin
  for (const path of ['/api', '/api/', '/api/v1/nothing', '/API/v1/usage', '/healthz/x', '/metrics', '/openapi.json']) {
    const answer = await sendTo(url, path, {})
    assert.deepEqual([answer.status, errorIn(answer).code], [401, 'session_missing'], path)
  }
  assert.equal((await sendTo(url, '/records', { method: 'POST' })).status, 401)
  assert.equal((await sendTo(url, '/', { headers: ['host', 'evil.example'] })).status, 421)
  const head = await sendTo(url, '/', { method: 'HEAD' })
  assert.deepEqual([head.status, head.text], [200, ''])
  const without = await startHouse(t)
  assert.equal((await without.send('/')).status, 401)
})
