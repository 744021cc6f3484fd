/** What `npm run dashboards` says when it cannot draw. test/telemetry/names.test.ts has what it draws. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { temporaryDirectory } from '../test/support/directory.ts'
import { closedPort } from '../test/support/ports.ts'

async function drawn(...args: readonly string[]): Promise<{ status: number | null; said: string }> {
  const program = join(import.meta.dirname, 'grafana-preview.ts')
  const out = temporaryDirectory('dashboards')
  const child = spawn(process.execPath, [program, '--out', out, ...args], { stdio: ['ignore', 'ignore', 'pipe'] })
  const [said] = await Promise.all([text(child.stderr), once(child, 'close')])
  return { status: child.exitCode, said }
}

test('an option that does not exist, or hours that are none, are named with a line to try', async () => {
  const unknown = await drawn('--prometeus', 'http://127.0.0.1:9090')
  assert.equal(unknown.status, 2)
  assert.match(unknown.said, /^✗ usage {2}Unknown option '--prometeus'.*\n {2}Try: npm run dashboards -- /)
  const hours = await drawn('--hours', 'all')
  assert.equal(hours.status, 2)
  assert.match(hours.said, /^✗ usage {2}--hours is "all"; .*\n {2}Try: /)
})

test('a Prometheus that is not there, or something else in its place, is named with its address', async t => {
  const closed = `http://127.0.0.1:${await closedPort()}`
  const absent = await drawn('--prometheus', closed)
  assert.equal(absent.status, 1)
  assert.equal(absent.said.split('\n')[0], `✗ prometheus_unavailable  ${closed} cannot be reached.`)

  const server = createServer((_, response) => response.writeHead(404).end('<h1>Not found</h1>'))
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.after(() => server.close())
  const address = server.address()
  assert.ok(typeof address === 'object' && address !== null)
  const other = await drawn('--prometheus', `http://127.0.0.1:${address.port}`)
  assert.equal(other.status, 1)
  assert.match(other.said, /^✗ prometheus_unavailable .* is no Prometheus: it answers 404, without JSON\.\n/)
})
