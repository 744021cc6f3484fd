/**
 * Composition root: builds everything from a configuration and closes it in reverse order. Nothing else in the program
 * opens a listener, a worker or a connection.
 */
import { changedPaths } from '../config/changes.ts'
import type { Config } from '../config/schema/index.ts'
import { Figures } from '../telemetry/figures.ts'
import { completed } from './complete.ts'
import { holdConfiguration } from './configuration.ts'
import { openCore } from './core.ts'
import { openDataPlane } from './data-plane.ts'
import type { House, HouseParts } from './index.ts'
import { type Management, openManagement } from './management.ts'
import { placeLedger } from './place.ts'
import { startFacts } from './start-facts.ts'
import { warnOfVolume } from './volume.ts'

/**
 * Rejects when a part cannot be opened, and then leaves nothing open: the next attempt finds ports and directory free.
 */
export async function buildHouse(written: Config, given: HouseParts = {}): Promise<House> {
  await using opened = new AsyncDisposableStack()
  const parts = completed(given, written)
  const { log } = parts
  const place = await placeLedger(written, parts)
  opened.defer(() => place.release())
  const config = place.placed(written)
  // Each is built from what is above it. Calls write the figures, so they come first; the metrics that read them come
  // last.
  const figures = new Figures()
  const core = await openCore(config, parts, figures)
  opened.use(core.closers)
  const dataPlane = await openDataPlane(config, parts, core, figures)
  opened.use(dataPlane.closers)
  let management: Management | null = null
  const take = (next: Config): readonly string[] => {
    const placed = place.placed(next)
    const changed = changedPaths(core.current.config, placed)
    const { needRestart, release } = core.use(placed)
    parts.running?.use(next.log)
    management?.use(next)
    // Calls that began with the old parts use them to their end, also those that have not reached them yet (P10).
    void dataPlane.use(placed).then(release)
    log.info({ changed }, 'configuration_taken')
    if (needRestart.length > 0) log.warn({ settings: needRestart }, 'restart_needed')
    given.taken?.(placed)
    return needRestart
  }
  const configuration = await holdConfiguration(parts, core, { take, placed: next => place.placed(next) })
  if (!given.withoutAdmin) {
    management = await openManagement(config, { ...parts, configuration }, core, dataPlane, figures)
    opened.use(management.closers)
  }

  if (given.ledger === undefined) warnOfVolume(config, log)

  const { gateway } = dataPlane
  const { current, ledger } = core
  const admin = management?.admin ?? null
  log.info({ gateway: gateway.url, admin: admin?.url ?? null, ...startFacts(config, given) }, 'ready')
  const closers = opened.move()
  return {
    ...{ gateway, admin, ledger },
    get redisUp() {
      return core.redis?.isUp ?? null
    },
    note: surroundings => dataPlane.note(surroundings),
    get recordsLost() {
      return dataPlane.recordsLost
    },
    instanceStates: () => current.instanceStates(),
    probe: name => current.probe(name),
    reload(next, loaded) {
      const needRestart = take(next)
      if (loaded !== undefined) configuration?.took(loaded)
      return needRestart
    },
    isInForce: loaded => configuration?.isInForce(loaded) ?? false,
    close: () => closers.disposeAsync(),
  }
}
