/** The data plane's explanations, for the management API. */
import type { CallExplainer } from '../admin/explain/index.ts'
import type { Clock } from '../clock.ts'
import { explainWith } from '../gateway/explain/index.ts'
import { explainRecord, workloadNamed } from '../gateway/explain/of-record.ts'
import { replayInThread } from '../gateway/explain/replay/thread.ts'
import type { Core } from './core.ts'

/** @param url of the gateway's listener; null where no calls are served. */
export function callExplainer(core: Core, clock: Clock, url: string | null): CallExplainer {
  const { current, limits, objects, ledger } = core
  const inForce = () => ({ config: current.config, plan: current.plan, prices: core.prices })
  return {
    explain(call, atMs) {
      const live = atMs === null ? { plan: current.plan, limits, prices: core.prices, objects } : null
      const host: Record<string, string> = url === null ? {} : { host: new URL(url).host }
      const placed = { ...call, headers: { ...host, ...call.headers } }
      return explainWith(inForce(), placed, atMs ?? clock(), live)
    },
    explainRecord: row => explainRecord(inForce(), row),
    workloadNamed,
    replay: (after, rows) =>
      replayInThread({ before: current.config, after, rows }, (fromMs, toMs) => ledger.spent(fromMs, toMs)),
  }
}
