/** The workloads as which a caller may call. */
import type { Config } from '../config/schema/index.ts'
import type { Caller } from '../identity/caller.ts'
import { compileRules } from '../identity/rules.ts'

export interface Bindings {
  of(caller: Caller): readonly string[]
  /** True when a workload's rule names a group. */
  readonly asksForGroups: boolean
}

/** Prepares the rules once per configuration. @param workloads read at each call, so that it follows a reload. */
export function bindingsOf(workloads: () => Config['workloads']): () => Bindings {
  let last: { readonly from: Config['workloads']; readonly bindings: Bindings } | null = null
  return () => {
    const from = workloads()
    if (last?.from !== from) last = { from, bindings: prepared(from) }
    return last.bindings
  }
}

function prepared(workloads: Config['workloads']): Bindings {
  const rows = Object.entries(workloads).map(([name, { callers }]) => ({ name, admits: compileRules(callers) }))
  return {
    of: caller => rows.flatMap(({ name, admits }) => (admits(caller) === null ? [] : [name])),
    asksForGroups: rows.some(({ admits }) => admits.asksForGroups),
  }
}
