/**
 * Locate: where the objects live that a call refers to, and whether they are its workload's. An object of another workload is answered
 * for exactly as one that does not exist, so that nobody learns which ids do.
 */
import { candidatesFor } from '../../instances/pool.ts'
import { ObjectsUnavailable, type Owner } from '../../objects/index.ts'
import { LooseBody } from '../../wire/loose.ts'
import type { Reference } from '../../wire/references.ts'
import type { Exchange } from '../exchange.ts'
import type { GatewayParts } from '../parts.ts'
import { listed, Refusal } from '../refusals.ts'

/** Where a call must go, or had best go. */
export interface Home {
  /** Null where no member is better than another one. */
  readonly instance: string | null
  /** Set where others may serve it too: what each of them is sent then. */
  readonly loose: LooseBody | null
}

type Named = Omit<Reference, 'param'> & { readonly param: string | null }

/**
 * @returns null where any member may serve.
 * @throws Refusal object_unknown, object_elsewhere, objects_apart, objects_unavailable
 */
export function locate(exchange: Exchange, parts: GatewayParts): Promise<Home | null> | null {
  const { route, asked } = exchange
  if (route === null || asked === null) throw new TypeError('locate stands behind receive')
  const { object, lists } = route.operation
  if (lists !== null && exchange.call.method !== 'POST') return cursorHome(exchange, parts)
  if (object === null) return asked.references.length === 0 ? null : homeOf(exchange, asked.references, parts)
  const own = { id: route.objectId ?? '', kind: object, param: null, echoed: false }
  return homeOf(exchange, [own, ...asked.references], parts)
}

/** A list goes on where the object lives that ended the page before. */
async function cursorHome(exchange: Exchange, parts: GatewayParts): Promise<Home | null> {
  const { route } = exchange
  const query = new URLSearchParams(route?.address.query ?? '')
  const param = query.has('after') ? 'after' : 'before'
  const id = query.get(param)
  const kind = route?.operation.lists ?? null
  return id === null || kind === null ? null : homeOf(exchange, [{ id, kind, param, echoed: false }], parts)
}

async function homeOf(exchange: Exchange, named: readonly Named[], parts: GatewayParts): Promise<Home | null> {
  const owners = await ownersOf(exchange, named, parts)
  const loose = parts.encryptedReasoning === 'drop' ? looseHome(exchange, named, owners) : null
  if (loose !== null) return loose
  const instance = strictHome(exchange, named, owners)
  return instance === null ? null : { instance, loose: null }
}

/** Where all that the call brings was made: the newest of it decides, and others are sent what they can read. Null where it must stay whole. */
function looseHome(exchange: Exchange, named: readonly Named[], owners: readonly (Owner | null)[]): Home | null {
  const send = exchange.asked?.send ?? null
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

function strictHome(exchange: Exchange, named: readonly Named[], owners: readonly (Owner | null)[]): string | null {
  let first: { readonly named: Named; readonly instance: string } | null = null
  for (const [at, one] of named.entries()) {
    const owner = owners[at] ?? null
    if (owner === null) continue
    // What a client sends back of earlier answers can be read by all, but for what is encrypted.
    if (isReadByAll(one) && whyNotServing(exchange, owner.instance) !== null) continue
    first ??= { named: one, instance: owner.instance }
    if (owner.instance !== first.instance) throw apart(first.named, one)
  }
  // What nobody made through this gateway is looked for where it was before there were pools.
  if (first === null) return named.every(one => one.echoed) ? null : firstMember(exchange)
  requireServing(exchange, first.named, first.instance)
  return first.instance
}

function isReadByAll({ kind, echoed }: Named): boolean {
  return echoed && kind !== 'reasoning'
}

/**
 * One for each that is named; null for an object that nobody made, where such may pass.
 * @throws Refusal object_unknown, objects_unavailable
 */
async function ownersOf(
  exchange: Exchange,
  named: readonly Named[],
  parts: GatewayParts,
): Promise<readonly (Owner | null)[]> {
  const mentioned = named.filter(one => one.echoed)
  const known = mentioned.length === 0 ? null : await parts.objects.known(mentioned.map(one => one.id))
  // All at once, so that the ledger is asked once.
  const asked = await Promise.all(named.map(one => (one.echoed ? null : askFor(one.id, parts))))
  const workload = exchange.grant?.workload.name ?? ''
  return named.map((one, at) => {
    const owner = one.echoed ? (known?.get(one.id) ?? null) : (asked[at] ?? null)
    if (owner?.workload === workload) return owner
    if (owner === null && (one.echoed || parts.unknownObjects === 'allow')) return null
    const { id, kind, param } = one
    throw new Refusal('object_unknown', { kind: words[kind], id, workload }, param === null ? {} : { param })
  })
}

/** @throws Refusal objects_unavailable */
export async function askFor(id: string, parts: GatewayParts): Promise<Owner | null> {
  try {
    return await parts.objects.ownerOf(id)
  } catch (cause) {
    if (!(cause instanceof ObjectsUnavailable)) throw cause
    throw new Refusal('objects_unavailable', {}, { cause })
  }
}

function firstMember({ grant, asked }: Exchange): string | null {
  if (grant === null || asked === null) return null
  return candidatesFor(grant.target, asked.deployment)?.all[0]?.instance.name ?? null
}

/** The instance must be one that the call's target leads to, and have the deployment. @throws Refusal object_elsewhere */
function requireServing(exchange: Exchange, { id, kind, param }: Named, instance: string): void {
  const reason = whyNotServing(exchange, instance)
  if (reason === null) return
  throw new Refusal('object_elsewhere', { kind: words[kind], id, instance, reason }, param === null ? {} : { param })
}

/** Null when the instance can serve the call. */
function whyNotServing({ grant, asked }: Exchange, instance: string): string | null {
  if (grant === null || asked === null) return null
  const { target, workload } = grant
  if (target.members.every(member => member.instance.name !== instance)) {
    const others = [...workload.targets.values()].filter(other => other.members.some(m => m.instance.name === instance))
    const names = listed(others.map(other => `"${other.name}"`))
    const advice = names === '' ? `, nor is any other target of workload "${workload.name}"` : `; call ${names} instead`
    return `is no member of "${target.name}"${advice}`
  }
  const candidates = candidatesFor(target, asked.deployment)
  // A deployment that no member has is for `dispatch` to refuse.
  if (candidates === null || candidates.all.some(candidate => candidate.instance.name === instance)) return null
  return `has no deployment "${asked.deployment}"`
}

function apart(one: Named, other: Named): Refusal {
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
