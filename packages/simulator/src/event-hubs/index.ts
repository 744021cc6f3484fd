/** A namespace of Azure Event Hubs over AMQP 1.0, as Microsoft's SDKs speak it. Events are kept in memory only. */
import { once } from 'node:events'
import type { AddressInfo, Socket } from 'node:net'
import rhea from 'rhea'
import { systemClock } from '../clock.ts'
import { TenantTokens } from '../tenant-tokens.ts'
import { socketOf } from './library.ts'
import { Namespace } from './namespace.ts'
import type { EventHubsOptions, EventHubsSimulator } from './types.ts'

const audience = 'https://eventhubs.azure.net'
/** Publications of a link that may wait for an answer. */
const creditWindow = 300

/** Rejects with the error of `listen` when the port is taken. */
export async function startEventHubs(options: EventHubsOptions): Promise<EventHubsSimulator> {
  const { host = '127.0.0.1', clock = systemClock, fate = () => 'accept' as const, entra } = options
  let keys = options.keys ?? {}
  const sockets = new Set<Socket>()
  const namespace = new Namespace({
    ...{ clock, fate, keys: () => keys },
    tokens: entra === undefined ? null : new TenantTokens(entra, [audience], clock),
    allowedObjectIds: entra?.allowedObjectIds ?? [],
    cut: connection => socketOf(connection).destroy(new Error('cut')),
  })
  for (const [name, hub] of Object.entries(options.hubs)) namespace.createHub(name, hub)

  const container = rhea.create_container({
    id: 'event-hubs',
    receiver_options: { autoaccept: false, credit_window: creditWindow },
  })
  // The SDK names the mechanism of tokens, and shows these to `$cbs`.
  container.sasl_server_mechanisms.enable_anonymous()
  container.sasl_server_mechanisms['MSSBCBS'] = container.sasl_server_mechanisms['ANONYMOUS']
  container.on('receiver_open', context => namespace.onReceiver(context))
  container.on('sender_open', context => namespace.onSender(context))
  container.on('message', context => namespace.onMessage(context))
  for (const event of ['sender_close', 'receiver_close']) container.on(event, context => namespace.onClose(context))
  container.on('disconnected', context => namespace.onDisconnected(context))
  container.on('connection_close', context => namespace.onDisconnected(context))
  // A client that breaks off in the middle of a frame is no failure of the namespace.
  for (const event of ['error', 'protocol_error', 'connection_error', 'sender_error', 'receiver_error'])
    container.on(event, () => {})

  const address = { host, port: options.port ?? 0 }
  const server =
    options.tls === undefined
      ? container.listen(address)
      : container.listen({ ...address, transport: 'tls', cert: options.tls.certificate, key: options.tls.privateKey })
  let cutAfter: number | null = null
  server.on(options.tls === undefined ? 'connection' : 'secureConnection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('data', (chunk: Buffer) => {
      if (cutAfter === null) return
      cutAfter -= chunk.byteLength
      if (cutAfter > 0) return
      cutAfter = null
      socket.destroy(new Error('cut'))
    })
  })
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  // TLS knows no names of addresses.
  const name = options.tls !== undefined && host === '127.0.0.1' ? 'localhost' : host
  const hubOf = (hub: string) => namespace.hubs.get(hub.toLowerCase())

  return {
    namespace: `${name}:${port}`,
    get connectionString() {
      const [first] = Object.entries(keys)
      if (first === undefined) throw new RangeError('the namespace has no keys')
      const [policy, key] = first
      const emulator = options.tls === undefined ? ';UseDevelopmentEmulator=true' : ''
      return `Endpoint=sb://${name}:${port};SharedAccessKeyName=${policy};SharedAccessKey=${key}${emulator}`
    },
    events: hub => hubOf(hub)?.partitions.flatMap(({ events }) => events) ?? [],
    createHub: (hub, hubOptions = {}) => namespace.createHub(hub, hubOptions),
    deleteHub: hub => namespace.deleteHub(hub),
    expireTokens: () => namespace.expireTokens(),
    setKeys(next) {
      keys = next
    },
    detachLinks: () => namespace.detachLinks(),
    cutAfter(bytes) {
      cutAfter = bytes
    },
    release: () => namespace.release(),
    async close() {
      const closed = once(server, 'close')
      server.close()
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}
