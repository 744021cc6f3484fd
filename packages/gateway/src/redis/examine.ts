/** Reads what a server says about itself. */
import { Redis } from 'iovalkey'
import { type RedisConfig, readAddress } from './address.ts'
import { sharedOptions } from './client.ts'
import { type SignInParts, TokenSignIn } from './sign-in.ts'

/** Null: the server does not say. */
export interface RedisFacts {
  readonly version: string | null
  /** `maxmemory-policy`. */
  readonly policy: string | null
  readonly isCluster: boolean | null
  /** It copies another server, and takes no writes. */
  readonly isCopy: boolean | null
  /** An append-only file or snapshots are on. */
  readonly isKept: boolean | null
  /** Median of a few, milliseconds. */
  readonly roundTripMs: number
}

const roundTrips = 9
/** Longest wait for an answer, in milliseconds: a slow server should be described and not be called absent. */
const answerMsMax = 3_000

/**
 * Opens a connection of its own to the server that `redis.url` names, also where it is a node of a cluster. Changes
 * nothing there.
 * @throws the server's error, as NOAUTH or NOPERM, or that of the connection. Its message holds no password.
 *   CredentialError when there is no token of the configured identity.
 */
export async function examineRedis(config: RedisConfig, parts: SignInParts): Promise<RedisFacts> {
  const { host, port, tls } = readAddress(config)
  const signIn = config.credential === undefined ? {} : await new TokenSignIn(config.credential, parts).current()
  const client = new Redis({
    ...sharedOptions(config),
    ...signIn,
    ...{ host, port, commandTimeout: answerMsMax, lazyConnect: true, enableOfflineQueue: false },
    ...(tls ? { tls: {} } : {}),
    retryStrategy: () => null,
  })
  // `connect` rejects with "Connection is closed"; the event says why.
  let reason: Error | null = null
  client.on('error', (error: Error) => {
    reason ??= error
  })
  try {
    await client.connect()
    const info = await client.info().catch((error: Error) => {
      if (error.message.startsWith('NOPERM')) return null
      throw error
    })
    const isElsewhere = await mayRunScripts(client, `{${config.keyPrefix}}:doctor`)
    const facts = factsIn(info)
    const isCluster = isElsewhere || facts.isCluster
    return { ...facts, isCluster, roundTripMs: await medianRoundTrip(client) }
  } catch (error) {
    throw reason ?? error
  } finally {
    client.disconnect()
  }
}

/** Rejects unless the user may. @returns true when another node of a cluster has the key. */
async function mayRunScripts(client: Redis, key: string): Promise<boolean> {
  try {
    await client.eval('return redis.call("exists", KEYS[1])', 1, key)
    return false
  } catch (error) {
    if (error instanceof Error && error.message.startsWith('MOVED')) return true
    throw error
  }
}

/** @param info answer to INFO: lines of `name:value`. */
function factsIn(info: string | null): Omit<RedisFacts, 'roundTripMs'> {
  const fields = new Map(
    (info ?? '').split('\r\n').map(line => [line.split(':', 1)[0] ?? '', line.slice(line.indexOf(':') + 1)]),
  )
  const flag = (name: string, on: string): boolean | null => {
    const value = fields.get(name)
    return value === undefined ? null : value === on
  }
  const appends = flag('aof_enabled', '1')
  const savedAt = Number(fields.get('rdb_last_bgsave_time_sec') ?? Number.NaN)
  return {
    version: fields.get('redis_version') ?? null,
    policy: fields.get('maxmemory_policy') ?? null,
    isCluster: flag('cluster_enabled', '1'),
    isCopy: flag('role', 'slave'),
    isKept: appends === null ? null : appends || savedAt >= 0,
  }
}

async function medianRoundTrip(client: Redis): Promise<number> {
  const times: number[] = []
  for (let at = 0; at < roundTrips; at += 1) {
    const beganAt = performance.now()
    await client.ping()
    times.push(performance.now() - beganAt)
  }
  return times.sort((a, b) => a - b)[Math.floor(roundTrips / 2)] ?? 0
}
