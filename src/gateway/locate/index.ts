/**
 * Locate: where the objects live that a call refers to, and whether they are its workload's. An object of another workload is answered
 * for exactly as one that does not exist, so that nobody learns which ids do.
 */
import { candidatesFor } from '../../instances/pool.ts'
import { ObjectsUnavailable, type Owner } from '../../objects/index.ts'
import type { Reference } from '../../wire/references.ts'
import type { Account } from '../record/index.ts'
import { Refusal } from '../refusals.ts'
import type { GatewayParts } from '../serve.ts'

type Named = Pick<Reference, 'id' | 'kind'> & { readonly param: string | null }

/**
 * @returns the instance that must serve; null where any member may.
 * @throws Refusal object_unknown, object_elsewhere, objects_apart, objects_unavailable
 */
export function locate(account: Account, parts: GatewayParts): Promise<string | null> | string | null {
  const { route, asked } = account
  if (route === null || asked === null) throw new TypeError('locate stands behind receive')
  const { object, lists } = route.operation
  if (lists !== null && account.call.method !== 'POST') return cursorHome(account, parts)
  if (object === null) return asked.references.length === 0 ? null : homeOf(account, asked.references, parts)
  const own = { id: route.objectId ?? '', kind: object, param: null }
  return homeOf(account, [own, ...asked.references], parts)
}

/** A list goes on where the object lives that ended the page before. */
async function cursorHome(account: Account, parts: GatewayParts): Promise<string | null> {
  const { route } = account
  const query = new URLSearchParams(route?.backendPath.split('?')[1] ?? '')
  const param = query.has('after') ? 'after' : 'before'
  const id = query.get(param)
  const kind = route?.operation.lists ?? null
  return id === null || kind === null ? null : homeOf(account, [{ id, kind, param }], parts)
}

async function homeOf(account: Account, named: readonly Named[], parts: GatewayParts): Promise<string | null> {
  let first: { readonly named: Named; readonly instance: string } | null = null
  for (const one of named) {
    const owner = await ownerOf(account, one, parts)
    if (owner === null) continue
    first ??= { named: one, instance: owner.instance }
    if (owner.instance !== first.instance) throw apart(first.named, one)
  }
  // What nobody made through this gateway is looked for where it was before there were pools.
  if (first === null) return firstMember(account)
  requireServing(account, first.named, first.instance)
  return first.instance
}

/** @returns null for an object that nobody made, where such are allowed. */
async function ownerOf(account: Account, named: Named, parts: GatewayParts): Promise<Owner | null> {
  const workload = account.grant?.workload.name ?? ''
  const owner = await askFor(named.id, parts)
  if (owner?.workload === workload) return owner
  if (owner === null && parts.unknownObjects === 'allow') return null
  const { id, kind, param } = named
  throw new Refusal('object_unknown', { kind: words[kind], id, workload }, param === null ? {} : { param })
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

function firstMember({ grant, asked }: Account): string | null {
  if (grant === null || asked === null) return null
  return candidatesFor(grant.target, asked.deployment)?.all[0]?.instance.name ?? null
}

/** The instance must be one that the call's target leads to, and have the deployment. @throws Refusal object_elsewhere */
function requireServing({ grant, asked }: Account, { id, kind, param }: Named, instance: string): void {
  if (grant === null || asked === null) return
  const refuse = (reason: string): never => {
    throw new Refusal('object_elsewhere', { kind: words[kind], id, instance, reason }, param === null ? {} : { param })
  }
  const { target, workload } = grant
  if (target.members.every(member => member.instance.name !== instance)) {
    const others = [...workload.targets.values()].filter(other => other.members.some(m => m.instance.name === instance))
    const names = others.map(other => `"${other.name}"`).join(', ')
    const advice = names === '' ? `, nor is any other target of workload "${workload.name}"` : `; call ${names} instead`
    refuse(`is no member of "${target.name}"${advice}`)
  }
  const candidates = candidatesFor(target, asked.deployment)
  // A deployment that no member has is for `dispatch` to refuse.
  if (candidates === null || candidates.all.some(candidate => candidate.instance.name === instance)) return
  refuse(`has no deployment "${asked.deployment}"`)
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
} as const satisfies Record<Reference['kind'], string>
