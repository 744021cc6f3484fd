/** Metrics and the management API: they read what the core and the data plane have counted. */
import type { Admin, AdminHouse } from '../admin/index.ts'
import { startAdmin } from '../admin/open.ts'
import type { Config } from '../config/schema/index.ts'
import type { Figures } from '../telemetry/figures.ts'
import { createMetrics, type Metrics, metricsContentType } from '../telemetry/metrics.ts'
import { addressOf } from './address.ts'
import type { Core } from './core.ts'
import type { DataPlane } from './data-plane.ts'
import type { CompleteParts } from './index.ts'

export interface Management {
  readonly admin: Admin
  readonly closers: AsyncDisposableStack
}

export async function openManagement(
  config: Config,
  given: CompleteParts,
  core: Core,
  dataPlane: DataPlane,
  figures: Figures,
): Promise<Management> {
  await using closers = new AsyncDisposableStack()
  const { current, ledger } = core
  const metrics = createMetrics(figures, {
    instances: () => current.instanceStates(),
    limits: () => core.limits.report(),
    ledger: () => ledger.health(),
    feeds: () => ledger.feeds.states(),
    followUps: () => dataPlane.followUps,
    calls: () => dataPlane.gateway,
    redisUp: () => core.redis?.isUp ?? null,
    recordsRefused: () => dataPlane.recordsLost,
  })
  const admin = await startAdmin({
    listen: addressOf(config.admin.listen),
    // These are read at each request, so a reload takes effect with the next one.
    access: () => current.config.admin,
    verifier: {
      remembered: token => current.verifier.remembered(token),
      verify: token => current.verifier.verify(token),
    },
    groups: () => current.groups,
    house: adminHouse(core, metrics),
    ...{ ledger, clock: given.clock, log: given.log },
  })
  closers.defer(() => admin.close())
  return { admin, closers: closers.move() }
}

/** The running house as the management API sees it. Getters, because a reload changes what they read. */
function adminHouse(core: Core, metrics: Metrics): AdminHouse {
  const { current } = core
  return {
    get instances() {
      return current.config.instances
    },
    get pools() {
      return current.config.pools
    },
    get workloads() {
      return current.config.workloads
    },
    get currency() {
      return core.prices.currency
    },
    feeds: core.ledger.feeds,
    instanceStates: () => current.instanceStates(),
    limits: () => core.limits.report(),
    probe: name => current.probe(name),
    metrics: async () => ({ contentType: metricsContentType, text: await metrics.render() }),
  }
}
