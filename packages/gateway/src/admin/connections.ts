/**
 * Connections of the management API. Those that say nothing keep nobody out: beyond the bound the one that has been
 * silent longest is closed for the new one, and a new one is turned away only while all others are being answered.
 */
import type { Server } from 'node:http'
import type { Socket } from 'node:net'

export function boundConnections(server: Server, connectionsMax: number): void {
  /** Answers under way by connection. The one that has been silent longest is the first without any. */
  const open = new Map<Socket, number>()
  const silent = (): Socket | null => {
    for (const [socket, answers] of open) if (answers === 0) return socket
    return null
  }
  server.on('connection', (socket: Socket) => {
    if (open.size >= connectionsMax) {
      const leaves = silent() ?? socket
      open.delete(leaves)
      leaves.destroy()
      if (leaves === socket) return
    }
    open.set(socket, 0)
    socket.on('close', () => open.delete(socket))
  })
  server.on('request', ({ socket }, response) => {
    const answers = open.get(socket)
    if (answers === undefined) return
    open.set(socket, answers + 1)
    response.on('close', () => {
      const left = open.get(socket)
      if (left === undefined) return
      // To the end: it has just spoken.
      open.delete(socket)
      open.set(socket, left - 1)
    })
  })
}
