/** The data plane's explanations, for the management API. */
import type { CallExplainer } from '../admin/explain/index.ts'
import type { Clock } from '../clock.ts'
import { explainWith, stageOf, workloadNamed } from '../gateway/explain/index.ts'
import type { Core } from './core.ts'

export function callExplainer(core: Core, clock: Clock): CallExplainer {
  const { current, limits, objects } = core
  return {
    explain(call, atMs) {
      const { config, plan } = current
      const { prices } = core
      const live = atMs === null ? { plan, limits, prices, objects } : null
      return explainWith({ config, plan, prices }, call, atMs ?? clock(), live)
    },
    workloadNamed,
    stageOf,
  }
}
