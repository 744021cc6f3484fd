/** Policy of a workload: what its calls may ask for, apart from deployments. Compiled from the configuration. */
import type { WorkloadConfig } from '../../config/schema/index.ts'

export interface Policy {
  /** Names of wire/tools.ts. */
  readonly tools: ReadonlySet<string>
  readonly dataSources: WorkloadConfig['dataSources']
  readonly outsideUrls: WorkloadConfig['outsideUrls']
  readonly serviceTiers: ReadonlySet<string>
  readonly background: WorkloadConfig['background']
  readonly store: WorkloadConfig['store']
  readonly storedPrompts: WorkloadConfig['storedPrompts']
}

export function policyOf(written: WorkloadConfig): Policy {
  const { dataSources, outsideUrls, background, store, storedPrompts } = written
  return {
    tools: new Set(written.tools),
    serviceTiers: new Set(written.serviceTiers),
    dataSources,
    outsideUrls,
    background,
    store,
    storedPrompts,
  }
}
