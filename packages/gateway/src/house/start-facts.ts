/** What the line `ready` says of a process: enough to see that it is the intended one. */
import { problemLine } from '../config/messages.ts'
import type { Config } from '../config/schema/index.ts'
import type { LogFields } from '../log.ts'
import { version } from '../version.ts'
import type { HouseParts } from './index.ts'

export function startFacts({ ledger, limits, workloads }: Config, { source }: Pick<HouseParts, 'source'>): LogFields {
  const loaded = source?.loaded
  return {
    version,
    configuration: loaded?.path ?? null,
    ledger: ledger.directory,
    limits: limits.store,
    workloads: Object.keys(workloads).length,
    ...(loaded === undefined || loaded.warnings.length === 0 ? {} : { warnings: loaded.warnings.map(problemLine) }),
  }
}
