/**
 * Where every part of the gateway reports what an operator should know. `createLog` in `telemetry/log` makes the one of
 * a process.
 *
 * Fields come first, then what happened as a stable word. No field may hold a header, a token or any part of a body.
 * What belongs to a call has its `requestId`.
 */
export interface Log {
  info(fields: LogFields, event: string): void
  warn(fields: LogFields, event: string): void
  error(fields: LogFields, event: string): void
  /** Undefined while such lines are not written, so that nothing is computed for them: `log.debug?.(...)`. */
  readonly debug?: ((fields: LogFields, event: string) => void) | undefined
}

export type LogFields = Readonly<Record<string, unknown>>

export type LogSeverity = 'debug' | 'info' | 'warn' | 'error'

export const silentLog: Log = { info: nothing, warn: nothing, error: nothing }

function nothing(): void {}
