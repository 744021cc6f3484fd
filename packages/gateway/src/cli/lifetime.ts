/** End of a serving command: the first Ctrl-C or SIGTERM shuts it down properly, a second one at once. */
import { addressOf } from '../house/address.ts'
import type { LedgerErrorCode } from '../ledger/index.ts'
import { CliError } from './errors.ts'

/**
 * A signal that comes again sooner than this is the same stop. A terminal and many supervisors signal the whole group,
 * and the launcher and npm pass the signal on as well. Milliseconds.
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
export function stopSignal({ source, clock, exit } = ofThisProcess): Promise<'SIGINT' | 'SIGTERM'> {
  return new Promise(resolve => {
    let first: { readonly signal: string; readonly atMs: number } | null = null
    for (const [signal, code] of [
      ['SIGINT', 130],
      ['SIGTERM', 143],
    ] as const) {
      source.on(signal, () => {
        if (first === null) {
          first = { signal, atMs: clock() }
          resolve(signal)
        } else if (signal !== first.signal || clock() - first.atMs >= sameStopMs) exit(code)
      })
    }
  })
}

const ledgerFailures: ReadonlySet<string> = new Set([
  'ledger_in_use',
  'ledger_directory',
  'ledger_corrupt',
  'ledger_unwritable',
] satisfies LedgerErrorCode[])

/** A failed start of a server, in words that say what to do. Other errors are returned unchanged. */
export function startFailure(error: unknown, ports: readonly PortOption[]): unknown {
  const { code, port, address } = error as { code?: string; port?: number; address?: string }
  if (code === 'EADDRINUSE' || code === 'EACCES') {
    const taken = ports.find(one => one.port === port)
    const why =
      code === 'EADDRINUSE'
        ? 'Another program listens there, perhaps an earlier start.'
        : 'This user may not listen there.'
    const next = taken === undefined ? 'another port in the configuration' : otherPort(taken)
    return new CliError(
      'port_taken',
      `Port ${port} on ${address} cannot be taken (${taken?.use ?? 'listener'}).`,
      why,
      next,
    )
  }
  if (code !== undefined && ledgerFailures.has(code)) {
    const next =
      code === 'ledger_in_use'
        ? 'stop the other process, or use another directory'
        : 'fix the directory, or use another one'
    return new CliError(code, (error as Error).message, null, next, { cause: error })
  }
  return error
}

/** A port that the user can change, and the option for it. */
export interface PortOption {
  readonly port: number
  readonly use: string
  /** The option as it is typed before the number; null for a setting of the configuration. */
  readonly option: string | null
}

/** @param settings of the configuration by their keys: ADDRESS:PORT. */
export function listenPorts(settings: Readonly<Record<string, string>>): readonly PortOption[] {
  return Object.entries(settings).map(([use, listen]) => ({ port: addressOf(listen).port, use, option: null }))
}

function otherPort({ port, use, option }: PortOption): string {
  return option === null ? `another port as ${use} in the configuration` : `${option} ${port + 100}`
}
