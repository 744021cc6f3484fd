import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { test } from 'node:test'
import { startRedis } from './redis.ts'
import { soon } from './wait.ts'

/** The server's answer to one line of the protocol's plain form. */
async function say(port: number, line: string): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port })
  try {
    const { promise, resolve, reject } = Promise.withResolvers<string>()
    socket.on('error', reject)
    socket.once('data', chunk => resolve(chunk.toString()))
    socket.write(`${line}\r\n`)
    return await soon('an answer', promise)
  } finally {
    socket.destroy()
  }
}

// A test that limits survive a crash must know which data the crash destroyed.
test('a Redis with an append-only file keeps its data over a kill, one without comes back empty', async t => {
  for (const appendOnly of [true, false]) {
    const redis = await startRedis(t, { appendOnly })
    assert.equal(await say(redis.port, 'SET a 1'), '+OK\r\n')
    await redis.kill()
    assert.equal(redis.pid, null)
    await redis.start()
    assert.equal(await say(redis.port, 'GET a'), appendOnly ? '$1\r\n1\r\n' : '$-1\r\n')
  }
})

// A test of a wrong password proves nothing against a server that needs none.
test('a Redis with a password refuses a client that does not know it', async t => {
  const redis = await startRedis(t, { password: 'correct' })
  assert.match(await say(redis.port, 'PING'), /^-NOAUTH/)
  assert.match(await say(redis.port, 'AUTH correct'), /^\+OK/)
})
