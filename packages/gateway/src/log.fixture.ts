import type { Log } from './log.ts'

export interface LogLine {
  readonly level: keyof Log
  readonly fields: Readonly<Record<string, unknown>>
  readonly event: string
}

/** A log that hands each line to `note`. */
export function logTo(note: (line: LogLine) => void): Log {
  const at =
    (level: keyof Log): Log[typeof level] =>
    (fields, event) =>
      note({ level, fields, event })
  return { info: at('info'), warn: at('warn'), error: at('error') }
}
