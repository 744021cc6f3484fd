/** Rules of pools: members, aliases, models, spilling. */
import { formatPath, type Path, printable, showValue } from '../messages.ts'
import type { Config, PoolConfig } from '../schema/index.ts'
import { conflict, duplicate, listOf, type Notes, unknownName, warn } from './notes.ts'
import { modelsOfMember } from './offers.ts'

type MemberSetting = PoolConfig['members'][number]

export function checkPools(instances: Config['instances'], pools: Config['pools'], notes: Notes): void {
  for (const [name, pool] of Object.entries(pools)) {
    const path = ['pools', name]
    if (Object.hasOwn(instances, name)) {
      const expected = `another name: instances.${name} has it, and pools and instances share one namespace`
      notes.errors.push({ code: 'conflict', path, seen: `the name ${name}`, expected, nearest: null, atKey: true })
    }
    checkMembers(instances, pools, name, notes)
    checkModels(instances, pool, path, notes)
    checkAlone(pool, path, notes)
    for (const [index, member] of pool.members.entries()) {
      const memberPath = [...path, 'members', index]
      if (Object.hasOwn(instances, member.instance)) checkAliases(instances, member, memberPath, notes)
      checkSpilling(instances, pool, member, memberPath, notes)
    }
  }
}

function checkMembers(instances: Config['instances'], pools: Config['pools'], name: string, notes: Notes): void {
  const seen = new Set<string>()
  for (const [index, { instance }] of (pools[name]?.members ?? []).entries()) {
    const path = ['pools', name, 'members', index, 'instance']
    if (seen.has(instance)) notes.errors.push(duplicate(instance, path))
    else if (!Object.hasOwn(instances, instance)) {
      const finding = unknownName(instance, path, 'instance', Object.keys(instances))
      const ring = instance === name ? 'this is the pool itself' : 'this is a pool'
      const expected = `an instance; ${ring}, and pools do not hold pools. Known instances: ${listOf(Object.keys(instances))}`
      notes.errors.push(Object.hasOwn(pools, instance) ? { ...finding, expected } : finding)
    }
    seen.add(instance)
  }
}

/** Whichever member answers, the caller gets the model that it requested and pays for that one. */
function checkModels(instances: Config['instances'], pool: PoolConfig, path: Path, notes: Notes): void {
  const models = new Map<string, { model: string; instance: string }>()
  for (const [index, member] of pool.members.entries()) {
    for (const [deployment, model] of modelsOfMember(instances, member)) {
      const first = models.get(deployment)
      if (first === undefined) models.set(deployment, { model, instance: member.instance })
      else if (first.model !== model) {
        const alias = Object.hasOwn(member.aliases, deployment) ? member.aliases[deployment] : undefined
        const where = formatPath(['instances', member.instance, 'deployments', alias ?? deployment, 'model'])
        const expected = `the model of ${printable(deployment)} in ${first.instance}: ${printable(first.model)}, as one pool holds both (${where})`
        const memberPath = [...path, 'members', index]
        const at = alias === undefined ? [...memberPath, 'instance'] : [...memberPath, 'aliases', deployment]
        conflict(notes, at, printable(model), expected)
      }
    }
  }
}

/** A pool with one member is fine as a stable name; settings that choose among members have no effect there. */
function checkAlone(pool: PoolConfig, path: Path, notes: Notes): void {
  if (pool.members.length !== 1) return
  for (const key of ['affinity', 'hedge'] as const) {
    if (pool[key] === undefined) continue
    warn(
      notes,
      [...path, key],
      'a pool of one member',
      `a second member, or no ${key}: there is no other member to choose`,
    )
  }
}

function checkAliases(instances: Config['instances'], member: MemberSetting, path: Path, notes: Notes): void {
  const own = Object.keys(instances[member.instance]?.deployments ?? {})
  for (const [alias, deployment] of Object.entries(member.aliases)) {
    const at = [...path, 'aliases', alias]
    const isAlias = Object.hasOwn(member.aliases, deployment)
    if (!own.includes(deployment)) {
      const finding = unknownName(deployment, at, `deployment of ${member.instance}`, own)
      const expected = isAlias ? `${finding.expected}; aliases are not followed` : finding.expected
      notes.errors.push({ ...finding, expected })
    } else if (alias === deployment) {
      warn(notes, at, showValue(deployment, null, false), 'another name; a deployment needs no alias to itself')
    } else if (own.includes(alias)) {
      const expected = `an alias that is no deployment of ${member.instance}: its own ${printable(alias)} gets no calls of this pool`
      warn(notes, at, showValue(deployment, null, false), expected)
    }
  }
}

function checkSpilling(
  instances: Config['instances'],
  pool: PoolConfig,
  member: MemberSetting,
  path: Path,
  notes: Notes,
): void {
  const { spillAtUtilization: spillAt, returnAtUtilization: returnAt } = member
  if (spillAt === undefined && returnAt !== undefined) {
    const expected = 'spillAtUtilization beside it: calls that never spill never return'
    warn(notes, [...path, 'returnAtUtilization'], String(returnAt), expected)
  }
  if (spillAt === undefined) return
  if (returnAt !== undefined && returnAt >= spillAt) {
    const expected = `less than spillAtUtilization (${spillAt}): calls would come back where they are sent away`
    conflict(notes, [...path, 'returnAtUtilization'], String(returnAt), expected)
  }
  if (Object.hasOwn(instances, member.instance))
    checkWhereTo(instances, pool, member, [...path, 'spillAtUtilization'], notes)
}

/** Calls can only spill from provisioned deployments, and only to members that have the same ones. */
function checkWhereTo(
  instances: Config['instances'],
  pool: PoolConfig,
  member: MemberSetting,
  at: Path,
  notes: Notes,
): void {
  const seen = String(member.spillAtUtilization)
  const provisioned = provisionedOf(instances, member)
  if (provisioned.length === 0) {
    const expected = `a member with a deployment of kind provisioned: no other one reports its utilisation (instances.${member.instance}.deployments)`
    warn(notes, at, seen, expected)
    return
  }
  const later = pool.members.filter(({ priority }) => priority > member.priority)
  const offered = new Set(later.flatMap(other => [...modelsOfMember(instances, other).keys()]))
  const stranded = provisioned.filter(deployment => !offered.has(deployment))
  if (stranded.length === 0) return
  const expected = `a member of a later priority than ${member.priority} with ${listOf(stranded)}: as it is, there is nowhere to spill`
  warn(notes, at, seen, expected)
}

/** By the names that the pool uses. */
function provisionedOf(instances: Config['instances'], member: MemberSetting): string[] {
  const own = instances[member.instance]?.deployments ?? {}
  const isProvisioned = (name: string): boolean => Object.hasOwn(own, name) && own[name]?.kind === 'provisioned'
  const aliased = Object.values(member.aliases)
  const plain = Object.keys(own).filter(name => isProvisioned(name) && !aliased.includes(name))
  return [...plain, ...Object.keys(member.aliases).filter(alias => isProvisioned(member.aliases[alias] ?? ''))]
}
