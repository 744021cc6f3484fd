/** Rules of who may call, in words. */
import { shownText } from '../../parts/foreign.tsx'
import { workloads as text } from '../../texts/workloads.ts'
import type { Workload } from './query.ts'

type Rule = Workload['callers'][number]

/** Longest value that is written out. */
const lettersMax = 40

/** @param names display names by object or application id, as far as they are known from calls. */
export function ruleText({ kind, value }: Rule, names: ReadonlyMap<string, string>): string {
  const name = names.get(value)
  const shown = value.length <= lettersMax ? value : `…${value.slice(-lettersMax)}`
  return `${text.kinds[kind]} ${name === undefined ? shown : `${shownText(name)} (${shown})`}`
}

/** Names of callers by the id that a rule would have. */
export function namesOf(
  callers: readonly { readonly callerKey: string | null; readonly keys: readonly (string | null)[] }[],
): ReadonlyMap<string, string> {
  return new Map(
    callers.flatMap(({ callerKey, keys: [name] }) => {
      const id = callerKey?.slice(callerKey.indexOf('/') + 1)
      return id === undefined || name === null || name === undefined ? [] : [[id, name] as const]
    }),
  )
}
