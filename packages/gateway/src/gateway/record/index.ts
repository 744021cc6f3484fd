/** Record: what the stages found out about an exchange, as the ledger's two halves. */
import type { Closed, Cost, Opened, Outcome } from '../../ledger/record.ts'
import { noUsage, type Usage } from '../../wire/usage.ts'
import type { Exchange } from '../exchange.ts'
import type { Relayed } from '../relayed.ts'

const pathCharactersMax = 2_048
/** Of what a client writes as it likes. */
const nameCharactersMax = 256

/** A name of an address that nobody was allowed to use: kept where it is one of the configuration. The path shows the others. */
function configured(name: string | null | undefined, names: Pick<ReadonlySet<string>, 'has'>): string | null {
  return name != null && names.has(name) ? name : null
}

export function opened(exchange: Exchange): Opened {
  const { call, route, caller, grant, asked, instance, owing, plan } = exchange
  const headers = call.req.headers
  return {
    id: call.id,
    startedAtMs: call.startedAtMs,
    demonstration: exchange.demonstration,
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
    // What is reported for a debt belongs to the deployment that worked for it.
    deployment: asked?.deployment ?? owing?.deployment ?? configured(route?.deployment, plan.deployments),
    requestedModel: asked?.requestedModel?.slice(0, nameCharactersMax) ?? null,
    toolDeployments: asked?.toolDeployments ?? [],
    apiVersion: route?.apiVersion?.slice(0, nameCharactersMax) ?? null,
    operation: route?.operation.name ?? null,
    stream: asked?.stream ?? false,
    method: call.method,
    path: pathOf(call.url).slice(0, pathCharactersMax),
    clientAddress: clientAddress(exchange),
    userAgent: headers['user-agent']?.slice(0, nameCharactersMax) ?? null,
    requestContentType: headers['content-type']?.slice(0, nameCharactersMax) ?? null,
  }
}

/** The request's body as the ledger is to keep it. */
export function captured(exchange: Exchange): readonly Buffer[] {
  return exchange.grant?.workload.capture === 'full' ? (exchange.asked?.received ?? []) : []
}

/** Without the query, and without the origin of an absolute form: either may carry a credential. */
function pathOf(url: string): string {
  const question = url.indexOf('?')
  return (question === -1 ? url : url.slice(0, question)).replace(/^[a-z][a-z0-9+.-]*:\/\/[^/]*/i, '')
}

export interface Ending {
  readonly outcome: Outcome
  readonly code: string | null
  /** What the client saw. */
  readonly status: number | null
  readonly relayed: Relayed | null
  readonly usage: Usage
  readonly cost: Cost | null
  readonly requestBytes: number
  /** Bytes of a body that the gateway wrote itself. */
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
    // A record with the charge of background work names the object, so that a restart finds that it is charged.
    objectId: relayed?.learned.objectId ?? exchange.charges?.debt.objectId ?? null,
    finishReason: relayed?.learned.finishReason ?? null,
    backendRequestId: relayed?.backendRequestId ?? null,
    responseContentType: relayed?.contentType ?? null,
    requestBytes: ending.requestBytes,
    responseBytes: relayed?.responseBytes ?? ending.ownBytes,
  }
  return exchange.opened === null ? { ...half, opened: first } : half
}

export { noUsage }

export function clientAddress(exchange: Exchange): string | null {
  const { req } = exchange.call
  if (exchange.trustForwardedFor) {
    const forwarded = req.headers['x-forwarded-for']
    const last = (Array.isArray(forwarded) ? forwarded.join(',') : forwarded)?.split(',').at(-1)?.trim()
    if (last !== undefined && last !== '') return last.slice(0, 64)
  }
  return req.socket.remoteAddress ?? null
}
