import { isDeepStrictEqual } from 'node:util'
import { CursorFile } from '../journal/cursor-file.ts'
import type { JournalPosition } from '../journal/position.ts'
import type { FeedSource, FeedState, Feeds } from './index.ts'
import type { FeedOrder } from './messages.ts'
import { FeedThread, type FeedThreadOptions } from './thread.ts'

/** A feed needs the journal from here on, but not for longer than `behindMsMax`. */
export interface FeedNeed {
  readonly name: string
  readonly from: JournalPosition
  readonly behindMsMax: number | null
}

/** The feeds of a ledger. A reload adds, replaces and removes them. */
export class RunningFeeds implements Feeds {
  readonly #options: FeedThreadOptions
  #threads: readonly FeedThread[] = []
  #wanted: readonly FeedSource[] = []
  /** Threads of one name never run at the same time: they have one cursor. */
  #change: Promise<void> | null = null
  #isClosed = false
  /** Threads that are to be started again. */
  #stale: ReadonlySet<FeedThread> = new Set()

  constructor(options: FeedThreadOptions) {
    this.#options = options
  }

  get troubled(): number {
    return this.#threads.filter(thread => thread.isTroubled).length
  }

  /**
   * Runs these feeds from now on; those that do not change go on.
   * @throws RangeError when two have the same name.
   */
  use(sources: readonly FeedSource[]): void {
    if (new Set(sources.map(({ name }) => name)).size < sources.length)
      throw new RangeError('Two feeds have the same name.')
    this.#wanted = sources
    if (this.#change !== null) return
    if (this.#unwanted().length === 0) this.#startMissing()
    else this.#change = this.#replace()
  }

  async #replace(): Promise<void> {
    for (;;) {
      const unwanted = this.#unwanted()
      if (unwanted.length === 0) break
      await Promise.all(unwanted.map(thread => thread.close()))
      this.#threads = this.#threads.filter(thread => !unwanted.includes(thread))
    }
    this.#startMissing()
    this.#change = null
  }

  #unwanted(): readonly FeedThread[] {
    const isWanted = ({ source }: FeedThread): boolean => this.#wanted.some(wanted => isDeepStrictEqual(wanted, source))
    return this.#threads.filter(thread => this.#stale.has(thread) || !isWanted(thread))
  }

  #startMissing(): void {
    if (this.#isClosed) return
    const missing = this.#wanted.filter(
      wanted => !this.#threads.some(({ source }) => isDeepStrictEqual(source, wanted)),
    )
    this.#threads = [...this.#threads, ...missing.map(source => new FeedThread(source, this.#options))]
  }

  /** Starts every feed again at its cursor: none goes on reading from a file of the journal that was replaced. */
  async reopen(): Promise<void> {
    await this.#change
    if (this.#threads.length === 0) return
    this.#stale = new Set(this.#threads)
    this.#change ??= this.#replace()
    await this.#change
  }

  /** In the order of their start. */
  names(): readonly string[] {
    return this.#threads.map(({ source }) => source.name)
  }

  /** How far each feed has taken what there is, as its file has it. */
  readTo(): readonly { readonly name: string; readonly position: JournalPosition }[] {
    const { journal, cursors: directory, log } = this.#options
    return this.names().map(name => {
      return { name, position: new CursorFile({ directory, journal, consumer: name, log }).position.takenTo }
    })
  }

  needs(): FeedNeed[] {
    return this.#threads.map(({ neededFrom, source }) => ({
      name: source.name,
      from: neededFrom,
      behindMsMax: source.behindMsMax ?? null,
    }))
  }

  dropped(name: string, segments: number): void {
    const thread = this.#find(name)
    if (thread !== undefined) thread.droppedSegments += segments
  }

  /** In the order of their names. */
  states(): Promise<FeedState[]> {
    const inOrder = this.#threads.toSorted((a, b) => (a.source.name < b.source.name ? -1 : 1))
    return Promise.all(inOrder.map(thread => thread.state()))
  }

  pause(name: string): Promise<FeedState | null> {
    return this.#order(name, { kind: 'pause' })
  }

  resume(name: string): Promise<FeedState | null> {
    return this.#order(name, { kind: 'resume' })
  }

  rewind(name: string, toMs: number): Promise<FeedState | null> {
    return this.#order(name, { kind: 'rewind', toMs })
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await this.#change
    await Promise.all(this.#threads.map(thread => thread.close()))
  }

  async #order(name: string, order: FeedOrder): Promise<FeedState | null> {
    return (await this.#find(name)?.state(order)) ?? null
  }

  #find(name: string): FeedThread | undefined {
    return this.#threads.find(({ source }) => source.name === name)
  }
}
