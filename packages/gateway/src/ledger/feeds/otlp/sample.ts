/** Which records become spans: decided when a record has ended, so that those that matter are never left out. */
import { createHash } from 'node:crypto'
import type { RecordedExchange } from '../index.ts'
import { traceOf } from './ids.ts'
import type { SampleSettings } from './settings.ts'

/**
 * True for every record that went wrong or was slow, and for a share of the others. The trace decides, so a record that
 * comes again, and a copy of it, are decided alike.
 */
export function isSampled(sample: SampleSettings, { id, opened, closed }: RecordedExchange): boolean {
  if (closed.outcome !== 'completed' || (closed.status ?? 0) >= 400) return true
  if (sample.slowerThan !== undefined && closed.endedAtMs - opened.startedAtMs >= sample.slowerThan) return true
  const { workload } = opened
  const own = workload !== null && Object.hasOwn(sample.workloads, workload) ? sample.workloads[workload] : undefined
  return placeOf(traceOf(id, opened.copyOf)) < (own ?? sample.share)
}

/** 0..1, 1 excluded: where a trace is among all, evenly spread. */
function placeOf(trace: string): number {
  return createHash('sha256').update(trace).digest().readUInt32BE(0) / 0x1_0000_0000
}
