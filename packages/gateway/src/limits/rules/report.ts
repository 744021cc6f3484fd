import type { Config } from '../../config/schema.ts'
import { callerKey } from '../../identity/index.ts'
import type { Counter, CounterStore, Standing } from '../counting/counters.ts'
import type { LimitsReport, RuleFacts, RuleReport, Subject } from '../index.ts'
import { type Entry, identityOf, type RuleBook } from './claims.ts'
import type { LimitRule } from './rules.ts'

/** Of a rule that counts each of many by itself, so many are reported: those who have used most of it. */
const subjectsMax = 100

/** Every limit of every rule, in the order of the configuration; one line for each that a `per` rule counts by itself. */
export async function reportOf(book: RuleBook, store: CounterStore, waiting: number): Promise<LimitsReport> {
  const counters = [...store.counters()]
  const asked = book.rules.flatMap(rule =>
    rule.limits.map(({ measure, limit }) => ({
      rule,
      limit,
      counters:
        rule.per.length === 0
          ? [store.counter(identityOf(rule, measure, nobody))]
          : counters.filter(one => one.base === rule.base && one.measure === measure && one.subject !== null),
    })),
  )
  const unique = [...new Set(asked.flatMap(one => one.counters))]
  const standings = await store.read(unique)
  const standingOf = new Map(unique.map((counter, index) => [counter, standings[index]]))
  return {
    store: store.kind,
    state: store.state,
    downSinceMs: store.downSinceMs,
    waiting,
    rules: asked.flatMap(one =>
      one.counters
        .flatMap(counter => {
          const standing = standingOf.get(counter)
          return standing === undefined ? [] : [lineOf(one.rule, one.limit, counter, standing)]
        })
        .sort((a, b) => b.used + b.reserved - a.used - a.reserved)
        .slice(0, subjectsMax),
    ),
  }
}

const nobody = { workload: '', caller: '', deployment: null, instance: null }

function lineOf(
  rule: LimitRule,
  limit: number,
  counter: Counter,
  { used, reserved, renewsAtMs }: Standing,
): RuleReport {
  return {
    rule: rule.name,
    measure: counter.measure,
    mode: modeOf(rule),
    scope: rule.scope,
    subject: counter.subject,
    workloads: rule.workloads === null ? null : [...rule.workloads],
    counter: counter.base,
    limit,
    used,
    reserved,
    remaining: Math.max(0, limit - used - reserved),
    renewsAtMs,
    refused: counter.refused?.get(rule.name) ?? 0,
  }
}

function modeOf(rule: LimitRule): 'enforce' | 'shadow' {
  return rule.enforce ? 'enforce' : 'shadow'
}

/** The rules that a call meets, those of the instances where it may go behind the others. */
export function factsOf(
  entry: Entry | null,
  subject: Subject,
  instances: readonly string[],
  config: Config,
): readonly RuleFacts[] {
  if (entry === null) return []
  const { caller, deployment } = subject
  const there = instances.flatMap(instance =>
    namesThere(config, instance, deployment).flatMap(name => entry.rulesAt(instance, name)),
  )
  return [...new Set([...entry.rulesAnywhere, ...there])]
    .filter(rule => rule.callers === null || rule.callers(caller) !== null)
    .flatMap(rule =>
      rule.limits.map(({ measure, limit }) => ({
        rule: rule.name,
        measure,
        limit,
        mode: modeOf(rule),
        scope: rule.per.includes('caller') ? `${rule.scope} (${callerKey(caller)})` : rule.scope,
      })),
    )
}

/** What a deployment may be called on an instance: its own name, and the aliases that pools give it there. */
export function namesThere(config: Config, instance: string, deployment: string | null): readonly (string | null)[] {
  if (deployment === null) return [null]
  const aliases = Object.values(config.pools).flatMap(pool =>
    pool.members.flatMap(member => (member.instance === instance ? (member.aliases[deployment] ?? []) : [])),
  )
  const known = config.instances[instance]?.deployments ?? {}
  return [...new Set([...aliases, deployment])].filter(name => name in known)
}
