/** The rules that apply to calls of one scope, split by the moment when they are checked. Needs no counters. */
import type { Caller } from '../../identity/index.ts'
import { type CallScope, concerns, type LimitRule, needsInstance } from './rules.ts'

export interface ScopeRules {
  /** Every rule that can apply. */
  readonly all: readonly LimitRule[]
  /** Rules that are checked when a call is admitted, before its instance is known. */
  readonly anywhere: readonly LimitRule[]
  /** Rules that are checked when the call's instance is chosen. */
  readonly ofInstances: readonly LimitRule[]
}

export function rulesOfScope(rules: readonly LimitRule[], scope: CallScope): ScopeRules {
  const all = rules.filter(rule => concerns(rule, scope))
  return { all, anywhere: all.filter(rule => !needsInstance(rule)), ofInstances: all.filter(needsInstance) }
}

/** @param deployment Its name on that instance. */
export function rulesAt(rules: ScopeRules, instance: string, deployment: string | null): readonly LimitRule[] {
  return rules.ofInstances.filter(
    rule =>
      (rule.instances === null || rule.instances.has(instance)) &&
      (rule.deploymentThere === null || rule.deploymentThere === deployment),
  )
}

export function rulesForCaller(rules: readonly LimitRule[], caller: Caller): readonly LimitRule[] {
  return rules.filter(rule => rule.callers === null || rule.callers(caller) !== null)
}
