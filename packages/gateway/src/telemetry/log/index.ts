/** The log of a running process: what it writes beyond `Log`, and how it is changed meanwhile. `open.ts` makes one. */
import type { Config } from '../../config/schema/index.ts'
import type { Log, LogSeverity } from '../../log.ts'
import type { EndedCall } from '../calls.ts'

/** Section `log` of the configuration. */
export type LogSettings = Config['log']

export interface LogState {
  /** Least severity that is written now. */
  readonly level: LogSettings['level']
  /** The same, as the configuration says. */
  readonly configured: LogSettings['level']
  /** When a level ends that was set at run time, in ms since the epoch; null while the configuration's is in force. */
  readonly untilMs: number | null
  readonly format: LogSettings['format']
  readonly access: boolean
}

/** What operators may do with the log. */
export interface LogLevels {
  readonly state: LogState
  /** Writes from this severity on, until the time has passed or the configuration is read again. @param forMs 1.. */
  set(level: LogSeverity, forMs: number): LogState
  /** Writes as the configuration says. */
  reset(): LogState
}

export interface RunningLog extends Log {
  readonly levels: LogLevels
  /** Uses a changed section `log`. A level that was set at run time ends. */
  use(settings: LogSettings): void
  /** Writes the access line of an exchange: soon, not at once. */
  readonly ended: (call: EndedCall) => void
  /** Writes what is still held, and the sums of repeated lines. Lines may follow it. */
  close(): void
}

/** @returns the log if it is one whose levels can be changed, else null. */
export function runningLog(log: Log): RunningLog | null {
  return 'levels' in log ? (log as RunningLog) : null
}
