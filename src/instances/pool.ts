/** Targets: what a URL can name. An instance is a target with one member; a pool has several. */
import type { Config } from '../config/schema.ts'
import type { Instance } from './index.ts'

export interface Member {
  readonly instance: Instance
  readonly priority: number
  readonly weight: number
}

export interface Target {
  readonly name: string
  /** By priority, then in the order of the configuration. */
  readonly members: readonly Member[]
  /** How often a member was chosen: equal members take turns. Written by `chooseMember` alone. */
  turns: number
}

export function singleOf(instance: Instance): Target {
  return { name: instance.name, members: [{ instance, priority: 1, weight: 1 }], turns: 0 }
}

export function poolOf(
  name: string,
  written: Config['pools'][string]['members'],
  instances: ReadonlyMap<string, Instance>,
): Target {
  const members = written.flatMap(({ instance, priority, weight }) => {
    const found = instances.get(instance)
    return found ? [{ instance: found, priority, weight }] : []
  })
  return { name, members: members.sort((a, b) => a.priority - b.priority), turns: 0 }
}

/**
 * The member for a call: of those with the deployment the lowest priority, there the one with the fewest calls under way
 * for its weight; where several are equal, they take turns. Null when no member has the deployment.
 *
 * @param deployment null for operations on objects (files, batches, stored responses), which live on one instance: the
 *   first member serves, so that what was made there is found again. The same for `stateful` operations on a deployment.
 */
export function chooseMember(target: Target, deployment: string | null, stateful: boolean): Member | null {
  const able = deployment === null ? target.members : target.members.filter(m => m.instance.deployments.has(deployment))
  const first = able[0]
  if (first === undefined) return null
  if (stateful || able.length === 1) return first
  const equals = able.filter(m => m.priority === first.priority)
  const least = Math.min(...equals.map(load))
  const idlest = equals.filter(m => load(m) === least)
  target.turns = (target.turns + 1) % 1_000_000_007
  return weighted(idlest, target.turns)
}

function load(member: Member): number {
  return member.instance.inFlight / member.weight
}

/** Takes each member in turn, as often as its weight says. */
function weighted(members: readonly Member[], turn: number): Member {
  const total = members.reduce((sum, m) => sum + m.weight, 0)
  let place = turn % total
  for (const member of members) {
    place -= member.weight
    if (place < 0) return member
  }
  return members[0] as Member
}
