/** Record: the facts of an exchange as the two halves of its record in the ledger. */
import type { Closed, Cost, Opened, Outcome } from '../../../ledger/record.ts'
import { noUsage, type Usage } from '../../../wire/usage.ts'
import type { Exchange } from '../../exchange.ts'
import type { Relayed } from '../../relayed.ts'
import { takenTrace } from '../../trace.ts'
import { clientAddress } from './client-address.ts'

const pathCharactersMax = 2_048
/** For texts that a client chooses freely. */
const nameCharactersMax = 256

/**
 * A name from the address of a call without a grant. Only names of the configuration are kept; the path shows the
 * others.
 */
function configured(name: string | null | undefined, names: Pick<ReadonlySet<string>, 'has'>): string | null {
  return name != null && names.has(name) ? name : null
}

export function opened(exchange: Exchange): Opened {
  const { call, route, caller, grant, request, instance, owing, plan } = exchange
  const headers = call.req.headers
  const trace = takenTrace(exchange)
  return {
    id: call.id,
    startedAtMs: call.startedAtMs,
    demonstration: exchange.demonstration,
    replica: plan.replica,
    copyOf: exchange.copy?.of ?? null,
    copyKind: exchange.copy?.kind ?? null,
    callerKind: caller?.kind ?? null,
    callerTenantId: caller?.tenantId ?? null,
    callerObjectId: caller?.objectId ?? null,
    callerAppId: caller?.appId ?? null,
    callerName: caller?.displayName ?? null,
    workload: grant?.workload.name ?? owing?.workload ?? configured(route?.workload, plan.workloads),
    target: grant?.target.name ?? owing?.target ?? configured(route?.target, plan.targets),
    instance: instance?.name ?? null,
    region: instance?.region ?? null,
    // Usage that is reported for a debt belongs to the deployment that did the work.
    deployment: request?.deployment ?? owing?.deployment ?? configured(route?.deployment, plan.deployments),
    requestedModel: request?.requestedModel?.slice(0, nameCharactersMax) ?? null,
    toolDeployments: request?.toolDeployments ?? [],
    apiVersion: route?.apiVersion?.slice(0, nameCharactersMax) ?? null,
    operation: route?.operation.name ?? null,
    stream: request?.stream ?? false,
    method: call.method,
    path: pathOf(call.url).slice(0, pathCharactersMax),
    clientAddress: clientAddress(exchange),
    userAgent: headers['user-agent']?.slice(0, nameCharactersMax) ?? null,
    requestContentType: headers['content-type']?.slice(0, nameCharactersMax) ?? null,
    traceId: trace?.traceId ?? (exchange.copy?.kind === 'follow_up' ? (owing?.traceId ?? null) : null),
    parentSpanId: trace?.parentSpanId ?? null,
  }
}

/** The request's body for the ledger; empty unless the workload captures bodies. */
export function captured(exchange: Exchange): readonly Buffer[] {
  return exchange.grant?.workload.capture === 'full' ? (exchange.request?.received ?? []) : []
}

/** Without the query, and without the origin of an absolute form: either may carry a credential. */
function pathOf(url: string): string {
  const question = url.indexOf('?')
  return (question === -1 ? url : url.slice(0, question)).replace(/^[a-z][a-z0-9+.-]*:\/\/[^/]*/i, '')
}

export interface Ending {
  readonly outcome: Outcome
  readonly code: string | null
  /** The status that the client saw. */
  readonly status: number | null
  /** Words of the gateway's own answer, as the record may have them (`Refusal.recorded`); null without one. */
  readonly message: string | null
  readonly relayed: Relayed | null
  readonly usage: Usage
  readonly cost: Cost | null
  readonly requestBytes: number
  /** Length of a body that the gateway wrote itself. */
  readonly ownBytes: number
}

/** @param first the other half, which goes along when the journal does not have it. */
export function closed(exchange: Exchange, ending: Ending, endedAtMs: number, first: Opened): Closed {
  const { call, instance } = exchange
  const { relayed } = ending
  const half = {
    id: call.id,
    outcome: ending.outcome,
    outcomeCode: ending.code,
    status: ending.status,
    message: ending.message,
    sentAtMs: relayed?.sentAtMs ?? null,
    firstByteAtMs: relayed?.firstByteAtMs ?? null,
    endedAtMs,
    instance: instance?.name ?? null,
    region: instance?.region ?? null,
    servedModel: relayed?.learned.servedModel ?? null,
    servedDeployment: relayed?.servedDeployment ?? null,
    spilledFrom: relayed?.spilledFrom ?? null,
    attempts: relayed?.attempts ?? [],
    usage: ending.usage,
    serviceTier: relayed?.learned.serviceTier ?? null,
    summedCalls: 1,
    cost: ending.cost,
    reservedTokens: exchange.lease?.ask.tokens ?? null,
    waitedMs: exchange.lease?.waitedMs ?? null,
    // The record that charges background work names the object, so that a restart finds it charged.
    objectId: relayed?.learned.objectId ?? exchange.charges?.debt.objectId ?? null,
    finishReason: relayed?.learned.finishReason ?? null,
    backendRequestId: relayed?.backendRequestId ?? null,
    responseContentType: relayed?.contentType ?? null,
    requestBytes: ending.requestBytes,
    responseBytes: relayed?.responseBytes ?? ending.ownBytes,
  }
  return exchange.opened === null ? { ...half, opened: first } : half
}

export { clientAddress, noUsage }
