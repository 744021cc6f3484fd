import type { Clock } from '../../clock.ts'
import type { LogSettings, RunningLog } from './index.ts'
import { createLog } from './open.ts'

export type ParsedLine = Readonly<Record<string, unknown>>

export interface MemoryLog {
  readonly log: RunningLog
  /** Lines that were written at once, and those that may wait. */
  readonly now: string[]
  readonly later: string[]
  /** Those of `now`, as JSON. */
  parsed(): readonly ParsedLine[]
}

export function memoryLog(changes: Partial<LogSettings> = {}, clock: Clock = () => 0): MemoryLog {
  const now: string[] = []
  const later: string[] = []
  const lines = {
    now: (line: string): void => void now.push(line),
    later: (line: string): void => void later.push(line),
    flush: (): void => {},
    onDropped: (): void => {},
  }
  const log = createLog({ level: 'info', format: 'json', access: false, ...changes }, { clock, lines })
  return { log, now, later, parsed: () => now.map(line => JSON.parse(line) as ParsedLine) }
}
