/** A collector: the ledger of many gateways in one process, its sources, and the management API. It serves no calls. */
import { changedPaths } from '../config/changes.ts'
import type { Config } from '../config/schema/index.ts'
import { Collector, type NamedSource } from '../ledger/collect/collector.ts'
import type { SourceModule, SourceState } from '../ledger/collect/index.ts'
import { sourceModules } from '../ledger/collect/kinds.ts'
import type { Ledger } from '../ledger/index.ts'
import type { Log } from '../log.ts'
import { Figures } from '../telemetry/figures.ts'
import { completed } from './complete.ts'
import { holdConfiguration } from './configuration.ts'
import { openCore } from './core.ts'
import type { House, HouseParts } from './index.ts'
import { type Management, openManagement, type ServedCalls } from './management.ts'
import { startFacts } from './start-facts.ts'

export interface CollectorParts
  extends Pick<
    HouseParts,
    'clock' | 'identityClock' | 'log' | 'random' | 'appService' | 'consoleDirectory' | 'source'
  > {
  /** Reads every source from its beginning again. Default false. */
  readonly fromBeginning?: boolean
}

export interface CollectorHouse {
  readonly admin: { readonly url: string }
  readonly ledger: Ledger
  sources(): readonly SourceState[]
  /** As those of `House`. Sources need a restart. */
  reload: House['reload']
  isInForce: House['isInForce']
  close(): Promise<void>
}

const noCalls: ServedCalls = {
  gateway: { inFlight: 0, readingOn: 0, ready: null },
  followUps: { open: 0, asked: 0, reported: 0, bounded: 0 },
  recordsLost: 0,
}

/** Rejects when a part cannot be opened, and then leaves nothing open. @param config with a section `collect`. */
export async function buildCollector(config: Config, given: CollectorParts = {}): Promise<CollectorHouse> {
  await using opened = new AsyncDisposableStack()
  const parts = completed(given, config)
  const { clock, log, random } = parts
  const figures = new Figures()
  const core = await openCore(config, parts, figures)
  opened.use(core.closers)
  const { ledger } = core
  const collector = new Collector({
    ...{ ledger, clock, log, random },
    sources: await openSources(config, log),
    directory: `${config.ledger.directory}/sources`,
    fromBeginning: given.fromBeginning ?? false,
  })
  opened.defer(() => collector.close())
  const sources = (): readonly SourceState[] => collector.states()
  let management: Management | null = null
  const take = (next: Config): readonly string[] => {
    const changed = changedPaths(core.current.config, next)
    const { needRestart, release } = core.use(next)
    parts.running?.use(next.log)
    management?.use(next)
    release()
    log.info({ changed }, 'configuration_taken')
    if (needRestart.length > 0) log.warn({ settings: needRestart }, 'restart_needed')
    return needRestart
  }
  const configuration = await holdConfiguration(parts, core, { take, placed: next => next })
  management = await openManagement(config, { ...parts, configuration }, core, { ...noCalls, sources }, figures)
  opened.use(management.closers)
  const { admin } = management
  log.info({ admin: admin.url, ...startFacts(config, given) }, 'ready')
  const closers = opened.move()
  return {
    ...{ admin, ledger, sources },
    reload(next, loaded) {
      const needRestart = take(next)
      if (loaded !== undefined) configuration?.took(loaded)
      return needRestart
    },
    isInForce: loaded => configuration?.isInForce(loaded) ?? false,
    close: () => closers.disposeAsync(),
  }
}

/** Each kind loads its module, and with it its client, only where such a source is configured. */
function openSources({ collect }: Config, log: Log): Promise<NamedSource[]> {
  const opening = Object.entries(collect?.sources ?? {}).map(async ([name, { kind, ...settings }]) => {
    const module = (await import(sourceModules[kind].href)) as SourceModule
    return { name, kind, source: await module.openSource(settings, { log }) }
  })
  return Promise.all(opening)
}
