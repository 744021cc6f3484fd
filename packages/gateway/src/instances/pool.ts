/** Targets: what a URL can name. An instance is a target with one member; a pool has several. Made ready at boot. */
import type { PoolConfig } from '../config/schema.ts'
import type { Instance } from './index.ts'
import type { Lane } from './lane.ts'

/**
 * While a provisioned deployment spills, one call in this time goes there, to learn how it fares: nobody would come back else.
 * Milliseconds.
 */
export const lookFirstMs = 1_000

export interface Member {
  readonly instance: Instance
  readonly priority: number
  readonly weight: number
}

/** A member for one deployment. What it learns in the course of choosing is written by `choose` alone. */
export interface Candidate {
  readonly instance: Instance
  readonly lane: Lane
  readonly weight: number
  /** The deployment's name on the instance, where it has another one there; null where it has the same. */
  readonly alias: string | null
  /** 1 is all of its provisioned throughput; null where only a 429 moves calls. */
  readonly spillAt: number | null
  readonly returnAt: number
  /** Decides with a prompt's beginning, where calls that begin alike stay together. */
  readonly seed: number
  /** True while new calls go to the next priority. */
  isSpilling: boolean
  /** When a call was last sent here while it spilled, to learn how it fares. Milliseconds since the epoch. */
  lookedAtMs: number
  /** Time between two such calls. */
  lookEveryMs: number
  /** Scratch of one choice: its share of the turns now, 0 when it must not be taken. */
  share: number
  /** Smooth turns: grows by the share, shrinks by everybody's share when chosen. */
  turn: number
}

/** The members that have a deployment. */
export interface Candidates {
  /** By priority, the first one first. */
  readonly tiers: readonly (readonly Candidate[])[]
  readonly all: readonly Candidate[]
}

export interface Hedge {
  readonly operations: ReadonlySet<string>
  readonly afterPercentile: number
  readonly maxShare: number
  /** Calls that might have been asked twice, and those that were, since the start; written by `dispatch`. */
  calls: number
  hedged: number
}

export interface Target {
  readonly name: string
  /** By priority, then in the order of the configuration. */
  readonly members: readonly Member[]
  readonly candidates: ReadonlyMap<string, Candidates>
  /** True where some member reads the deployment's name only from the body: forms that bring none in it are read whole. */
  readonly readsBodyForName: boolean
  /** True where some member lacks what others take (`BackendFacts.lacks`). */
  readonly isMixed: boolean
  /** For calls without a deployment: the first member, so that objects are together; another one while it cannot serve. */
  readonly plain: Candidates
  readonly strategy: PoolConfig['strategy']
  /** Members that one call tries at most. */
  readonly attemptsMax: number
  /** Null where prompts do not decide. */
  readonly prefixBytes: number | null
  readonly hedge: Hedge | null
}

export function singleOf(instance: Instance): Target {
  const written = { instance: instance.name, priority: 1, weight: 1, aliases: {} }
  return {
    name: instance.name,
    members: [{ instance, priority: 1, weight: 1 }],
    candidates: candidatesOf([[written, instance]]),
    ...traitsOf([instance]),
    plain: plainOf([instance]),
    strategy: 'weighted',
    attemptsMax: 1,
    prefixBytes: null,
    hedge: null,
  }
}

function traitsOf(instances: readonly Instance[]): Pick<Target, 'readsBodyForName' | 'isMixed'> {
  const rows = instances.map(({ backend }) => backend)
  return {
    readsBodyForName: rows.some(({ deploymentInAddress }) => !deploymentInAddress),
    isMixed: rows.some(({ lacks }) => lacks.members.length + lacks.fields.length > 0),
  }
}

type MemberConfig = PoolConfig['members'][number]

export function poolOf(name: string, pool: PoolConfig, instances: ReadonlyMap<string, Instance>): Target {
  const found = pool.members.flatMap(written => {
    const instance = instances.get(written.instance)
    return instance === undefined ? [] : [[written, instance] as const]
  })
  found.sort(([a], [b]) => a.priority - b.priority)
  const { hedge } = pool
  return {
    name,
    members: found.map(([{ priority, weight }, instance]) => ({ instance, priority, weight })),
    candidates: candidatesOf(found),
    ...traitsOf(found.map(([, instance]) => instance)),
    plain: plainOf(found.map(([, instance]) => instance)),
    strategy: pool.strategy,
    attemptsMax: pool.attempts,
    prefixBytes: pool.affinity?.promptPrefixBytes ?? null,
    hedge: hedge === undefined ? null : { ...hedge, operations: new Set(hedge.operations), calls: 0, hedged: 0 },
  }
}

/** The members that have the deployment; null when none has. @param deployment null for calls without one. */
export function candidatesFor(target: Target, deployment: string | null): Candidates | null {
  return deployment === null ? target.plain : (target.candidates.get(deployment) ?? null)
}

/** Name of a deployment on one member of the target, as a call names it; null where the member does not have it. */
export function nameOn(target: Target, instance: Instance, deployment: string): string | null {
  const found = target.candidates.get(deployment)?.all.find(candidate => candidate.instance === instance)
  return found === undefined ? null : (found.alias ?? deployment)
}

/** Of these candidates the ones whose instance has all the other deployments too; null when none has. */
export function havingAll(target: Target, candidates: Candidates, deployments: readonly string[]): Candidates | null {
  return only(candidates, ({ instance }) => deployments.every(name => nameOn(target, instance, name) !== null))
}

/** Of these candidates the ones that the test accepts; null when it accepts none. */
export function only(candidates: Candidates, accepts: (candidate: Candidate) => boolean): Candidates | null {
  const tiers = candidates.tiers.map(tier => tier.filter(accepts)).filter(tier => tier.length > 0)
  return tiers.length === 0 ? null : { tiers, all: tiers.flat() }
}

/** Calls without a deployment make or use objects. Who knows where those live pins the call; new ones go to the first that can. */
function plainOf(instances: readonly Instance[]): Candidates {
  const all = instances.map(instance => candidate(instance, instance.plainLane, null, null))
  return { tiers: all.map(one => [one]), all }
}

function candidatesOf(found: readonly (readonly [MemberConfig, Instance])[]): ReadonlyMap<string, Candidates> {
  const tiersOf = new Map<string, Map<number, Candidate[]>>()
  for (const [written, instance] of found) {
    for (const [deployment, served] of namesOf(written, instance)) {
      const lane = instance.lanes.get(served)
      if (lane === undefined) continue
      const tiers = tiersOf.get(deployment) ?? new Map<number, Candidate[]>()
      tiersOf.set(deployment, tiers)
      const tier = tiers.get(written.priority) ?? []
      tiers.set(written.priority, tier)
      tier.push(candidate(instance, lane, served === deployment ? null : served, written))
    }
  }
  return new Map(
    [...tiersOf].map(([deployment, byPriority]) => {
      const tiers = [...byPriority.values()]
      return [deployment, { tiers, all: tiers.flat() }]
    }),
  )
}

/** Deployment as it is asked for, and its name on the instance. An alias goes before a deployment of the same name. */
function namesOf({ aliases }: MemberConfig, instance: Instance): Map<string, string> {
  const names = new Map([...instance.deployments.keys()].map(deployment => [deployment, deployment]))
  for (const [asked, served] of Object.entries(aliases)) names.set(asked, served)
  return names
}

/** Calls come back 10 % below the mark unless the configuration says otherwise. */
const hysteresis = 0.1

function candidate(instance: Instance, lane: Lane, alias: string | null, written: MemberConfig | null): Candidate {
  const spillAt = lane.kind === 'provisioned' ? (written?.spillAtUtilization ?? null) : null
  return {
    instance,
    lane,
    weight: written?.weight ?? 1,
    alias,
    spillAt,
    returnAt: written?.returnAtUtilization ?? Math.max(0, (spillAt ?? 1) - hysteresis),
    seed: seedOf(`${instance.name}/${lane.deployment}`),
    isSpilling: spillAt !== null && lane.isSpilling,
    lookedAtMs: 0,
    lookEveryMs: lookFirstMs,
    share: 0,
    turn: 0,
  }
}

/** FNV-1a, 32 bits. */
function seedOf(text: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  return hash >>> 0
}
