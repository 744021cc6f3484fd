/** The connection itself: iovalkey, told to queue nothing, to resend nothing, and to try again quickly and for ever. */
import { Cluster, Redis, type RedisOptions } from 'iovalkey'
import { type RedisConfig, readAddress } from './address.ts'

/** What is used of it. */
export interface Client {
  /** True when a command can be written now. */
  readonly isReady: boolean
  /** @returns what the server answers. Rejects with what it says, or with what became of the connection. */
  evalsha(digest: string, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown>
  eval(lua: string, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown>
  /** Answered by the server that holds the key, however little it can do otherwise. */
  probe(key: string): Promise<unknown>
  /** Gives the connection up and makes a new one. */
  reconnect(): void
  close(): void
}

export interface ClientEvents {
  ready(): void
  closed(): void
  failed(error: Error): void
  /** Milliseconds until the next try to connect. */
  retryInMs(): number
}

const connectTimeoutMs = 2_000

/** @throws RedisAddressInvalid */
export function connect(config: RedisConfig, events: ClientEvents): Client {
  const address = readAddress(config)
  const shared = {
    ...(address.username === null ? {} : { username: address.username }),
    ...(address.password === null ? {} : { password: address.password }),
    connectTimeout: connectTimeoutMs,
    commandTimeout: config.timeout,
    // `INFO` would be one more command to permit; a server that loads its data says so to the probe.
    enableReadyCheck: false,
    // What the connection took with it is lost: limits must not be booked by commands from before an outage.
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    keepAlive: 10_000,
    // Names may stand for IPv6 alone.
    family: 0,
    familyFallback: { enabled: false },
  } satisfies RedisOptions
  return config.cluster
    ? ofCluster(
        new Cluster([{ host: address.host, port: address.port }], {
          redisOptions: { ...shared, ...(address.tls ? { tls: { servername: address.host } } : {}) },
          // Nodes are named by their addresses, certificates by names: with TLS the name that was configured must hold for all.
          dnsLookup: (name, callback) => callback(null, name),
          enableOfflineQueue: false,
          enableReadyCheck: false,
          clusterRetryStrategy: () => events.retryInMs(),
          slotsRefreshTimeout: connectTimeoutMs,
          lazyConnect: true,
          // A command that waits for a failover outlives its time limit: it fails instead, and the probe waits.
          maxRedirections: 3,
        }),
        events,
      )
    : ofServer(
        new Redis({
          ...shared,
          host: address.host,
          port: address.port,
          db: address.database,
          ...(address.tls ? { tls: {} } : {}),
          enableOfflineQueue: false,
          retryStrategy: () => events.retryInMs(),
          lazyConnect: true,
        }),
        events,
      )
}

function ofServer(redis: Redis, events: ClientEvents): Client {
  return clientOf(redis, events, gathering(redis))
}

function ofCluster(cluster: Cluster, events: ClientEvents): Client {
  cluster.on('node error', (error: Error) => events.failed(error))
  return clientOf(cluster, events, () => {})
}

/** @param gather is called before each script. */
function clientOf(client: Redis | Cluster, events: ClientEvents, gather: () => void): Client {
  client.on('ready', () => events.ready())
  client.on('close', () => events.closed())
  client.on('error', (error: Error) => events.failed(error))
  // The first failure is told as an event, as all others are.
  client.connect().catch(() => {})
  return {
    get isReady() {
      return client.status === 'ready'
    },
    evalsha(digest, keys, args) {
      gather()
      return client.evalsha(digest, keys.length, ...keys, ...args)
    },
    eval: (lua, keys, args) => client.eval(lua, keys.length, ...keys, ...args),
    probe: key => client.exists(key),
    reconnect: () => client.disconnect(true),
    close: () => client.disconnect(),
  }
}

/**
 * Commands of one turn of the event loop go out in one write: a write is a system call, and costs more than the command. Nobody waits for
 * it longer than the turn takes.
 */
function gathering(redis: Redis): () => void {
  let held: Redis['stream'] | null = null
  const release = (): void => {
    held?.uncork()
    held = null
  }
  return () => {
    if (held !== null || redis.status !== 'ready') return
    held = redis.stream
    held.cork()
    setImmediate(release)
  }
}
