/** Azure's own spillover: a standard deployment of the same instance serves what a provisioned one cannot. */
import type { Call } from '../call.ts'
import { AzureError } from '../errors.ts'
import type { Deployment } from '../service.ts'

/** Statuses of a provisioned deployment that are served elsewhere; of the 400s only the context that is too long. */
const spillingStatus: ReadonlySet<number> = new Set([429, 500, 503])

/**
 * Answers a call that `from` refused with `refusal`, by `answer` on the deployment that takes its overflow. The headers
 * then name both deployments and the status of the provisioned one. Throws the refusal itself when there is no such
 * deployment or it refuses too.
 */
export async function spill(
  call: Call,
  from: Deployment | undefined,
  refusal: unknown,
  answer: (call: Call) => Promise<void>,
): Promise<void> {
  const { line, headers } = call
  const name = from && spills(call, refusal) ? targetOf(call, from) : null
  if (from === undefined || name === null) throw refusal
  headers['x-ms-spillover-error'] = String(refusal instanceof AzureError ? refusal.status : 500)
  if (call.service.deployments.get(name)?.spec.kind === 'provisioned') throw refusal
  line.deployment = name
  line.spilledFrom = from.name
  try {
    await answer(onSpillover(call, from, name))
  } catch {
    line.deployment = from.name
    line.spilledFrom = null
    throw refusal
  }
}

function spills(call: Call, refusal: unknown): boolean {
  if (!(refusal instanceof AzureError) || call.response.headersSent) return false
  return spillingStatus.has(refusal.status) || refusal.code === 'context_length_exceeded'
}

function targetOf(call: Call, from: Deployment): string | null {
  if (from.spec.kind !== 'provisioned') return null
  const named = call.request.headers['x-ms-spillover-deployment']
  return typeof named === 'string' ? named : (from.spec.spillover ?? null)
}

function onSpillover(call: Call, from: Deployment, name: string): Call {
  const { 'azure-openai-deployment-utilization': _, ...rest } = call.headers
  const headers = { ...rest, 'x-ms-spillover-from-deployment': encodeURIComponent(from.name) }
  const header = call.request.headers['x-simulator-fault']
  const fault = call.service.faults.choose(typeof header === 'string' ? header : null, call.route.operation, name)
  return { ...call, fault, headers, demand: { counted: false } }
}
