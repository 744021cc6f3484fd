/** Reloading of a configuration while a server runs. */
import { type FSWatcher, watch } from 'node:fs'
import { basename, dirname } from 'node:path'
import { type LoadedConfig, loadConfig } from '../config/load.ts'
import { ConfigError, problemLine } from '../config/messages.ts'
import type { Log } from '../log.ts'
import { feedColumns } from './feeds.ts'
import type { House } from './index.ts'

interface ReloadParts {
  readonly log: Log
  readonly env: NodeJS.ProcessEnv
  readonly watching: boolean
}

/** Editors write a file in several steps; a reload waits this long for quiet. Milliseconds. */
const quietMs = 300

/** Takes a changed configuration when it is valid; an invalid one is refused and the old one stays (P10). */
export function startReloading(
  house: Pick<House, 'reload' | 'isInForce'>,
  loaded: LoadedConfig,
  parts: ReloadParts,
): { stop(): void } {
  const { log, env, watching } = parts
  let watchers: FSWatcher[] = []
  let timer: NodeJS.Timeout | undefined
  let isStopped = false
  const reload = async (): Promise<void> => {
    try {
      const next = await loadConfig(loaded.path, env, { columns: feedColumns })
      if (isStopped) return
      if (!house.isInForce(next)) house.reload(next.config, next)
      follow(next.sources)
    } catch (error) {
      // Whatever the error, the process keeps its configuration: a typing mistake must not stop a gateway.
      const reason = error instanceof ConfigError ? { problems: error.problems.map(problemLine) } : { error }
      const fields = { file: loaded.path, effect: 'the earlier configuration goes on', ...reason }
      log.error(fields, 'configuration_refused')
    }
  }
  const later = (): void => {
    clearTimeout(timer)
    timer = setTimeout(() => void reload(), quietMs)
  }
  const follow = (sources: readonly string[]): void => {
    for (const one of watchers) one.close()
    // The folder is watched, not the file: editors and mounted secrets replace the file.
    const folders = Map.groupBy(watching ? sources : [], path => dirname(path))
    watchers = [...folders].map(([folder, paths]) => {
      const names = new Set(paths.map(path => basename(path)))
      return watch(folder, (_event, name) => {
        // Kubernetes swaps a link called ..data for all files of a mounted folder at once.
        if (name === null || names.has(name) || name === '..data') later()
      }).on('error', error => log.warn({ error }, 'configuration_not_watched'))
    })
  }
  process.on('SIGHUP', later)
  follow(loaded.sources)
  return {
    stop() {
      isStopped = true
      clearTimeout(timer)
      process.off('SIGHUP', later)
      for (const one of watchers) one.close()
    },
  }
}
