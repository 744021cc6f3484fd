/**
 * What a gateway must reach to serve calls and ship records, checked beside one that runs: at its start, after a change
 * of its configuration, and again while something fails. Calls never wait for it, and readiness does not depend on it.
 */
import type { LoadedConfig } from '../config/load.ts'
import type { Config } from '../config/schema/index.ts'
import type { House } from '../house/index.ts'
import type { Log, LogFields } from '../log.ts'
import type { CheckName, Examined, Finding } from './index.ts'
import { type Examine, examineInThread } from './thread.ts'

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
  /** Runs the checks. Default: in a thread. */
  readonly examine?: Examine
  /** Milliseconds until what failed is checked again. Default: a minute. */
  readonly againMs?: number
}

/** Findings by the subject that they are about: a tenant, an instance, a feed. */
type Failing = ReadonlyMap<string, Finding>

const nothing: Failing = new Map()

export class Connections {
  readonly #options: ConnectionsOptions
  #config: Config
  /** Ends what runs for an earlier configuration. */
  #stop = new AbortController()
  #failing = new Map<ConnectionCheck, Failing>()
  #timer: NodeJS.Timeout | undefined

  /** Begins at once. */
  constructor(options: ConnectionsOptions) {
    this.#options = options
    this.#config = options.loaded.config
    this.use(this.#config)
  }

  /** Checks everything for a changed configuration. */
  use(config: Config): void {
    this.stop()
    this.#stop = new AbortController()
    this.#config = config
    this.#failing = new Map([...this.#failing].map(([name, known]) => [name, stillNamed(name, known, config)]))
    this.#options.house.note(surroundingsOf(config, null))
    void this.#look(connectionChecks, this.#stop.signal)
  }

  /** Ends what runs. */
  stop(): void {
    clearTimeout(this.#timer)
    this.#stop.abort()
  }

  async #look(names: readonly ConnectionCheck[], signal: AbortSignal): Promise<void> {
    const { loaded, log, house, examine = examineInThread, againMs = 60_000 } = this.#options
    const found = new Map<CheckName, Failing>()
    const take = ({ name, findings }: Examined): void => {
      if (signal.aborted) return
      found.set(name, failuresIn(findings))
      // What cannot be reached cannot accept a credential either: it has one line.
      const isAhead = name === 'credentials' && names.includes('instances') && !found.has('instances')
      const next = name === 'instances' && found.has('credentials') ? [name, 'credentials' as const] : [name]
      for (const one of isAhead ? [] : next) this.#take(one, found.get(one) ?? nothing)
    }
    const question = { loaded: { ...loaded, config: this.#config }, names }
    await examine(question, take, signal).catch((error: unknown) => log.error({ error }, 'connections_unchecked'))
    if (signal.aborted) return
    const left = connectionChecks.filter(name => (this.#failing.get(name)?.size ?? 0) > 0)
    const failures = left.reduce((sum, name) => sum + (this.#failing.get(name)?.size ?? 0), 0)
    log.info({ failures }, 'connections_checked')
    house.note(surroundingsOf(this.#config, this.#failing))
    if (left.length === 0) return
    // An instance that is reached again has to be asked for its credential too.
    const again: readonly ConnectionCheck[] = left.includes('instances')
      ? [...new Set([...left, 'credentials' as const])]
      : left
    this.#timer = setTimeout(() => void this.#look(again, signal), againMs).unref()
  }

  #take(name: CheckName, all: Failing): void {
    if (!isConnectionCheck(name)) return
    // Its connection has already reported that.
    const isKnown = name === 'redis' && this.#options.house.redisUp === false
    const failures = isKnown
      ? nothing
      : name === 'credentials'
        ? withoutThose(all, this.#failing.get('instances'))
        : all
    const known = this.#failing.get(name) ?? nothing
    this.#failing.set(name, failures)
    for (const [about, { found, next }] of failures) {
      if (!known.has(about)) report(name, false, { ...subjectField(name, about), found, next }, this.#options.log)
    }
    for (const about of known.keys()) {
      if (!failures.has(about)) report(name, true, subjectField(name, about), this.#options.log)
    }
  }
}

function isConnectionCheck(name: CheckName): name is ConnectionCheck {
  return connectionChecks.some(one => one === name)
}

function failuresIn(findings: readonly Finding[]): Failing {
  return new Map(findings.filter(({ level }) => level === 'failure').map(one => [one.about ?? '', one]))
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

function report(name: ConnectionCheck, isWell: boolean, fields: LogFields, log: Log): void {
  const level = isWell ? 'info' : 'warn'
  switch (name) {
    case 'sign-in':
      log[level](fields, isWell ? 'keys_available' : 'keys_unavailable')
      break
    case 'instances':
      log[level](fields, isWell ? 'instance_reachable' : 'instance_unreachable')
      break
    case 'credentials':
      log[level](fields, isWell ? 'credential_available' : 'credential_unavailable')
      break
    case 'redis':
      log[level](fields, isWell ? 'redis_usable' : 'redis_unusable')
      break
    case 'feeds':
      log[level](fields, isWell ? 'feed_reachable' : 'feed_unreachable')
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
