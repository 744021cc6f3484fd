import type { DuckDBConnection } from '@duckdb/node-api'
import { LedgerError } from '../index.ts'
import type { Database } from './database.ts'

/** Longest time for a report, so that shorter ones do not have to wait for it. Milliseconds. */
export const reportMsMax = 30_000

/** Connections that answer questions. One question holds one connection; the others wait. */
export class Readers {
  #database: Database
  readonly #connectionsMax: number
  readonly #questionMsMax: number
  readonly #idle: DuckDBConnection[] = []
  readonly #busy = new Set<DuckDBConnection>()
  readonly #waiting: (() => void)[] = []
  #made = 0
  #closed = false
  #isPaused = false
  /** Questions that have a connection, or make one. */
  #asking = 0
  #whenIdle: (() => void)[] = []

  /**
   * @param connectionsMax questions at a time; the others wait.
   * @param questionMsMax a longer question is interrupted.
   */
  constructor(database: Database, connectionsMax: number, questionMsMax: number) {
    this.#database = database
    this.#connectionsMax = connectionsMax
    this.#questionMsMax = questionMsMax
  }

  /** Rejects with `ledger_closed` after `close`. */
  async ask<T>(question: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
    const connection = await this.#take()
    let isOver = false
    const timer = setTimeout(() => {
      isOver = true
      connection.interrupt()
    }, this.#questionMsMax)
    try {
      return await question(connection)
    } catch (error) {
      throw isOver ? tooLong(this.#questionMsMax, error) : error
    } finally {
      clearTimeout(timer)
      this.#busy.delete(connection)
      this.#idle.push(connection)
      this.#left()
    }
  }

  /** Interrupts the questions that run, and does not wait for them. */
  close(): void {
    this.#closed = true
    for (const connection of this.#busy) connection.interrupt()
    for (const go of this.#waiting.splice(0)) go()
  }

  /** Waits for the questions that run and closes their connections. Later questions wait until `resume`. */
  async pause(): Promise<void> {
    this.#isPaused = true
    while (this.#asking > 0) await new Promise<void>(resolve => this.#whenIdle.push(resolve))
    for (const connection of this.#idle.splice(0)) {
      connection.closeSync()
      this.#made -= 1
    }
  }

  /** @param database to which questions go from now on. */
  resume(database: Database): void {
    this.#database = database
    this.#isPaused = false
    for (const go of this.#waiting.splice(0)) go()
  }

  #left(): void {
    this.#asking -= 1
    this.#waiting.shift()?.()
    if (this.#asking === 0) for (const go of this.#whenIdle.splice(0)) go()
  }

  get #isFull(): boolean {
    return this.#isPaused || (this.#idle.length === 0 && this.#made >= this.#connectionsMax)
  }

  async #take(): Promise<DuckDBConnection> {
    while (!this.#closed && this.#isFull) {
      await new Promise<void>(resolve => this.#waiting.push(resolve))
    }
    if (this.#closed) throw new LedgerError('ledger_closed', 'The ledger has been closed.')
    this.#asking += 1
    let connection = this.#idle.pop()
    if (connection === undefined) {
      this.#made += 1
      try {
        connection = await this.#database.connect()
      } catch (error) {
        this.#made -= 1
        this.#left()
        throw error
      }
    }
    this.#busy.add(connection)
    return connection
  }
}

function tooLong(ms: number, cause: unknown): LedgerError {
  const seconds = ms / 1_000
  return new LedgerError(
    'ledger_busy',
    `This question took longer than ${seconds} seconds and was given up. Ask for a shorter time, fewer dimensions, or one workload or caller.`,
    { cause },
  )
}
