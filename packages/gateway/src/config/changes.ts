/** What differs between two configurations, as paths: values may be secrets and are never shown. */
import { isDeepStrictEqual } from 'node:util'
import type { Config } from './schema/index.ts'

/** A path is this deep at most: `workloads.hr-bot.limits.tokensPerMinute`. */
const depthMax = 4
/** Longest list. */
const listedMax = 20

/** @returns paths in the order of the configuration; after 20 of them, how many more there are. */
export function changedPaths(before: Config, after: Config): readonly string[] {
  const paths = differences(before, after, '', 0)
  if (paths.length <= listedMax) return paths
  return [...paths.slice(0, listedMax), `and ${paths.length - listedMax} more`]
}

function differences(before: unknown, after: unknown, path: string, depth: number): readonly string[] {
  if (isDeepStrictEqual(before, after)) return []
  if (depth === depthMax || !isMapping(before) || !isMapping(after)) return [path]
  const keys = new Set([...Object.keys(before), ...Object.keys(after)])
  return [...keys].flatMap(key => differences(before[key], after[key], path === '' ? key : `${path}.${key}`, depth + 1))
}

function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
