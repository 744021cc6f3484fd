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
import { asStarted, standardName } from './started.ts'
import { jsonText, printable } from './terminal/printable.ts'
import { columnsIn, type Output, wrapLine } from './terminal/wrap.ts'

export type ExitCode = 0 | 1 | 2 | 70

/** A failure that the user can understand. None of its texts may contain a credential, a token or a prompt. */
export class CliError extends Error {
  /** Stable, lower case with underscores. */
  readonly code: string
  readonly what: string
  readonly why: string | null
  /** A command to type, or a thing to do. */
  readonly next: string | null
  readonly exitCode: Exclude<ExitCode, 0>

  /** @param options `exitCode`: 2 when the command line itself was wrong, 70 for a bug; default 1. */
  constructor(
    code: string,
    what: string,
    why: string | null = null,
    next: string | null = null,
    options?: ErrorOptions & { readonly exitCode?: Exclude<ExitCode, 0> },
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

/** A failure that the command has printed itself, as part of its result. */
export class PrintedError extends Error {
  readonly exitCode: Exclude<ExitCode, 0>

  constructor(exitCode: Exclude<ExitCode, 0>) {
    super('printed')
    this.name = 'PrintedError'
    this.exitCode = exitCode
  }
}

/** What failed, why, what to type: a line each, wrapped to the terminal. No trailing newline. */
function renderError(error: CliError, width: number | null): string {
  const lines = [`✗ ${error.code}  ${error.what}`]
  if (error.why !== null) lines.push(...`${error.why}`.split('\n').map(line => `  ${line}`))
  if (error.next !== null) lines.push(`  Try: ${error.next}`)
  return lines.map(line => wrapLine(printable(line), width, 4)).join('\n')
}

/** `{"error":{"code","what","why","next"}}`, no trailing newline. */
function renderErrorJson({ code, what, why, next }: CliError): string {
  return jsonText({ error: { code, what, why, next } })
}

export interface ErrorReport {
  readonly json: boolean
  readonly stderr: Pick<Output, 'write' | 'isTTY' | 'columns'>
  /** What this program is called; default `gatehouse`. */
  readonly program?: string
  /** Environment variable that prints the stack of an unexpected error. */
  readonly debug?: boolean
}

/** Prints what a command threw, once. @returns the exit code. */
export function reportError(error: unknown, { json, stderr, program, debug }: ErrorReport): ExitCode {
  // Commander ends `--help`, `--version` and a noun without its verb with an exception of its own.
  if (error instanceof CommanderError && error.exitCode === 0) return 0
  if (error instanceof PrintedError) return error.exitCode
  const known = named(asCliError(error), program ?? standardName)
  stderr.write(`${json ? renderErrorJson(known) : renderError(known, columnsIn(stderr))}\n`)
  if (debug === true && known.exitCode === 70 && error instanceof Error) {
    stderr.write(`${withoutTokens(error.stack ?? '')}\n`)
  }
  return known.exitCode
}

function asCliError(error: unknown): CliError {
  if (error instanceof CliError) return error
  const why = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  return new CliError(
    'internal_error',
    'Gatehouse made a mistake.',
    withoutTokens(why.split('\n')[0] ?? ''),
    'the same with GATEHOUSE_DEBUG=1, and report what it prints',
    { exitCode: 70 },
  )
}

/** The error with the commands in it as they are typed here. */
function named(error: CliError, program: string): CliError {
  const say = (text: string | null): string | null => (text === null ? null : asStarted(text, program))
  const { code, what, why, next, exitCode } = error
  return new CliError(code, asStarted(what, program), say(why), say(next), { exitCode })
}

/** An unexpected error can quote its input, so everything that looks like a JWT is removed. */
function withoutTokens(text: string): string {
  return text.replace(/eyJ[\w-]+(?:\.[\w-]*)*/g, '[token]')
}

/** Standard output that cannot be written, as on a full disk. */
export function outputFailure({ code, message }: NodeJS.ErrnoException): CliError {
  const why = code === 'ENOSPC' ? 'There is no space left.' : `The system says: ${code ?? message}.`
  return new CliError('output_unwritable', 'The output cannot be written.', why, 'write it to another place')
}
