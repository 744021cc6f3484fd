/** A TCP proxy before a server that can be away: then connections are refused, and those that are open break. */
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { closedPort } from './ports.ts'

export interface Gate {
  readonly host: string
  /** The same from the start to the end, whether the gate is open or shut. */
  readonly port: number
  /** Breaks every connection and refuses new ones. */
  shut(): Promise<void>
  /** Accepts connections again. */
  open(): Promise<void>
  /** Breaks every connection, in the middle of what it carries. */
  cut(): void
  /** For good. */
  close(): Promise<void>
}

/** Starts an open gate. @param to Port of the server on loopback. */
export async function startGate(to: number): Promise<Gate> {
  const host = '127.0.0.1'
  const sockets = new Set<Socket>()
  const keep = (socket: Socket): void => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    // The other end may break the connection at any time.
    socket.on('error', () => socket.destroy())
  }
  // While the gate is shut, no other program must get its port.
  const port = await closedPort()
  const server = createServer(client => {
    const inner = connect(to, host)
    keep(client)
    keep(inner)
    client.pipe(inner)
    inner.pipe(client)
    client.on('close', () => inner.destroy())
    inner.on('close', () => client.destroy())
  })
  const listen = async (): Promise<void> => {
    server.listen(port, host)
    await once(server, 'listening')
  }
  const cut = (): void => {
    for (const socket of sockets) socket.destroy()
  }
  const shut = async (): Promise<void> => {
    if (!server.listening) return
    const closed = once(server, 'close')
    server.close()
    cut()
    await closed
  }
  await listen()
  return {
    host,
    port,
    shut,
    open: async () => {
      if (!server.listening) await listen()
    },
    cut,
    close: shut,
  }
}
