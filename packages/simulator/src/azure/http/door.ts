/** The listener of an instance. It can be closed for an outage and opened again on the same port. */
import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'

/** Pause before a port is tried again that another program took during the outage. */
const retryMs = 50

export class Door {
  readonly #server: Server
  readonly #host: string
  #port = 0
  #isShut = false
  /** One warning for each outage whose port was taken. */
  #hasWarned = false
  /** Ends the outage, or tries to. */
  #timer: NodeJS.Timeout | undefined

  constructor(server: Server, host: string) {
    this.#server = server
    this.#host = host
  }

  get port(): number {
    return this.#port
  }

  /** 0 takes a free port. Rejects with the system's error when the port is taken. */
  async open(port: number): Promise<void> {
    this.#server.listen(port, this.#host)
    await once(this.#server, 'listening')
    this.#port = portOf(this.#server)
    // For errors after the start: the port was taken while the listener was closed. An outage that has ended must not
    // last for ever: what took the port is often an outgoing connection, and soon gone.
    this.#server.on('error', cause => {
      if (this.#isShut) return
      if (!this.#hasWarned) process.emitWarning(cause)
      this.#hasWarned = true
      this.#timer = setTimeout(() => this.reopen(), retryMs).unref()
    })
  }

  /**
   * The system refuses new connections, and existing ones are destroyed. After `ms` (null: never) `lifted` is called.
   */
  shut(ms: number | null, lifted: () => void): void {
    clearTimeout(this.#timer)
    this.#isShut = true
    this.#hasWarned = false
    if (ms !== null) this.#timer = setTimeout(lifted, ms).unref()
    if (this.#server.listening) this.#server.close()
    this.#server.closeAllConnections()
  }

  reopen(): void {
    clearTimeout(this.#timer)
    this.#isShut = false
    if (!this.#server.listening) this.#server.listen(this.#port, this.#host)
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer)
    this.#isShut = true
    if (!this.#server.listening) return
    const closed = once(this.#server, 'close')
    this.#server.close()
    this.#server.closeAllConnections()
    await closed
  }
}

function portOf(server: Server): number {
  const address: AddressInfo | string | null = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}
