import type { Log, LogFields, LogSeverity } from './log.ts'

export interface LogLine {
  readonly level: Exclude<LogSeverity, 'debug'>
  readonly fields: LogFields
  readonly event: string
}

/** A log that hands each line to `note`. */
export function logTo(note: (line: LogLine) => void): Log {
  const at =
    (level: LogLine['level']): Log[typeof level] =>
    (fields, event) =>
      note({ level, fields, event })
  return { info: at('info'), warn: at('warn'), error: at('error') }
}
