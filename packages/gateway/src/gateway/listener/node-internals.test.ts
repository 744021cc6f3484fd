/**
 * Internals of Node that `server.ts` relies on. A failure here names the place that a new version of Node
 * broke.
 */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http'
import { type AddressInfo, connect, Server as NetServer, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'

async function listening(t: TestContext, listener: RequestListener): Promise<Server> {
  const server = createServer(listener)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  return server
}

async function connected(t: TestContext, server: Server): Promise<Socket> {
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  t.after(() => socket.destroy())
  await once(socket, 'connect')
  return socket
}

const get = 'GET / HTTP/1.1\r\nhost: localhost\r\n\r\n'

// `answerInOrder` sends its refusal after the answer in flight. Without the field, the client could take one for the
// other.
test('Node keeps the answer in flight of a connection in socket._httpMessage', async t => {
  const hint =
    'Node no longer keeps the answer in flight in socket._httpMessage: adapt answerInOrder in gateway/listener/server.ts'
  const requested = Promise.withResolvers<[IncomingMessage, ServerResponse]>()
  const server = await listening(t, (req, res) => requested.resolve([req, res]))
  const client = await connected(t, server)
  client.write(get)
  const [req, res] = await requested.promise
  assert.equal(Reflect.get(req.socket, '_httpMessage'), res, hint)
  const closed = once(res, 'close')
  res.end('done')
  await Promise.all([closed, once(client, 'data')])
  assert.equal(Reflect.get(req.socket, '_httpMessage') ?? null, null, hint)
})

// `close` of the gateway stops listening first and closes the HTTP server later: an answer that has ended but is still
// being sent would otherwise lose its end.
test('net.Server.prototype.close stops an HTTP server from listening and leaves its connections open', async t => {
  const hint =
    'Node has changed what net.Server.prototype.close does to an HTTP server: adapt close in gateway/listener/server.ts'
  const requested = Promise.withResolvers<ServerResponse>()
  const server = await listening(t, (_req, res) => requested.resolve(res))
  assert.ok(server instanceof NetServer, hint)
  const { port } = server.address() as AddressInfo
  const [idle, busy] = [await connected(t, server), await connected(t, server)]
  busy.write(get)
  const res = await requested.promise
  const stopped = once(server, 'close')
  NetServer.prototype.close.call(server)

  const late = connect(port, '127.0.0.1')
  const [error] = await once(late, 'error')
  assert.equal(error.code, 'ECONNREFUSED', hint)
  assert.deepEqual(
    [idle.destroyed, busy.destroyed, idle.readableEnded, busy.readableEnded],
    [false, false, false, false],
    hint,
  )
  res.end('whole')
  const [answer] = await once(busy, 'data')
  assert.match(String(answer), /whole/, hint)
  assert.equal(idle.readableEnded, false, hint)

  server.close()
  server.closeAllConnections()
  await stopped
})
