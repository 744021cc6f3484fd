/**
 * Locate: the instance where the objects live that a call refers to, and whether they belong to its workload. An object
 * of another workload is answered exactly like one that does not exist, so that no caller learns which ids exist.
 */
import { candidatesFor } from '../../../instances/pool.ts'
import type { Owner } from '../../../objects/index.ts'
import { LooseBody } from '../../../wire/loose.ts'
import type { Reference } from '../../../wire/references.ts'
import { type Home, type Located, noteHome, type Received } from '../../exchange.ts'
import type { FollowUps } from '../../follow-ups/index.ts'
import type { GatewayParts } from '../../parts.ts'
import { listed, Refusal } from '../../refusals.ts'
import { findOwner, type OwnerParts } from './owner.ts'

export interface LocateParts extends OwnerParts, Pick<GatewayParts, 'unknownObjects' | 'encryptedReasoning'> {
  readonly followUps: Pick<FollowUps, 'openDebt'>
}

/** An object that the call names. */
type NamedObject = Omit<Reference, 'param'> & { readonly param: string | null }

/** @throws Refusal object_unknown, object_elsewhere, objects_apart, objects_unavailable, as a rejection */
export function locate(exchange: Received, parts: LocateParts): Located | Promise<Located> {
  const named = namedObjects(exchange)
  return named.length === 0 ? located(exchange, null, parts) : locateNamed(exchange, named, parts)
}

async function locateNamed(exchange: Received, named: readonly NamedObject[], parts: LocateParts): Promise<Located> {
  return located(exchange, await homeOf(exchange, named, parts), parts)
}

function located(exchange: Received, home: Home | null, { followUps }: LocateParts): Located {
  const { objectId } = exchange.route
  noteHome(exchange, home, objectId === null ? null : followUps.openDebt(objectId))
  return exchange
}

function namedObjects({ call, route, request }: Received): readonly NamedObject[] {
  const { object, lists } = route.operation
  if (lists !== null && call.method !== 'POST') {
    // A page of a list continues on the instance where the object lives that ended the page before.
    const query = new URLSearchParams(route.address.query)
    const param = query.has('after') ? 'after' : 'before'
    const id = query.get(param)
    return id === null ? [] : [{ id, kind: lists, param, echoed: false }]
  }
  if (object === null) return request.references
  return [{ id: route.objectId ?? '', kind: object, param: null, echoed: false }, ...request.references]
}

async function homeOf(exchange: Received, named: readonly NamedObject[], parts: LocateParts): Promise<Home | null> {
  const owners = await ownersOf(exchange, named, parts)
  const loose = parts.encryptedReasoning === 'drop' ? looseHome(exchange, named, owners) : null
  if (loose !== null) return loose
  const instance = strictHome(exchange, named, owners)
  return instance === null ? null : { instance, loose: null }
}

/**
 * The instance where all made that the call brings along: the newest object decides, and the other members are sent
 * what they can read. Null where the body must stay whole.
 */
function looseHome(exchange: Received, named: readonly NamedObject[], owners: readonly (Owner | null)[]): Home | null {
  const { send } = exchange.request
  if (!(send instanceof Buffer) || named.some(one => !one.echoed)) return null
  const makers = new Map<string, string>()
  const homes: { readonly instance: string; readonly isReasoning: boolean }[] = []
  for (const [at, { id, kind }] of named.entries()) {
    const instance = owners[at]?.instance
    if (instance === undefined) continue
    makers.set(id, instance)
    if (whyNotServing(exchange, instance) === null) homes.push({ instance, isReasoning: kind === 'reasoning' })
  }
  const loose = makers.size === 0 ? null : LooseBody.of(send, makers)
  if (loose === null) return null
  return { instance: (homes.findLast(one => one.isReasoning) ?? homes.at(-1))?.instance ?? null, loose }
}

function strictHome(
  exchange: Received,
  named: readonly NamedObject[],
  owners: readonly (Owner | null)[],
): string | null {
  let first: { readonly named: NamedObject; readonly instance: string } | null = null
  for (const [at, one] of named.entries()) {
    const owner = owners[at] ?? null
    if (owner === null) continue
    // Every instance can read what a client echoes from earlier answers, except encrypted content.
    if (isReadByAll(one) && whyNotServing(exchange, owner.instance) !== null) continue
    first ??= { named: one, instance: owner.instance }
    if (owner.instance !== first.instance) throw apart(first.named, one)
  }
  // An object of which no owner is known is looked for on the first member: it may be older than the pool.
  if (first === null) return named.every(one => one.echoed) ? null : firstMember(exchange)
  requireServing(exchange, first.named, first.instance)
  return first.instance
}

function isReadByAll({ kind, echoed }: NamedObject): boolean {
  return echoed && kind !== 'reasoning'
}

/**
 * One owner for each object; null for an object without a known owner, where such objects are allowed.
 * @throws Refusal object_unknown, objects_unavailable
 */
async function ownersOf(
  { grant }: Received,
  named: readonly NamedObject[],
  parts: LocateParts,
): Promise<readonly (Owner | null)[]> {
  const echoed = named.filter(one => one.echoed)
  const known = echoed.length === 0 ? null : await parts.objects.known(echoed.map(one => one.id))
  // All at once, so that the ledger is read once.
  const found = await Promise.all(named.map(one => (one.echoed ? null : findOwner(one.id, parts))))
  const workload = grant.workload.name
  return named.map((one, at) => {
    const owner = one.echoed ? (known?.get(one.id) ?? null) : (found[at] ?? null)
    if (owner?.workload === workload) return owner
    if (owner === null && (one.echoed || parts.unknownObjects === 'allow')) return null
    const { id, kind, param } = one
    throw new Refusal('object_unknown', { kind: words[kind], id, workload }, param === null ? {} : { param })
  })
}

function firstMember({ grant, request }: Received): string | null {
  return candidatesFor(grant.target, request.deployment)?.all[0]?.instance.name ?? null
}

/** The instance must be a member of the call's target, and have the deployment. @throws Refusal object_elsewhere */
function requireServing(exchange: Received, { id, kind, param }: NamedObject, instance: string): void {
  const reason = whyNotServing(exchange, instance)
  if (reason === null) return
  throw new Refusal('object_elsewhere', { kind: words[kind], id, instance, reason }, param === null ? {} : { param })
}

/** Null when the instance can serve the call. */
function whyNotServing({ grant, request }: Received, instance: string): string | null {
  const { target, workload } = grant
  if (target.members.every(member => member.instance.name !== instance)) {
    const others = [...workload.targets.values()].filter(other => other.members.some(m => m.instance.name === instance))
    const names = listed(others.map(other => `"${other.name}"`))
    const advice = names === '' ? `, nor is any other target of workload "${workload.name}"` : `; call ${names} instead`
    return `is no member of "${target.name}"${advice}`
  }
  const candidates = candidatesFor(target, request.deployment)
  // `dispatch` refuses a deployment that no member has.
  if (candidates === null || candidates.all.some(candidate => candidate.instance.name === instance)) return null
  return `has no deployment "${request.deployment}"`
}

function apart(one: NamedObject, other: NamedObject): Refusal {
  const details = { kind: words[one.kind], id: one.id, otherKind: words[other.kind], otherId: other.id }
  return new Refusal('objects_apart', details, other.param === null ? {} : { param: other.param })
}

const words = {
  response: 'response',
  file: 'file',
  batch: 'batch',
  vector_store: 'vector store',
  conversation: 'conversation',
  item: 'item',
  container: 'container',
  upload: 'upload',
  chat_completion: 'stored chat completion',
  fine_tuning_job: 'fine-tuning job',
  eval: 'evaluation',
  video: 'video',
  reasoning: 'encrypted content',
  audio: 'audio',
} as const satisfies Record<Reference['kind'], string>
