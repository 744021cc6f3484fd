/**
 * What an operator should look at before and while a gateway runs: each check examines one part of the surroundings and
 * says what it found and what to do. Checks read; none of them changes anything that a gateway uses, so they may run
 * beside one.
 */
import type { Clock } from '../clock.ts'
import type { LoadedConfig } from '../config/load.ts'
import type { Config } from '../config/schema/index.ts'
import type { CredentialParts } from '../instances/credentials.ts'

/** In the order of the report. `checks.ts` has a row for each. */
export const checkNames = [
  'configuration',
  'node',
  'files',
  'ports',
  'disk',
  'sign-in',
  'instances',
  'credentials',
  'deployments',
  'clock',
  'redis',
  'feeds',
  'metrics',
] as const

export type CheckName = (typeof checkNames)[number]

/**
 * `ok`: as it should be. `note`: worth knowing, or it could not be examined. `warning`: it works now and is likely to
 * cause trouble. `failure`: calls or records fail because of it.
 */
export type Level = 'ok' | 'note' | 'warning' | 'failure'

/** None of its texts holds a credential, a token, or a part of an answer beyond short error codes. */
export interface Finding {
  readonly level: Level
  /** Name of the instance, tenant, feed or file; null where the check has one subject. */
  readonly about: string | null
  /** One line. */
  readonly found: string
  /** What to do, one line; null exactly when the level is `ok`. */
  readonly next: string | null
}

export interface Subject {
  readonly loaded: LoadedConfig
  readonly config: Config
  readonly clock: Clock
  readonly appService: CredentialParts['appService']
  readonly slow: SlowTimes
}

/** Times from which a part counts as slow, in milliseconds. */
export interface SlowTimes {
  /** Median time of a write that is synced to the ledger's disk. */
  readonly fsyncMs: number
  /** Median time of a round trip to Redis. */
  readonly redisMs: number
}

export interface Check {
  /** What it looks at, for the reference. Markdown, one line. */
  readonly looksAt: string
  /** Longest time of the whole check, in milliseconds; beyond it there is a failure that says so. */
  readonly timeoutMs: number
  run(subject: Subject): Promise<readonly Finding[]>
}

export interface CheckedFinding extends Finding {
  readonly check: CheckName
}

export interface Diagnosis {
  /** False when there is a failure. */
  readonly ok: boolean
  readonly counts: Readonly<Record<Level, number>>
  /** In the order of `checkNames`. */
  readonly findings: readonly CheckedFinding[]
}

/** What a thread of checks is asked. */
export interface Question {
  readonly loaded: LoadedConfig
  readonly names: readonly CheckName[]
}

/** What one check has found. */
export interface Examined {
  readonly name: CheckName
  readonly findings: readonly Finding[]
}

/** How many there are of each level. */
export function countsOf(findings: readonly Finding[]): Readonly<Record<Level, number>> {
  const counts = { ok: 0, note: 0, warning: 0, failure: 0 }
  for (const { level } of findings) counts[level] += 1
  return counts
}

export function ok(found: string, about: string | null = null): Finding {
  return { level: 'ok', about, found, next: null }
}

export function note(found: string, next: string, about: string | null = null): Finding {
  return { level: 'note', about, found, next }
}

export function warning(found: string, next: string, about: string | null = null): Finding {
  return { level: 'warning', about, found, next }
}

export function failure(found: string, next: string, about: string | null = null): Finding {
  return { level: 'failure', about, found, next }
}
