/** End of the command: the first Ctrl-C or SIGTERM closes the services, a second one ends the process at once. */

/**
 * A signal that comes again sooner than this is the same stop: a terminal and many supervisors signal the whole group,
 * and npm passes the signal on as well. Milliseconds.
 */
const sameStopMs = 1_000

/** What a stop signal comes from and goes to; tests replace it. */
export interface SignalParts {
  readonly source: Pick<NodeJS.EventEmitter, 'on'>
  /** Milliseconds of a clock that is never set back. */
  readonly clock: () => number
  readonly exit: (code: number) => void
}

const ofThisProcess: SignalParts = {
  source: process,
  clock: () => performance.now(),
  exit: code => process.exit(code),
}

/** Resolves at the first SIGINT or SIGTERM. A second one ends the process with 128 + its number, as shells expect. */
export function stopSignal({ source, clock, exit } = ofThisProcess): Promise<void> {
  return new Promise(resolve => {
    let first: { readonly signal: string; readonly atMs: number } | null = null
    for (const [signal, code] of Object.entries({ SIGINT: 130, SIGTERM: 143 })) {
      source.on(signal, () => {
        if (first === null) {
          first = { signal, atMs: clock() }
          resolve()
        } else if (signal !== first.signal || clock() - first.atMs >= sameStopMs) exit(code)
      })
    }
  })
}
