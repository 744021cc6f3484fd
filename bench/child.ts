/**
 * The inside of a process of the benchmark: answers what the bench asks over the IPC channel. CPU and memory are the
 * process's own figures of itself, all of its threads included.
 */

export interface ProcessUsage {
  /** CPU time since the process started, user and system, all threads, in microseconds. */
  readonly cpuUs: number
  /** The same of the main thread alone; null where it cannot be told from outside. */
  readonly mainThreadCpuUs: number | null
  /** Resident memory, in bytes. */
  readonly rssBytes: number
}

export interface Ask {
  readonly id: number
  readonly ask: string
  readonly argument: unknown
}

export type Told =
  | { readonly ready: unknown }
  | { readonly id: number; readonly answer: unknown }
  | { readonly id: number; readonly error: string }

/** One function per question that the bench may ask; `usage` and `stop` come with every child. */
export type Handlers = Readonly<Record<string, (argument: unknown) => unknown>>

export function ownUsage(): ProcessUsage {
  const all = process.cpuUsage()
  const main = process.threadCpuUsage()
  return {
    cpuUs: all.user + all.system,
    mainThreadCpuUs: main.user + main.system,
    rssBytes: process.memoryUsage.rss(),
  }
}

function tell(told: Told): void {
  process.send?.(told)
}

/** True in a process that the bench started. */
export const isChild = process.send !== undefined

/**
 * Says `ready` to the bench, then answers until the bench says `stop` or goes away; a bench that was killed leaves no
 * process behind. Ctrl-C reaches the whole group of processes, so it is left to the bench alone.
 */
export function answerParent(ready: unknown, handlers: Handlers, close: () => Promise<void>): void {
  process.on('SIGINT', () => {})
  process.on('disconnect', () => process.exit(0))
  process.on('message', message => {
    const { id, ask, argument } = message as Ask
    void answer(ask, argument).then(
      value => tell({ id, answer: value }),
      (error: unknown) => tell({ id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
    )
  })
  async function answer(ask: string, argument: unknown): Promise<unknown> {
    if (ask === 'usage') return ownUsage()
    if (ask === 'stop') return close()
    const handler = handlers[ask]
    if (handler === undefined) throw new RangeError(`no such question: ${ask}`)
    return handler(argument)
  }
  tell({ ready })
}
