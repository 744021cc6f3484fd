/** Which records become spans: decided when a record has ended, so that those that matter are never left out. */
import type { RecordedExchange } from '../index.ts'
import { traceOf } from './ids.ts'
import type { SampleSettings } from './settings.ts'

/** 0..1: the share of records like this one that become spans. 1 for every record that went wrong or was slow. */
export function shareOf(sample: SampleSettings, { opened, closed }: RecordedExchange): number {
  if (closed.outcome !== 'completed' || (closed.status ?? 0) >= 400) return 1
  if (sample.slowerThan !== undefined && closed.endedAtMs - opened.startedAtMs >= sample.slowerThan) return 1
  const { workload } = opened
  const own = workload !== null && Object.hasOwn(sample.workloads, workload) ? sample.workloads[workload] : undefined
  return own ?? sample.share
}

/**
 * True for a record that is in the share. The trace decides, so records of one trace are decided alike, a copy of a
 * record and a record that comes again among them.
 */
export function takesShare(share: number, { opened }: RecordedExchange): boolean {
  return share === 1 || placeOf(traceOf(opened)) < share
}

/** 0..1, 1 excluded: where a trace is among all. The last bits of an id are the ones that every tracer draws. */
function placeOf(trace: string): number {
  return Number.parseInt(trace.slice(-8), 16) / 0x1_0000_0000
}
