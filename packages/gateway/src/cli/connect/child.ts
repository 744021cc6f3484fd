/** The program that `gatehouse connect -- COMMAND` starts. */
import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { CliError } from '../errors.ts'

/** Signals that are meant for the program. */
const passed = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'] as const

/** Those that a terminal sends to the program as well: it would get them twice. */
const ofTerminal: ReadonlySet<string> = new Set(['SIGINT', 'SIGQUIT'])

export interface ChildOptions {
  readonly env: Readonly<Record<string, string>>
  readonly cwd: string
  /** True when a terminal is in front: its Ctrl-C reaches the program without help. */
  readonly onTerminal: boolean
}

/**
 * Runs a program with this process's terminal, and passes signals on to it.
 * @returns its exit code; 128 + the number of the signal that ended it, as shells have it.
 * @throws CliError `command_not_started`
 */
export function runChild([program = '', ...args]: readonly string[], options: ChildOptions): Promise<number> {
  const { env, cwd, onTerminal } = options
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env, cwd, stdio: 'inherit' })
    const stops = passed.map(signal => {
      const pass = (): void => {
        if (!(onTerminal && ofTerminal.has(signal))) child.kill(signal)
      }
      process.on(signal, pass)
      return () => process.off(signal, pass)
    })
    const end = (): void => {
      for (const stop of stops) stop()
    }
    child.once('error', cause => {
      end()
      reject(notStarted(program, cause))
    })
    child.once('exit', (code, signal) => {
      end()
      resolve(signal === null ? (code ?? 1) : 128 + constants.signals[signal])
    })
  })
}

function notStarted(program: string, cause: NodeJS.ErrnoException): CliError {
  const why =
    cause.code === 'ENOENT'
      ? 'There is no such program on the PATH.'
      : cause.code === 'EACCES'
        ? 'It may not be run.'
        : (cause.code ?? 'The system refuses it.')
  return new CliError('command_not_started', `${program} was not started.`, why, `type -a ${program}`, { cause })
}
