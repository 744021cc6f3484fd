/**
 * The inside of a process of the benchmark: answers the bench's questions over the IPC channel. CPU and memory are
 * measured by the process itself, all of its threads included.
 */

export interface ProcessUsage {
  /** CPU time since the process started, user and system, all threads, in microseconds. */
  readonly cpuUs: number
  /** The same for the main thread only; null if it cannot be measured. */
  readonly mainThreadCpuUs: number | null
  /** Resident memory, in bytes. */
  readonly rssBytes: number
}

export interface Ask {
  readonly id: number
  readonly ask: string
  readonly argument: unknown
}

export type ChildMessage =
  | { readonly ready: unknown }
  | { readonly id: number; readonly answer: unknown }
  | { readonly id: number; readonly error: string }

/** One function per question that the bench may send; `usage` and `stop` come with every child. */
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

function send(message: ChildMessage): void {
  process.send?.(message)
}

/** True in a process that the bench started. */
export const isChild = process.send !== undefined

/**
 * Sends `ready` to the bench, then answers until the bench sends `stop` or ends; a bench that was killed leaves no
 * process running. Ctrl-C reaches the whole group of processes, so only the bench handles it.
 */
export function answerParent(ready: unknown, handlers: Handlers, close: () => Promise<void>): void {
  process.on('SIGINT', () => {})
  process.on('disconnect', () => process.exit(0))
  process.on('message', message => {
    const { id, ask, argument } = message as Ask
    void answer(ask, argument).then(
      value => send({ id, answer: value }),
      (error: unknown) => send({ id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
    )
  })
  async function answer(ask: string, argument: unknown): Promise<unknown> {
    if (ask === 'usage') return ownUsage()
    if (ask === 'stop') return close()
    const handler = handlers[ask]
    if (handler === undefined) throw new RangeError(`no such question: ${ask}`)
    return handler(argument)
  }
  send({ ready })
}
