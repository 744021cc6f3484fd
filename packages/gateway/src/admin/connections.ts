/**
 * Bounds the connections of the management API. Silent connections keep no client out: at the bound, the connection
 * that has been silent longest is closed for the new one. A new one is refused only while all others are being
 * answered.
 */
import type { Server } from 'node:http'
import type { Socket } from 'node:net'

export function boundConnections(server: Server, connectionsMax: number): void {
  /** Answers in flight by connection. The first connection without any has been silent longest. */
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
      // Moved to the end, because it was active just now.
      open.delete(socket)
      open.set(socket, left - 1)
    })
  })
}
