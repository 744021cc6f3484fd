/**
 * Errors of the command: three lines on standard error, or one JSON object with `--json`.
 *
 *     ✗ port_taken  Port 8083 on 127.0.0.1 is taken.
 *       Another program listens there, perhaps an earlier start.
 *       Try: gatehouse-simulator azure --port 8183
 *
 * Exit codes: 1 the command failed, 2 it was called wrongly, 70 a fault of the simulator itself.
 */
export type ExitCode = 0 | 1 | 2 | 70

/** A failure that the user can understand. */
export class CommandError extends Error {
  /** Stable, lower case with underscores. */
  readonly code: string
  readonly why: string | null
  /** A command to type, or a thing to do. */
  readonly next: string | null
  readonly exitCode: ExitCode

  /** @param exitCode 2 when the command line itself was wrong. */
  constructor(code: string, what: string, why: string | null, next: string | null, exitCode: ExitCode = 1) {
    super(what)
    this.name = 'CommandError'
    this.code = code
    this.why = why
    this.next = next
    this.exitCode = exitCode
  }
}

/** The command line was wrong. */
export function usage(what: string, why: string | null = null, next = 'gatehouse-simulator --help'): CommandError {
  return new CommandError('usage', what, why, next, 2)
}

/** Writes the error once, and says with which code to exit. */
export function reportError(error: unknown, json: boolean, stderr: { write(text: string): unknown }): ExitCode {
  const known = error instanceof CommandError ? error : internalError(error)
  const { code, message, why, next, exitCode } = known
  if (json) stderr.write(`${JSON.stringify({ error: { code, what: message, why, next } })}\n`)
  else stderr.write(`${printable([`✗ ${code}  ${message}`, why, next && `Try: ${next}`])}\n`)
  return exitCode
}

function internalError(error: unknown): CommandError {
  const why = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  return new CommandError('internal_error', 'The simulator made a mistake.', why.split('\n')[0] ?? '', null, 70)
}

/**
 * Indents the lines after the first. Text that the user typed may have control characters, which a terminal would obey.
 */
function printable(lines: readonly (string | null)[]): string {
  const present = lines.filter(line => line !== null && line !== '')
  return present.map(line => line?.replace(/\p{Cc}/gu, '?')).join('\n  ')
}

/** Names the cause of a failed start, if the user can remove it. Other errors are returned unchanged. */
export function startFailure(error: unknown, option: string): unknown {
  const { code, port, address, path, message } = error as NodeJS.ErrnoException & { port?: number; address?: string }
  if ((code === 'EADDRINUSE' || code === 'EACCES') && port !== undefined) {
    const isTaken = code === 'EADDRINUSE'
    const what = `Port ${port} on ${address} is ${isTaken ? 'taken' : 'forbidden'}.`
    const why = isTaken ? 'Another program listens there, perhaps an earlier start.' : 'This user may not listen there.'
    const next = `gatehouse-simulator ${option} ${port > 60_000 ? 0 : Math.max(port, 8_000) + 100}`
    return new CommandError('port_taken', what, why, next)
  }
  if (path !== undefined) return new CommandError('file_refused', `${path} cannot be used.`, message, 'another path')
  if (code === 'keys_file_invalid') return new CommandError(code, 'The signing keys cannot be read.', message, null)
  return error
}
