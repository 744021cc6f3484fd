/** The configuration's file, its history, and what is applied to it, where the house was built from a file. */
import { isDeepStrictEqual } from 'node:util'
import { type HeldConfiguration, openConfiguration } from '../config/in-force/open.ts'
import { ConfigError } from '../config/messages.ts'
import type { Config } from '../config/schema/index.ts'
import type { Core } from './core.ts'
import { feedColumns, feedSources } from './feeds.ts'
import type { CompleteParts } from './index.ts'

interface Taking {
  /** Uses a configuration. @returns settings that wait for a restart. */
  take(next: Config): readonly string[]
  /** The configuration with the directory of this process. */
  placed(next: Config): Config
}

/** Null where there is no file, and where its history cannot be kept: the log says so, and calls are served. */
export async function holdConfiguration(
  { source, clock, log }: Pick<CompleteParts, 'source' | 'clock' | 'log'>,
  { current }: Pick<Core, 'current'>,
  { take, placed }: Taking,
): Promise<HeldConfiguration | null> {
  if (source === undefined) return null
  const collects = source.loaded.config.collect !== undefined
  try {
    return await openConfiguration({
      ...source,
      ...{ clock, log, directory: current.config.ledger.directory },
      isAllowed: () => current.config.admin.applyConfiguration,
      columns: feedColumns,
      validate: next => validate(next, source.loaded.path, collects),
      waiting: next => current.waiting(placed(next)),
      isCurrent: next => isDeepStrictEqual(placed(next), current.config),
      reload: take,
    })
  } catch (error) {
    log.error({ error }, 'configuration_unrecorded')
    return null
  }
}

/** What only the house knows of a configuration. */
function validate(next: Config, path: string, collects: boolean): void {
  feedSources(next)
  if ((next.collect !== undefined) === collects) return
  const expected = collects ? 'the section collect: this process is a collector' : 'nothing: this process is a gateway'
  const problem = { code: 'conflict', path: 'collect', line: null, column: null, nearest: null } as const
  throw new ConfigError('config_invalid', path, [{ ...problem, seen: collects ? 'nothing' : 'a section', expected }])
}
