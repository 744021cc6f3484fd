/**
 * Output of a command that failed: three lines on standard error, or one JSON object with `--json`.
 *
 *     ✗ backend_unreachable  https://eu1.openai.azure.com did not answer in 5 s
 *       The name resolves; the connection was refused.
 *       Try: gatehouse instances probe eu1
 *
 * Exit codes: 1 the command failed, 2 it was called wrongly, 70 a bug of Gatehouse.
 */
import { CommanderError } from 'commander'
import { jsonText, printable } from './terminal/printable.ts'

export type ExitCode = 0 | 1 | 2 | 70

/** A failure that the user can understand. None of its texts may contain a credential, a token or a prompt. */
export class CliError extends Error {
  /** Stable, lower case with underscores. */
  readonly code: string
  readonly what: string
  readonly why: string | null
  /** A command to type, or a thing to do. */
  readonly next: string | null
  readonly exitCode: ExitCode

  /** @param options `exitCode`: 2 when the command line itself was wrong; default 1. */
  constructor(
    code: string,
    what: string,
    why: string | null = null,
    next: string | null = null,
    options?: ErrorOptions & { readonly exitCode?: 1 | 2 },
  ) {
    super(what, options)
    this.name = 'CliError'
    this.code = code
    this.what = what
    this.why = why
    this.next = next
    this.exitCode = options?.exitCode ?? 1
  }
}

/** Three lines at most, no trailing newline. */
export function renderError(error: CliError): string {
  const lines = [`✗ ${error.code}  ${error.what}`]
  if (error.why !== null) lines.push(`  ${error.why}`)
  if (error.next !== null) lines.push(`  Try: ${error.next}`)
  return printable(lines.join('\n'))
}

/** `{"error":{"code","what","why","next"}}`, no trailing newline. */
export function renderErrorJson(error: CliError): string {
  const { code, what, why, next } = error
  return jsonText({ error: { code, what, why, next } })
}

export interface ErrorReport {
  readonly json: boolean
  readonly stderr: { write(text: string): unknown }
  /** Environment variable that prints the stack of an unexpected error. */
  readonly debug?: boolean
}

/** Prints whatever a command threw, once. @returns the exit code. */
export function reportError(error: unknown, report: ErrorReport): ExitCode {
  // Commander ends `--help` and `--version` with an exception of its own.
  if (error instanceof CommanderError && error.exitCode === 0) return 0
  // A noun without its verb: commander has already printed the help.
  if (error instanceof CommanderError && error.code === 'commander.help') return 2
  const known = asCliError(error)
  report.stderr.write(`${report.json ? renderErrorJson(known) : renderError(known)}\n`)
  const unexpected = !(error instanceof CliError || error instanceof CommanderError)
  if (report.debug === true && unexpected && error instanceof Error) {
    report.stderr.write(`${withoutTokens(error.stack ?? '')}\n`)
  }
  return error instanceof CliError ? error.exitCode : error instanceof CommanderError ? 2 : 70
}

function asCliError(error: unknown): CliError {
  if (error instanceof CliError) return error
  if (error instanceof CommanderError) {
    const what = error.message.replace(/^error: /, '')
    return new CliError('usage', what, null, 'gatehouse --help', { exitCode: 2 })
  }
  const why = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  return new CliError(
    'internal_error',
    'Gatehouse made a mistake.',
    withoutTokens(why.split('\n')[0] ?? ''),
    'the same with GATEHOUSE_DEBUG=1, and report what it prints',
  )
}

/** An unexpected error can quote its input, so everything that looks like a JWT is removed. */
function withoutTokens(text: string): string {
  return text.replace(/eyJ[\w-]+(?:\.[\w-]*)*/g, '[token]')
}
