import { systemClock } from '../clock.ts'
import type { Config } from '../config/schema/index.ts'
import { runningLog } from '../telemetry/log/index.ts'
import { createLog } from '../telemetry/log/open.ts'
import type { CompleteParts, HouseParts } from './index.ts'

/** What was given, with the defaults of the process for all else. */
export function completed<T extends HouseParts>(given: T, { log: settings }: Pick<Config, 'log'>): T & CompleteParts {
  const log = given.log ?? createLog(settings)
  const { clock = systemClock, random = Math.random } = given
  return { ...given, clock, random, log, running: runningLog(log) }
}
