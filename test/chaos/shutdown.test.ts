import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import type { ConfigInput } from '../../packages/gateway/src/config/schema/index.ts'
import { eventually, soon } from '../support/wait.ts'
import { type Scope, startWorld } from '../support/world.ts'
import { watchSockets } from './sockets.ts'
import { lastFirst, ledgerAfter } from './world.ts'

const piece = Buffer.alloc(1_024, 'x')

// Seconds can pass between a backend's last byte and the client's if the client reads slowly. A rollout in that moment
// must not cut the answer, which is paid for.
test('P12 an answer that has ended, but is not yet read by its client, is finished by a stop', async t => {
  const scope = lastFirst(t)
  const sockets = watchSockets(scope)
  const answering = Promise.withResolvers<ServerResponse>()
  const backend = await listen(scope, (req, res) => {
    req.resume()
    req.on('end', () => {
      res.writeHead(200, { 'content-type': 'application/octet-stream' }).write(piece)
      answering.resolve(res)
    })
  })
  const world = await startWorld(scope, { change: config => withEndpoint(config, backend) })
  const res = await begin(world.url, await world.token('alice'))
  // A client that does not read: what is written stays in the buffers on the way.
  res.pause()
  const answer = await answering.promise
  const [connection] = sockets.on(Number(new URL(world.url).port))
  let bytes = piece.length
  while ((connection?.writableLength ?? 0) === 0) {
    answer.write(piece)
    bytes += piece.length
    await new Promise(resolve => setImmediate(resolve))
  }
  answer.end()
  // `_httpMessage` is where Node keeps the answer in flight.
  const relayed = (connection as { _httpMessage?: ServerResponse } | undefined)?._httpMessage
  await eventually('the gateway has ended its answer', () => (relayed?.writableEnded ? true : null))
  assert.equal(relayed?.writableFinished, false)

  const closed = world.house.close()
  let received = 0
  res.on('data', (chunk: Buffer) => {
    received += chunk.length
  })
  res.resume()
  await soon('the client has read the answer', once(res, 'end'))
  assert.equal(received, bytes)
  await soon('the gateway has stopped', closed)
  const row = await rowAfterwards(scope, world.config.ledger.directory, String(res.headers['x-gatehouse-request-id']))
  assert.deepEqual([row?.outcome, row?.responseBytes], ['completed', bytes])
})

async function listen(scope: Scope, answer: (req: IncomingMessage, res: ServerResponse) => void): Promise<string> {
  const server = createServer(answer)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  scope.after(() => server.close().closeAllConnections())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

function withEndpoint(config: ConfigInput, endpoint: string): ConfigInput {
  const two = config.instances['dev-openai-instance-2']
  assert.ok(two !== undefined)
  return { ...config, instances: { ...config.instances, 'dev-openai-instance-2': { ...two, endpoint } } }
}

/** The head of the answer to a chat call. */
async function begin(url: string, token: string): Promise<IncomingMessage> {
  const path = '/dev-openai-instance-2/hr-bot/openai/v1/chat/completions'
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  const req = request(`${url}${path}`, { method: 'POST', headers })
  req.end('{"model":"gpt-4o","messages":[]}')
  const [res] = (await once(req, 'response')) as [IncomingMessage]
  return res
}

async function rowAfterwards(scope: Scope, directory: string, id: string) {
  return (await ledgerAfter(scope, directory)).row(id)
}
