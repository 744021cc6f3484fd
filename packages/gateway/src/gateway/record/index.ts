/** Record: what the stages found out about an exchange, as the ledger's two halves. Only `serve` writes an `Account`. */
import type { Caller } from '../../identity/index.ts'
import type { Instance } from '../../instances/index.ts'
import {
  type Closed,
  type CopyKind,
  type Cost,
  noUsage,
  type Opened,
  type Outcome,
  type Usage,
} from '../../ledger/record.ts'
import type { Lease } from '../../limits/index.ts'
import type { Debt } from '../../objects/index.ts'
import type { Grant } from '../authorize/index.ts'
import type { Call } from '../call.ts'
import type { Collected } from '../follow-ups/index.ts'
import type { Plan } from '../plan.ts'
import type { Asked } from '../receive/index.ts'
import type { Relayed } from '../relay/index.ts'
import type { Route } from '../resolve/index.ts'

/** What is known of an exchange so far; each stage adds its own result. */
export interface Account {
  readonly call: Call
  readonly demonstration: boolean
  readonly trustForwardedFor: boolean
  readonly plan: Plan
  route: Route | null
  caller: Caller | null
  /** The caller's verified token, for instances whose credential is `caller`; empty before. */
  token: string
  grant: Grant | null
  asked: Asked | null
  /** What was reserved; settled where the exchange ends, on whichever line. */
  lease: Lease | null
  /** Header fields about limits for the answer, names and values in turn: what the answer's head is begun with. Null for a call that met none. */
  limitHeaders: string[] | null
  /** The instance that is tried, at last the one that answered. Written by `dispatch`. */
  instance: Instance | null
  /** Set on a copy that the gateway sends by itself. */
  readonly copy: { readonly of: string; readonly kind: CopyKind } | null
  /** What the object that the call is about owes, where that is known when the call begins. */
  owing: Debt | null
  /** The debt that this exchange charges. Written where its usage is found. */
  charges: Collected | null
  /** True once `opened` is in the journal. */
  isOpen: boolean
}

const pathCharactersMax = 2_048
/** Of what a client writes as it likes. */
const nameCharactersMax = 256

/** A name of an address that nobody was allowed to use: kept where it is one of the configuration. The path shows the others. */
function configured(name: string | null | undefined, names: Pick<ReadonlySet<string>, 'has'>): string | null {
  return name != null && names.has(name) ? name : null
}

export function opened(account: Account): Opened {
  const { call, route, caller, grant, asked, instance, owing, plan } = account
  const headers = call.req.headers
  return {
    id: call.id,
    startedAtMs: call.startedAtMs,
    demonstration: account.demonstration,
    copyOf: account.copy?.of ?? null,
    copyKind: account.copy?.kind ?? null,
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
    clientAddress: clientAddress(account),
    userAgent: headers['user-agent']?.slice(0, nameCharactersMax) ?? null,
    requestContentType: headers['content-type']?.slice(0, nameCharactersMax) ?? null,
  }
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

export function closed(account: Account, ending: Ending, endedAtMs: number): Closed {
  const { call, instance } = account
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
    reservedTokens: account.lease?.ask.tokens ?? null,
    waitedMs: account.lease?.waitedMs ?? null,
    // A record with the charge of background work names the object, so that a restart finds that it is charged.
    objectId: relayed?.learned.objectId ?? account.charges?.debt.objectId ?? null,
    finishReason: relayed?.learned.finishReason ?? null,
    backendRequestId: relayed?.backendRequestId ?? null,
    responseContentType: relayed?.contentType ?? null,
    requestBytes: ending.requestBytes,
    responseBytes: relayed?.responseBytes ?? ending.ownBytes,
  }
  return account.isOpen ? half : { ...half, opened: opened(account) }
}

export { noUsage }

export function clientAddress(account: Account): string | null {
  const { req } = account.call
  if (account.trustForwardedFor) {
    const forwarded = req.headers['x-forwarded-for']
    const last = (Array.isArray(forwarded) ? forwarded.join(',') : forwarded)?.split(',').at(-1)?.trim()
    if (last !== undefined && last !== '') return last.slice(0, 64)
  }
  return req.socket.remoteAddress ?? null
}
