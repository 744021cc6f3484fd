/**
 * The plan: a configuration compiled for requests, so that a request only looks things up. A plan never changes. A
 * reload makes a new one, and exchanges in flight finish with theirs.
 */
import { configuredNames, replicaName } from '../../config/names.ts'
import type { Config, WorkloadConfig } from '../../config/schema/index.ts'
import { type Caller, compileRules, lackingText, type RuleMatch, type RuleMatcher } from '../../identity/index.ts'
import type { Instance } from '../../instances/index.ts'
import { poolOf, singleOf, type Target } from '../../instances/pool.ts'
import { allOperations, namesOperation, type Operation } from '../../wire/operations.ts'
import { compileForwards, type Forwards } from '../../wire/request-fields.ts'
import { type Policy, policyOf } from './policy.ts'

export interface Workload {
  readonly name: string
  readonly targets: ReadonlyMap<string, Target>
  /** The first of its targets. Short addresses lead there. */
  readonly standardTarget: Target
  readonly deployments: ReadonlySet<string>
  readonly operations: ReadonlySet<Operation>
  /** Further things that its calls may ask for. */
  readonly policy: Policy
  readonly capture: WorkloadConfig['capture']
  /** Maxima of one answer, in tokens; null when answers may have any length. */
  readonly output: { readonly required: boolean; readonly standard: number | null; readonly most: number | null } | null
  /** Class of `limits.priorityClasses`. */
  readonly priority: string
  /** True where the trace that a caller names is continued. */
  readonly continuesTraces: boolean
  /** True where a feed makes spans of every record, so that an instance can be given an attempt as its parent. */
  readonly alwaysHasSpans: boolean
  /** By deployment: the deployment that gets a share of its calls instead. */
  readonly canary: ReadonlyMap<string, Share>
  /** By deployment: the deployment that gets a copy of a share of its calls. */
  readonly shadow: ReadonlyMap<string, Share & { readonly target: Target | null }>
  /** True where a shadow copy may go to a member that accepts usage options in every version of the API. */
  readonly shadowTakesUsage: boolean
  readonly rules: RuleMatcher
  /** The rule that binds the caller to this workload, or null. */
  bound(caller: Caller): RuleMatch | null
}

export interface Share {
  readonly deployment: string
  /** 0..1 */
  readonly share: number
}

export interface Plan {
  readonly targets: ReadonlyMap<string, Target>
  readonly workloads: ReadonlyMap<string, Workload>
  /** Every deployment that the configuration names, for any workload or instance. */
  readonly deployments: ReadonlySet<string>
  /** Name of this process in records. */
  readonly replica: string
  /** The header fields of a request that reach an instance. */
  readonly forwards: Forwards
  /** Longest wait in the line, in ms. */
  readonly waitMaxMs: number
  /** Workloads that the caller may use, in the order of the configuration. */
  workloadsOf(caller: Caller): readonly Workload[]
  /** True when groups that the token does not list could bind the caller to this workload; null means any workload. */
  needsGroups(caller: Caller, workload: string | null): boolean
  /** Claims that the token of an unbound caller lacks, in words for its refusal. */
  lacking(caller: Caller): string
}

export function buildPlan(config: Config, instances: ReadonlyMap<string, Instance>): Plan {
  const targets = new Map<string, Target>()
  for (const instance of instances.values()) targets.set(instance.name, singleOf(instance))
  for (const [name, pool] of Object.entries(config.pools)) targets.set(name, poolOf(name, pool, instances))
  const workloads = new Map<string, Workload>()
  for (const [name, written] of Object.entries(config.workloads)) {
    workloads.set(name, buildWorkload(name, written, targets, config.feeds))
  }
  const asksForGroups = [...workloads.values()].some(({ rules }) => rules.asksForGroups)
  const couldBindMore = perCaller(caller =>
    [...workloads.values()].some(({ rules, bound }) => rules.asksForGroups && bound(caller) === null),
  )
  return {
    targets,
    workloads,
    deployments: new Set(configuredNames(config).deployment),
    replica: replicaName(config),
    forwards: compileForwards(config.gateway.forwardHeaders),
    waitMaxMs: config.limits.waitingLine.maxWait,
    needsGroups(caller, name) {
      if (!asksForGroups || caller.listsGroups) return false
      if (name === null) return couldBindMore(caller)
      const workload = workloads.get(name)
      return workload?.rules.asksForGroups === true && workload.bound(caller) === null
    },
    lacking(caller) {
      const claims = new Set([...workloads.values()].flatMap(({ rules }) => rules.lacking(caller)))
      return lackingText([...claims], caller)
    },
    workloadsOf: perCaller(caller => [...workloads.values()].filter(workload => workload.bound(caller) !== null)),
  }
}

function buildWorkload(
  name: string,
  written: WorkloadConfig,
  targets: ReadonlyMap<string, Target>,
  feeds: Config['feeds'],
): Workload {
  const rules = compileRules(written.callers)
  const own = new Map(
    written.targets.flatMap(target => {
      const found = targets.get(target)
      return found ? [[target, found] as const] : []
    }),
  )
  const shadow = new Map(
    Object.entries(written.shadow).map(([from, to]) => [
      from,
      { ...shareOf(to), target: to.target === undefined ? null : (targets.get(to.target) ?? null) },
    ]),
  )
  const [standardTarget] = own.values()
  // The rules of the configuration refuse this earlier. A plan must not exist without a target.
  if (standardTarget === undefined) throw new TypeError(`workload ${name} has no target`)
  return {
    name,
    targets: own,
    standardTarget,
    deployments: new Set(written.deployments),
    operations: new Set(allOperations.filter(one => namesOperation(written.operations, one))),
    policy: policyOf(written),
    capture: written.capture,
    output: outputOf(written.output),
    priority: written.priority,
    continuesTraces: written.traceContext === 'continue',
    alwaysHasSpans: Object.values(feeds).some(feed => makesAllSpans(feed, name)),
    canary: new Map(Object.entries(written.canary).map(([from, to]) => [from, shareOf(to)])),
    shadow,
    shadowTakesUsage: [...shadow.values()].some(({ target }) => target?.takesUsageAlways === true),
    rules,
    bound: perCaller(rules),
  }
}

/** True for a feed that leaves out no record of the workload. */
function makesAllSpans(feed: Config['feeds'][string], workload: string): boolean {
  if (!('sample' in feed) || feed.outcomes !== undefined) return false
  const { share, workloads } = feed.sample
  const own = Object.hasOwn(workloads, workload) ? workloads[workload] : undefined
  return (feed.workloads?.includes(workload) ?? true) && (own ?? share) === 1
}

function outputOf(written: WorkloadConfig['output']): Workload['output'] {
  if (written === undefined) return null
  const { required, standard = null, most = null } = written
  return { required, standard, most }
}

function shareOf({ deployment, percent }: { readonly deployment: string; readonly percent: number }): Share {
  return { deployment, share: percent / 100 }
}

/** Remembers an answer as long as the verifier remembers the caller: the same token gives the same object. */
function perCaller<T>(answer: (caller: Caller) => T): (caller: Caller) => T {
  const kept = new WeakMap<Caller, { readonly value: T }>()
  return caller => {
    const found = kept.get(caller)
    if (found) return found.value
    const value = answer(caller)
    kept.set(caller, { value })
    return value
  }
}
