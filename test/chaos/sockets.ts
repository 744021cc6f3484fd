/** Sees every TCP connection of this process, through Node's own channels. */
import { channel } from 'node:diagnostics_channel'
import type { Socket } from 'node:net'
import type { Scope } from '../support/world.ts'

export interface Sockets {
  /** Open connections from this process to one of its own ports, as the side that connected. */
  to(port: number): readonly Socket[]
  /** Open connections that a listener of this process has accepted on the port. */
  on(port: number): readonly Socket[]
}

export function watchSockets(scope: Scope): Sockets {
  const connected = watched(scope, 'net.client.socket')
  const accepted = watched(scope, 'net.server.socket')
  return {
    to: port => [...connected].filter(socket => socket.remotePort === port),
    on: port => [...accepted].filter(socket => socket.localPort === port),
  }
}

function watched(scope: Scope, name: string): ReadonlySet<Socket> {
  const open = new Set<Socket>()
  const note = (message: unknown): void => {
    const { socket } = message as { socket: Socket }
    open.add(socket)
    socket.once('close', () => open.delete(socket))
  }
  channel(name).subscribe(note)
  scope.after(() => channel(name).unsubscribe(note))
  return open
}

/** Listeners of a connection, for all events together. */
export function listenersOf(socket: Socket): number {
  return socket.eventNames().reduce((sum, name) => sum + socket.listenerCount(name), 0)
}
