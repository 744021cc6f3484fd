/**
 * Where every part of the gateway reports what an operator should know. `createLog` in telemetry makes one; a pino
 * logger fits.
 *
 * Fields come first, then what happened as a stable word. No field may hold a header, a token or any part of a body.
 */
export interface Log {
  info(fields: Readonly<Record<string, unknown>>, event: string): void
  warn(fields: Readonly<Record<string, unknown>>, event: string): void
  error(fields: Readonly<Record<string, unknown>>, event: string): void
}

export const silentLog: Log = { info: nothing, warn: nothing, error: nothing }

function nothing(): void {}
