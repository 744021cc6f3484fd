/** Rules of data outside the process, and how long it is kept: Redis, objects. */
import type { Config } from '../schema/index.ts'
import { conflict, type Notes, type Sections, warn, warnWritten } from './notes.ts'

type Redis = NonNullable<Config['redis']>

/** Of the URL only the host is ever shown: the rest may be a password, also one in the wrong place. */
export function checkRedis(redis: Redis, notes: Notes): void {
  const path = ['redis', 'url']
  const url = URL.parse(redis.url)
  const fault =
    url === null
      ? 'a Redis URL, as rediss://cache.example.net:6380; a password with characters like / or # stands in redis.password'
      : urlFault(url, redis)
  if (url === null || fault !== null) {
    notes.errors.push({
      code: 'wrong_value',
      path,
      seen: '(a secret, not shown)',
      expected: fault ?? '',
      nearest: null,
    })
    return
  }
  checkTwice(url, redis, notes)
  checkSignIn(url, redis, notes)
  warnWritten(redis.password !== undefined, ['redis', 'password'], notes)
  warnWritten(url.password !== '', path, notes)
  const hasPassword = redis.password !== undefined || url.password !== '' || redis.credential !== undefined
  if (hasPassword && url.protocol === 'redis:' && !isLoopback(url.hostname)) {
    warn(
      notes,
      path,
      `redis:// and ${url.hostname}`,
      'rediss://, which is TLS: without it the password or token travels in clear',
    )
  }
}

function urlFault(url: URL, { cluster }: Redis): string | null {
  if (url.hostname === '') return 'a host, as redis://localhost:6379'
  if (url.search !== '' || url.hash !== '')
    return 'a URL without ? and #; a password with such characters stands in redis.password'
  const database = url.pathname.replace(/^\//, '')
  if (!/^\d{0,4}$/.test(database))
    return 'nothing, or the number of a database, after the host: redis://localhost:6379/0'
  if (cluster && Number(database) !== 0) return 'no number of a database: a cluster has database 0 alone'
  return null
}

function checkTwice(url: URL, redis: Redis, notes: Notes): void {
  for (const part of ['username', 'password'] as const) {
    if (redis[part] === undefined || url[part] === '') continue
    const expected = `the ${part} in one place: redis.url has one too`
    conflict(notes, ['redis', part], '(not shown)', expected)
  }
}

/** An identity brings user and password itself. */
function checkSignIn(url: URL, redis: Redis, notes: Notes): void {
  if (redis.credential === undefined) return
  for (const part of ['username', 'password'] as const) {
    if (redis[part] === undefined && url[part] === '') continue
    const path = redis[part] === undefined ? ['redis', 'url'] : ['redis', part]
    conflict(notes, path, '(not shown)', `no ${part}: redis.credential brings a user and a token`)
  }
}

export function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname)
}

/** Owners that are no longer in memory are looked up in the ledger. */
export function checkObjects(objects: Config['objects'], ledger: Config['ledger'], notes: Notes): void {
  const { records } = ledger.retain
  if (objects.remember <= records) return
  const days = (ms: number): string => `${ms / 86_400_000} d`
  const expected = `at most ledger.retain.records (${days(records)}): after a restart, owners are known from records alone`
  warn(notes, ['objects', 'remember'], days(objects.remember), expected)
}

/** Without a store, a restart knows from Redis alone what was used, who owns which object, and what is owed. */
export function checkJournalAlone({ redis, limits, feeds }: Sections, hasLimits: boolean, notes: Notes): void {
  if (redis === undefined) {
    const expected =
      'duckdb; or a section redis: without a store, only Redis still knows after a restart who owns an object and what background work is owed'
    conflict(notes, ['ledger', 'store'], 'none, and no section redis', expected)
  }
  if (limits?.store === 'memory' && hasLimits) {
    const expected = 'redis: with ledger.store none, a restart would forget what was used of every limit'
    conflict(notes, ['limits', 'store'], 'memory', expected)
  }
  if (feeds !== null && Object.keys(feeds).length === 0) {
    const expected = 'a feed beside it, as feeds: { collector: ... }: this gateway answers no questions about records'
    warn(notes, ['ledger', 'store'], 'none, and no feed', expected)
  }
}
