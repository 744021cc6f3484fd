/**
 * The connection: iovalkey, configured to queue nothing, to resend nothing, and to reconnect quickly and without end.
 */
import { Cluster, Redis, type RedisOptions } from 'iovalkey'
import { type RedisConfig, readAddress } from './address.ts'
import type { SignIn, TokenSignIn } from './sign-in.ts'

/** The part of the client library that is used. */
export interface Client {
  /** True when a command can be sent now. */
  readonly isReady: boolean
  /** @returns the server's reply. Rejects with the server's error, or with the error of the connection. */
  evalsha(digest: string, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown>
  eval(lua: string, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown>
  /** A cheap command to the server that holds the key. */
  probe(key: string): Promise<unknown>
  /** Closes the connection and opens a new one. */
  reconnect(): void
  close(): void
}

export interface ClientEvents {
  ready(): void
  closed(): void
  failed(error: Error): void
  /** Time until the next attempt to connect, in ms. */
  retryInMs(): number
}

const connectTimeoutMs = 2_000

/** Longest wait for an answer to what the library itself sends, such as `AUTH`, in ms. */
export function libraryTimeoutMs({ timeout }: RedisConfig): number {
  return timeout + connectTimeoutMs
}

/**
 * Options of every connection.
 * @throws RedisAddressInvalid
 */
export function sharedOptions(config: RedisConfig) {
  const address = readAddress(config)
  return {
    ...(address.username === null ? {} : { username: address.username }),
    ...(address.password === null ? {} : { password: address.password }),
    connectTimeout: connectTimeoutMs,
    commandTimeout: libraryTimeoutMs(config),
    // The check would need the right to call `INFO`. The probe also fails while a server loads its data.
    enableReadyCheck: false,
    // Commands of a broken connection must not run after an outage: they would count amounts that limits report again.
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    keepAlive: 10_000,
    // A name may have IPv6 addresses only.
    family: 0,
    familyFallback: { enabled: false },
  } satisfies RedisOptions
}

/**
 * @param signIn null where user and password are configured, or none are needed.
 * @throws RedisAddressInvalid
 */
export function connect(config: RedisConfig, events: ClientEvents, signIn: TokenSignIn | null): Client {
  const address = readAddress(config)
  const shared = sharedOptions(config)
  return config.cluster
    ? ofCluster(
        new Cluster([{ host: address.host, port: address.port }], {
          redisOptions: { ...shared, ...(address.tls ? { tls: { servername: address.host } } : {}) },
          // Nodes are listed by address, but certificates contain names: with TLS, all nodes must have the configured
          // name.
          dnsLookup: (name, callback) => callback(null, name),
          enableOfflineQueue: false,
          enableReadyCheck: false,
          clusterRetryStrategy: () => events.retryInMs(),
          slotsRefreshTimeout: connectTimeoutMs,
          lazyConnect: true,
          // A command that waited for a failover would exceed its time limit. It fails instead, and the probe waits.
          maxRedirections: 3,
        }),
        { events, signIn, timeoutMs: config.timeout },
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
        { events, signIn, timeoutMs: config.timeout },
      )
}

interface ClientParts {
  readonly events: ClientEvents
  readonly signIn: TokenSignIn | null
  readonly timeoutMs: number
}

function ofServer(redis: Redis, parts: ClientParts): Client {
  const own = { options: () => [redis.options], connections: () => [redis] }
  return clientOf(redis, parts, { beforeScript: joiningWrites(redis), ...own })
}

function ofCluster(cluster: Cluster, parts: ClientParts): Client {
  cluster.on('node error', (error: Error) => parts.events.failed(error))
  const connections = (): Redis[] => cluster.nodes('all')
  // Connections to nodes that are found later take their options from those of the cluster.
  const options = () => [cluster.options.redisOptions ?? {}, ...connections().map(node => node.options)]
  return clientOf(cluster, parts, { beforeScript: () => {}, options, connections })
}

/** What is different for a server and a cluster. */
interface OwnParts {
  /** Called before each script. */
  readonly beforeScript: () => void
  /** Where connections that are opened from now on find user and password. */
  readonly options: () => readonly Partial<SignIn>[]
  readonly connections: () => readonly Redis[]
}

function clientOf(client: Redis | Cluster, { events, signIn, timeoutMs }: ClientParts, own: OwnParts): Client {
  client.on('ready', () => events.ready())
  client.on('close', () => events.closed())
  client.on('error', (error: Error) => events.failed(error))
  // The first failure arrives as an event, like all others.
  const begin = (): void => void client.connect().catch(() => {})
  const stop = signIn === null ? begin() : keepSignedIn({ ...own, signIn }, begin, events)
  return {
    get isReady() {
      return client.status === 'ready'
    },
    evalsha(digest, keys, args) {
      own.beforeScript()
      return answeredWithin(timeoutMs, client.evalsha(digest, keys.length, ...keys, ...args))
    },
    eval: (lua, keys, args) => answeredWithin(timeoutMs, client.eval(lua, keys.length, ...keys, ...args)),
    probe: key => answeredWithin(timeoutMs, client.exists(key)),
    reconnect: () => client.disconnect(true),
    close: () => {
      stop?.()
      client.disconnect()
    },
  }
}

/**
 * Rejects when there is no reply in time. A process that did not get its core for so long looks first at what has come
 * meanwhile: its own lateness must not turn off limits, or refuse calls.
 */
function answeredWithin<Reply>(ms: number, reply: Promise<Reply>): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const late = (): void => reject(new Error(`no answer within ${ms} ms`))
    // The event loop reads sockets after timers and before this.
    const timer = setTimeout(() => setImmediate(late), ms)
    const settle = <Value>(settled: (value: Value) => void) => {
      return (value: Value): void => {
        clearTimeout(timer)
        settled(value)
      }
    }
    reply.then(settle(resolve), settle(reject))
  })
}

interface SigningIn extends Pick<OwnParts, 'options' | 'connections'> {
  readonly signIn: TokenSignIn
}

/**
 * Connects when there is a token, and signs open connections in again with each later one.
 * @returns a function that stops it.
 */
function keepSignedIn(
  { signIn, options, connections }: SigningIn,
  begin: () => void,
  events: ClientEvents,
): () => void {
  let hasBegun = false
  const use = ({ username, password }: SignIn): void => {
    for (const each of options()) Object.assign(each, { username, password })
    if (!hasBegun) begin()
    hasBegun = true
    for (const connection of connections()) {
      if (connection.status !== 'ready') continue
      connection.auth(username, password).catch((error: Error) => {
        events.failed(error)
        // The old token may be good for some minutes; a new connection shows whether the new one is.
        connection.disconnect(true)
      })
    }
  }
  return signIn.follow(use, events.failed)
}

/**
 * Sends all commands of one turn of the event loop in one write: a write is a system call, and costs more than the
 * command. No command waits longer than the turn takes.
 */
function joiningWrites(redis: Redis): () => void {
  let corked: Redis['stream'] | null = null
  const release = (): void => {
    corked?.uncork()
    corked = null
  }
  return () => {
    if (corked !== null || redis.status !== 'ready') return
    corked = redis.stream
    corked.cork()
    setImmediate(release)
  }
}
