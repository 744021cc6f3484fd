import type { DuckDBConnection } from '@duckdb/node-api'
import { LedgerError } from '../index.ts'
import type { Database } from './database.ts'

const queryMsMax = 60_000

/** Connections that answer questions. One question holds one connection; the others wait. */
export class Readers {
  readonly #database: Database
  readonly #connectionsMax: number
  readonly #idle: DuckDBConnection[] = []
  readonly #busy = new Set<DuckDBConnection>()
  readonly #waiting: (() => void)[] = []
  #made = 0
  #closed = false

  /** `connectionsMax`: questions at a time. Each holds one of the four threads that the process has for files as well. */
  constructor(database: Database, connectionsMax: number) {
    this.#database = database
    this.#connectionsMax = connectionsMax
  }

  /** Rejects with `ledger_closed` after `close`. */
  async ask<T>(question: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
    const connection = await this.#take()
    const timer = setTimeout(() => connection.interrupt(), queryMsMax)
    try {
      return await question(connection)
    } finally {
      clearTimeout(timer)
      this.#busy.delete(connection)
      this.#idle.push(connection)
      this.#waiting.shift()?.()
    }
  }

  /** Interrupts what runs and waits for nothing. */
  close(): void {
    this.#closed = true
    for (const connection of this.#busy) connection.interrupt()
    for (const go of this.#waiting.splice(0)) go()
  }

  async #take(): Promise<DuckDBConnection> {
    while (!this.#closed && this.#idle.length === 0 && this.#made >= this.#connectionsMax) {
      await new Promise<void>(resolve => this.#waiting.push(resolve))
    }
    if (this.#closed) throw new LedgerError('ledger_closed', 'The ledger has been closed.')
    let connection = this.#idle.pop()
    if (connection === undefined) {
      this.#made += 1
      connection = await this.#database.connect()
    }
    this.#busy.add(connection)
    return connection
  }
}
