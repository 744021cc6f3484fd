/** The cost of metrics per call: `Figures.ended`, which every call passes once. Measured in this process. */

import type { EndedCall } from '../packages/gateway/src/telemetry/calls.ts'
import { Figures } from '../packages/gateway/src/telemetry/figures.ts'
import { noUsage } from '../packages/gateway/src/wire/usage.ts'

const callsPerRound = 100_000
const rounds = 7

const call: EndedCall = {
  id: '019abcde-f012-7345-8678-9abcdef01234',
  traceId: null,
  endedAtMs: 1_780_000_000_000,
  provider: 'azure.ai.openai',
  operation: 'chat/completions',
  asksModel: true,
  stream: false,
  caller: null,
  servedModel: 'gpt-4o-2024-08-06',
  workload: 'hr-bot',
  deployment: 'gpt-4o',
  instance: 'east',
  copyOf: null,
  copyKind: null,
  outcome: 'completed',
  code: null,
  status: 200,
  usage: { ...noUsage, source: 'reported', promptTokens: 1_000, completionTokens: 200, cachedTokens: 600 },
  cost: { nano: 3_250_000, currency: 'USD', price: 'gpt-4o 2024-10-01' },
  durationMs: 1_200,
  firstByteMs: 400,
}

/** @returns µs per call in the fastest round: other load on the machine can only add to it. */
export function measureMetrics(): number {
  const figures = new Figures()
  const usPerCall = (): number => {
    const started = performance.now()
    for (let at = 0; at < callsPerRound; at += 1) figures.ended({ ...call, durationMs: at % 5_000 })
    return ((performance.now() - started) * 1_000) / callsPerRound
  }
  return Math.min(...Array.from({ length: rounds }, usPerCall))
}
