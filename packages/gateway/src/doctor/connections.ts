/**
 * What a gateway must reach to serve calls and ship records, checked beside one that runs: at its start, after a change
 * of its configuration, and again while something fails. Calls never wait for it, and readiness does not depend on it.
 */
import type { Clock } from '../clock.ts'
import type { LoadedConfig } from '../config/load.ts'
import type { Config } from '../config/schema/index.ts'
import type { House } from '../house/index.ts'
import type { CredentialParts } from '../instances/credentials.ts'
import type { Log, LogFields } from '../log.ts'
import { checks } from './checks.ts'
import { runCheck, subjectOf } from './diagnose.ts'
import type { CheckName, Finding, Subject } from './index.ts'

/** Checks that need seconds, cost nothing at the other side, and say why calls would fail. */
export const connectionChecks = [
  'sign-in',
  'instances',
  'credentials',
  'redis',
  'feeds',
] as const satisfies readonly CheckName[]
type ConnectionCheck = (typeof connectionChecks)[number]

interface ConnectionsOptions {
  readonly house: Pick<House, 'note' | 'redisUp'>
  readonly loaded: LoadedConfig
  readonly log: Log
  readonly clock: Clock
  /** Source of the managed identity's tokens; default: that of the environment. */
  readonly appService?: CredentialParts['appService']
  /** Milliseconds until what failed is checked again. Default: a minute. */
  readonly againMs?: number
}

/** Findings by the subject that they are about: a tenant, an instance, a feed. */
type Failing = ReadonlyMap<string, Finding>

const nothing: Failing = new Map()

export class Connections {
  readonly #options: ConnectionsOptions
  #config: Config
  /** Counts configurations: what was found for an earlier one is dropped. */
  #round = 0
  #failing = new Map<ConnectionCheck, Failing>()
  #timer: NodeJS.Timeout | undefined
  #running = 0

  /** Begins at once. */
  constructor(options: ConnectionsOptions) {
    this.#options = options
    this.#config = options.loaded.config
    this.use(this.#config)
  }

  /** True while a check waits for an answer. */
  get isBusy(): boolean {
    return this.#running > 0
  }

  /** Checks everything for a changed configuration. */
  use(config: Config): void {
    clearTimeout(this.#timer)
    this.#config = config
    this.#round += 1
    this.#failing = new Map([...this.#failing].map(([name, known]) => [name, stillNamed(name, known, config)]))
    this.#options.house.note(surroundingsOf(config, null))
    void this.#look(connectionChecks, this.#round)
  }

  /** Results that come later are dropped. */
  stop(): void {
    clearTimeout(this.#timer)
    this.#round += 1
  }

  async #look(names: readonly ConnectionCheck[], round: number): Promise<void> {
    const { loaded, clock, appService, log, againMs = 60_000 } = this.#options
    const subject = subjectOf({ ...loaded, config: this.#config }, { clock, appService })
    const wanted = (name: ConnectionCheck): boolean => names.includes(name)
    const one = async (name: ConnectionCheck): Promise<void> => {
      const failures = await this.#failuresOf(name, subject)
      if (round === this.#round) this.#take(name, failures)
    }
    this.#running += 1
    const reached = wanted('instances') ? one('instances') : Promise.resolve()
    const accepted = async (): Promise<void> => {
      const [failures] = await Promise.all([this.#failuresOf('credentials', subject), reached])
      if (round === this.#round) this.#take('credentials', withoutThose(failures, this.#failing.get('instances')))
    }
    const others = (['sign-in', 'redis', 'feeds'] as const).filter(wanted).map(one)
    await Promise.all([reached, ...(wanted('credentials') ? [accepted()] : []), ...others])
    this.#running -= 1
    if (round !== this.#round) return
    const left = connectionChecks.filter(name => (this.#failing.get(name)?.size ?? 0) > 0)
    const failures = left.reduce((sum, name) => sum + (this.#failing.get(name)?.size ?? 0), 0)
    log.info({ failures }, 'connections_checked')
    this.#options.house.note(surroundingsOf(this.#config, this.#failing))
    if (left.length === 0) return
    // An instance that is reached again has to be asked for its credential too.
    const again: readonly ConnectionCheck[] = left.includes('instances') ? [...left, 'credentials'] : left
    this.#timer = setTimeout(() => void this.#look(again, round), againMs).unref()
  }

  async #failuresOf(name: ConnectionCheck, subject: Subject): Promise<Failing> {
    // Its connection has already reported this.
    if (name === 'redis' && this.#options.house.redisUp === false) return nothing
    const found = await runCheck(name, subject, checks[name].timeoutMs)
    return new Map(found.filter(({ level }) => level === 'failure').map(one => [one.about ?? '', one]))
  }

  #take(name: ConnectionCheck, failures: Failing): void {
    const known = this.#failing.get(name) ?? nothing
    this.#failing.set(name, failures)
    for (const [about, { found, next }] of failures) {
      if (!known.has(about)) reportFailure(name, { ...subjectField(name, about), found, next }, this.#options.log)
    }
    for (const about of known.keys()) {
      if (!failures.has(about)) reportReturn(name, subjectField(name, about), this.#options.log)
    }
  }
}

function withoutThose(failures: Failing, others: Failing = nothing): Failing {
  return new Map([...failures].filter(([about]) => !others.has(about)))
}

/** What failed before and is in the changed configuration too: it is reported once. */
function stillNamed(name: ConnectionCheck, known: Failing, config: Config): Failing {
  const named = namesOf(name, config)
  return new Map([...known].filter(([about]) => about === '' || named.includes(about)))
}

function namesOf(name: ConnectionCheck, { identity, instances, feeds }: Config): readonly string[] {
  if (name === 'sign-in') return identity.entra.tenants
  if (name === 'redis') return []
  return Object.keys(name === 'feeds' ? feeds : instances)
}

function subjectField(name: ConnectionCheck, about: string): LogFields {
  if (about === '') return {}
  if (name === 'feeds') return { feed: about }
  return name === 'sign-in' ? { tenant: about } : { instance: about }
}

function reportFailure(name: ConnectionCheck, fields: LogFields, log: Log): void {
  switch (name) {
    case 'sign-in':
      log.warn(fields, 'keys_unavailable')
      break
    case 'instances':
      log.warn(fields, 'instance_unreachable')
      break
    case 'credentials':
      log.warn(fields, 'credential_unavailable')
      break
    case 'redis':
      log.warn(fields, 'redis_unusable')
      break
    case 'feeds':
      log.warn(fields, 'feed_unreachable')
      break
  }
}

function reportReturn(name: ConnectionCheck, fields: LogFields, log: Log): void {
  switch (name) {
    case 'sign-in':
      log.info(fields, 'keys_available')
      break
    case 'instances':
      log.info(fields, 'instance_reachable')
      break
    case 'credentials':
      log.info(fields, 'credential_available')
      break
    case 'redis':
      log.info(fields, 'redis_usable')
      break
    case 'feeds':
      log.info(fields, 'feed_reachable')
      break
  }
}

/**
 * For `/readyz`, which everyone may read: numbers, no names.
 * @param failing null before the first look has ended.
 */
function surroundingsOf(
  config: Config,
  failing: ReadonlyMap<ConnectionCheck, Failing> | null,
): Readonly<Record<string, string>> {
  const failed = (...names: readonly ConnectionCheck[]): number => {
    const all = names.flatMap(name => [...(failing?.get(name)?.keys() ?? [])])
    return all.includes('') ? Number.POSITIVE_INFINITY : new Set(all).size
  }
  const share = (total: number, failures: number, done: string): string =>
    failing === null ? 'not checked yet' : `${total - Math.min(total, failures)} of ${total} ${done}`
  const { tenants } = config.identity.entra
  const [instances, feeds] = [Object.keys(config.instances).length, Object.keys(config.feeds).length]
  return {
    keys: share(tenants.length, failed('sign-in'), 'read'),
    instances: share(instances, failed('instances'), 'answered'),
    credentials: share(instances, failed('instances', 'credentials'), 'accepted'),
    ...(feeds === 0 ? {} : { feeds: share(feeds, failed('feeds'), 'reached') }),
  }
}
