/**
 * The access line of an exchange: who called what, how it ended, and what it took. Never a header, an address or a
 * body.
 */
import { callerKey } from '../../identity/caller.ts'
import type { LogFields } from '../../log.ts'
import type { EndedCall } from '../calls.ts'

export function accessFields(call: EndedCall): LogFields {
  const { usage, cost } = call
  return {
    requestId: call.id,
    ...(call.traceId === null ? {} : { traceId: call.traceId }),
    caller: call.caller === null ? null : callerKey(call.caller),
    workload: call.workload,
    operation: call.operation,
    deployment: call.deployment,
    instance: call.instance,
    ...(call.copyKind === null ? {} : { copy: call.copyKind }),
    status: call.status,
    outcome: call.outcome,
    code: call.code,
    durationMs: Math.round(call.durationMs),
    firstByteMs: call.firstByteMs === null ? null : Math.round(call.firstByteMs),
    promptTokens: usage.promptTokens,
    completionTokens: usage.completionTokens,
    cost: cost === null ? null : cost.nano / 1e9,
    currency: cost?.currency ?? null,
  }
}
