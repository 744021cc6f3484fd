/** Runs the checks, all at the same time, each for a bounded time. */
import { type Clock, systemClock } from '../clock.ts'
import { type LoadedConfig, loadConfig } from '../config/load.ts'
import { ConfigError } from '../config/messages.ts'
import { codeOf } from '../errors.ts'
import { feedColumns } from '../house/feeds.ts'
import type { CredentialParts } from '../instances/credentials.ts'
import { checks } from './checks.ts'
import { problemFindings } from './configuration.ts'
import {
  type CheckedFinding,
  type CheckName,
  checkNames,
  countsOf,
  type Diagnosis,
  type Finding,
  failure,
  note,
  type SlowTimes,
  type Subject,
} from './index.ts'
import { nodeFindings } from './node.ts'

export interface DiagnoseOptions {
  /** Absolute path of the configuration file. */
  readonly file: string
  readonly env: NodeJS.ProcessEnv
  /** Null for all checks. */
  readonly only: CheckName | null
  readonly clock?: Clock
  /** Source of the managed identity's tokens; default: that of the environment. */
  readonly appService?: CredentialParts['appService'] | undefined
  readonly slow?: Partial<SlowTimes>
  /** Longest time of each check, in milliseconds. Default: as `checks.ts` has it. */
  readonly checkMsMax?: number
}

/** A sync of a healthy disk takes 1 to 10 ms, a round trip within a region 1 to 3 ms. */
const slowDefault: SlowTimes = { fsyncMs: 100, redisMs: 25 }

/** Never rejects because of what it examines. Takes as long as the slowest check, at most its `timeoutMs`. */
export async function diagnose(options: DiagnoseOptions): Promise<Diagnosis> {
  const { only } = options
  const loaded = await load(options)
  if (!('config' in loaded)) return diagnosisOf([...loaded, ...withoutConfiguration(only)])
  const wanted = checkNames.filter(name => only === null || name === only)
  return examine(loaded, wanted, options)
}

/** What some checks say of a configuration that can be used. Otherwise as `diagnose`. */
export async function examine(
  loaded: LoadedConfig,
  names: readonly CheckName[],
  options: SubjectOptions & Pick<DiagnoseOptions, 'checkMsMax'>,
): Promise<Diagnosis> {
  const subject = subjectOf(loaded, options)
  const found = names.map(name => runCheck(name, subject, options.checkMsMax ?? checks[name].timeoutMs))
  return diagnosisOf((await Promise.all(found)).flat())
}

type SubjectOptions = Pick<DiagnoseOptions, 'clock' | 'appService' | 'slow'>

export function subjectOf(loaded: LoadedConfig, { clock = systemClock, appService, slow }: SubjectOptions): Subject {
  return { loaded, config: loaded.config, clock, appService, slow: { ...slowDefault, ...slow } }
}

/** @returns the configuration, or what is wrong with it. */
async function load({ file, env }: DiagnoseOptions): Promise<LoadedConfig | CheckedFinding[]> {
  try {
    return await loadConfig(file, env, { columns: feedColumns })
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return named('configuration', problemFindings(file, error))
  }
}

/** What can be said when the configuration cannot be used. */
function withoutConfiguration(only: CheckName | null): CheckedFinding[] {
  if (only === 'configuration') return []
  if (only === 'node') return named('node', nodeFindings())
  const text = 'The other checks did not run: they need a configuration that can be used.'
  const left = named('configuration', [note(text, 'Correct the configuration, then run gatehouse doctor again.')])
  return only === null ? [...left, ...named('node', nodeFindings())] : left
}

/** Never rejects. @param timeoutMs longest time; beyond it there is a failure that says so. */
export async function runCheck(name: CheckName, subject: Subject, timeoutMs: number): Promise<CheckedFinding[]> {
  const { promise: late, resolve } = Promise.withResolvers<null>()
  const timer = setTimeout(() => resolve(null), timeoutMs)
  try {
    const findings = await Promise.race([checks[name].run(subject), late])
    if (findings !== null) return named(name, findings)
    const found = `It did not end within ${timeoutMs / 1_000} s.`
    const next = `Run gatehouse doctor --only ${name} again; look at the network and the disk if it lasts.`
    return named(name, [failure(found, next)])
  } catch (error) {
    const found = `It could not be carried out (${codeOf(error) ?? (error instanceof Error ? error.name : 'unknown')}).`
    return named(name, [failure(found, 'Report this as a fault of Gatehouse.')])
  } finally {
    clearTimeout(timer)
  }
}

function named(check: CheckName, findings: readonly Finding[]): CheckedFinding[] {
  return findings.map(finding => ({ check, ...finding }))
}

function diagnosisOf(findings: readonly CheckedFinding[]): Diagnosis {
  const counts = countsOf(findings)
  return { ok: counts.failure === 0, counts, findings }
}
