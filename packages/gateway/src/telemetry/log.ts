import { pino } from 'pino'
import { escapeControls } from '../control-characters.ts'
import type { Log } from '../log.ts'

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent'

/** A log whose level can be changed at any time. */
export interface LeveledLog extends Log {
  level: string
}

/** Writes JSON lines to standard error. */
export function createLog(level: LogLevel): LeveledLog {
  const standardError = pino.destination({ dest: 2, sync: false })
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: label => ({ level: label }) },
      serializers: { cause: errorFields, error: errorFields },
    },
    // Names, paths and errors may quote what a client wrote.
    { write: line => standardError.write(escapeControls(line)) },
  )
}

/** Errors by name, code, message and stack: other properties of an error may contain a request or its headers. */
function errorFields(error: unknown): unknown {
  if (!(error instanceof Error)) return undefined
  const { name, message, stack, cause } = error
  const code = (error as NodeJS.ErrnoException).code
  return { name, code, message, stack, cause: errorFields(cause) }
}
