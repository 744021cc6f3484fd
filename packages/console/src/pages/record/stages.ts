import type { RecordRow } from './query.ts'

export interface Stage {
  readonly name: 'waiting' | 'gateway' | 'firstByte' | 'answer' | 'whole'
  /** From the arrival of the request, in ms. */
  readonly fromMs: number
  readonly durationMs: number
}

type Times = Pick<RecordRow, 'startedAtMs' | 'sentAtMs' | 'firstByteAtMs' | 'endedAtMs' | 'waitedMs'>

/** The parts of an exchange, one after the other. A call that was never sent has one. */
export function stagesOf({ startedAtMs, sentAtMs, firstByteAtMs, endedAtMs, waitedMs }: Times): readonly Stage[] {
  const at = (ms: number): number => Math.max(0, ms - startedAtMs)
  if (sentAtMs === null) return [{ name: 'whole', fromMs: 0, durationMs: at(endedAtMs) }]
  const sent = at(sentAtMs)
  const waited = Math.min(waitedMs ?? 0, sent)
  const first = firstByteAtMs === null ? at(endedAtMs) : at(firstByteAtMs)
  const stages: readonly Stage[] = [
    { name: 'waiting', fromMs: 0, durationMs: waited },
    { name: 'gateway', fromMs: waited, durationMs: sent - waited },
    { name: 'firstByte', fromMs: sent, durationMs: Math.max(0, first - sent) },
    { name: 'answer', fromMs: first, durationMs: Math.max(0, at(endedAtMs) - first) },
  ]
  return stages.filter(({ name, durationMs }) => name !== 'waiting' || durationMs > 0)
}
