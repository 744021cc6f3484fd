/** End of a serving command: the first Ctrl-C or SIGTERM shuts it down properly, a second one at once. */
import { CliError } from './errors.ts'

/** Resolves at the first SIGINT or SIGTERM. A second one ends the process with 128 + its number, as shells expect. */
export function stopSignal(): Promise<'SIGINT' | 'SIGTERM'> {
  return new Promise(resolve => {
    let stopping = false
    for (const [signal, code] of [
      ['SIGINT', 130],
      ['SIGTERM', 143],
    ] as const) {
      process.on(signal, () => {
        if (stopping) process.exit(code)
        stopping = true
        resolve(signal)
      })
    }
  })
}

/** A failed start of a server, in words that say what to do. Other errors are returned unchanged. */
export function startFailure(error: unknown, ports: readonly PortOption[]): unknown {
  const { code, port, address } = error as { code?: string; port?: number; address?: string }
  if (code === 'EADDRINUSE' || code === 'EACCES') {
    const taken = ports.find(one => one.port === port)
    const why =
      code === 'EADDRINUSE'
        ? 'Another program listens there, perhaps an earlier start.'
        : 'This user may not listen there.'
    const next = taken === undefined ? 'another port in the configuration' : `${taken.option} ${taken.port + 100}`
    return new CliError(
      'port_taken',
      `Port ${port} on ${address} cannot be taken (${taken?.use ?? 'listener'}).`,
      why,
      next,
    )
  }
  if (code === 'ledger_in_use' || code === 'ledger_directory' || code === 'ledger_corrupt') {
    const next =
      code === 'ledger_in_use'
        ? 'stop the other process, or use another directory'
        : 'mend the directory, or use another one'
    return new CliError(code, 'The ledger cannot be opened.', (error as Error).message, next, { cause: error })
  }
  return error
}

/** A port that the user can change, and the option for it. */
export interface PortOption {
  readonly port: number
  readonly use: string
  /** The option as it is typed before the number. */
  readonly option: string
}
