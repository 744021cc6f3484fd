/**
 * Targets: what a URL can name. An instance is a target with one member; a pool has several. They are prepared at boot.
 */
import type { PoolConfig } from '../config/schema/index.ts'
import type { BackendFacts } from '../wire/backends.ts'
import type { Instance } from './index.ts'
import type { Lane } from './lane.ts'

/**
 * While a provisioned deployment spills, one call per this time still goes there to read its utilisation. Without these
 * test calls it would never get calls again. Milliseconds.
 */
export const lookFirstMs = 1_000

export interface PoolMember {
  readonly instance: Instance
  readonly priority: number
  readonly weight: number
}

/** A member for one deployment. Only `choose` writes what is learned while choosing. */
export interface Candidate {
  readonly instance: Instance
  readonly lane: Lane
  readonly weight: number
  /** The deployment's name on the instance where it differs from the call's; null where it is the same. */
  readonly alias: string | null
  /** Utilisation from which new calls spill, 1 is all of it; null where only a 429 moves calls. */
  readonly spillAt: number | null
  readonly returnAt: number
  /** Hashed with a prompt's beginning, where prompts that begin alike go to the same member. */
  readonly seed: number
  /** True while new calls go to the next priority. */
  isSpilling: boolean
  /** Time of the last test call while it spilled, milliseconds since the epoch. */
  lookedAtMs: number
  /** Time between two test calls. */
  lookEveryMs: number
  /** Scratch value of one choice: its share of the turns now; 0 when it must not be chosen. */
  share: number
  /** Smooth round robin: grows by the share, and shrinks by all shares when it is chosen. */
  turn: number
}

/** The members that have a deployment. */
export interface Candidates {
  /** By priority, lowest number first. */
  readonly tiers: readonly (readonly Candidate[])[]
  readonly all: readonly Candidate[]
}

export interface Hedge {
  readonly operations: ReadonlySet<string>
  readonly afterPercentile: number
  readonly maxShare: number
  /** Calls that could have been hedged, and calls that were, since the start. Written by `dispatch`. */
  calls: number
  hedged: number
}

export interface Target {
  readonly name: string
  /** By priority, then in the order of the configuration. */
  readonly members: readonly PoolMember[]
  readonly candidates: ReadonlyMap<string, Candidates>
  /**
   * True where at least one member reads the deployment's name only from the body. Forms without one are then read
   * whole.
   */
  readonly readsBodyForName: boolean
  /** What at least one member lacks and other kinds have; null where no member lacks anything. */
  readonly lacks: BackendFacts['lacks'] | null
  /** True where at least one member accepts usage options in every version of the API. */
  readonly takesUsageAlways: boolean
  /** For calls without a deployment: the first member, so that objects are together; another one while it is down. */
  readonly plain: Candidates
  readonly strategy: PoolConfig['strategy']
  /** Most members that one call tries. */
  readonly attemptsMax: number
  /** Bytes of the prompt that decide; null where prompts do not decide. */
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

function traitsOf(instances: readonly Instance[]): Pick<Target, 'readsBodyForName' | 'lacks' | 'takesUsageAlways'> {
  const rows = instances.map(({ backend }) => backend)
  const members = [...new Set(rows.flatMap(({ lacks }) => lacks.members))]
  const fields = [...new Set(rows.flatMap(({ lacks }) => lacks.fields))]
  return {
    readsBodyForName: rows.some(({ deploymentInAddress }) => !deploymentInAddress),
    lacks: members.length + fields.length === 0 ? null : { members, fields },
    takesUsageAlways: rows.some(row => row.takesUsageOptions(null, false)),
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

/** The members with the deployment; null when none has it. @param deployment null for calls without one. */
export function candidatesFor(target: Target, deployment: string | null): Candidates | null {
  return deployment === null ? target.plain : (target.candidates.get(deployment) ?? null)
}

/** The deployment's name on one member of the target; null where the member does not have it. */
export function nameOn(target: Target, instance: Instance, deployment: string): string | null {
  const found = target.candidates.get(deployment)?.all.find(candidate => candidate.instance === instance)
  return found === undefined ? null : (found.alias ?? deployment)
}

/** The candidates whose instance has all the other deployments too; null when none has. */
export function havingAll(target: Target, candidates: Candidates, deployments: readonly string[]): Candidates | null {
  return only(candidates, ({ instance }) => deployments.every(name => nameOn(target, instance, name) !== null))
}

/** The candidates that the test accepts; null when it accepts none. */
export function only(candidates: Candidates, accepts: (candidate: Candidate) => boolean): Candidates | null {
  const tiers = candidates.tiers.map(tier => tier.filter(accepts)).filter(tier => tier.length > 0)
  return tiers.length === 0 ? null : { tiers, all: tiers.flat() }
}

/**
 * Candidates for calls without a deployment, which create or use objects. A call that names an object is pinned to the
 * object's instance; all others go to the first member that can serve.
 */
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

/** Names that calls may use, with the name on the instance. An alias wins over a deployment of the same name. */
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
