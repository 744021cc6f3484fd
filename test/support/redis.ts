/**
 * A real Redis for one test: loopback, a free port, a directory that is removed with the test. It can be stopped,
 * killed, frozen and started again.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { closedPort } from './ports.ts'
import { soon } from './wait.ts'
import type { Scope } from './world.ts'

const program = 'redis-server'
const portTriesMax = 5

export interface TestRedisOptions {
  readonly password?: string
  /** Keeps its data in an append-only file, so that they survive a kill. Default: it comes back empty. */
  readonly appendOnly?: boolean
  /** True for a node of a cluster, which serves all slots by itself. */
  readonly cluster?: boolean
  /** False: only a port is reserved, and `start` starts the server. Default true. */
  readonly started?: boolean
}

export interface TestRedis {
  /** `redis://127.0.0.1:PORT`, without a password. */
  readonly url: string
  /**
   * The section `redis` of a configuration. A busy machine must not look like an outage: only the end of the process
   * is one.
   */
  readonly section: { readonly url: string; readonly timeout: '10s' }
  readonly port: number
  /** Null while it does not run. */
  readonly pid: number | null
  /** Starts it, again on the same port and directory; resolves when it accepts connections. */
  start(): Promise<void>
  /** Ends it as an operator does (SIGTERM). */
  stop(): Promise<void>
  /** Ends it as a crash does (SIGKILL). */
  kill(): Promise<void>
  /** Freezes it in the middle of its work; connections stay open and get no answer. */
  freeze(): void
  thaw(): void
}

/**
 * Started and ended with the test.
 * @throws Error when `redis-server` is not installed: a skipped proof must not look like a passed one.
 */
export async function startRedis(t: Scope, options: TestRedisOptions = {}): Promise<TestRedis> {
  const directory = await mkdtemp(join(tmpdir(), 'gatehouse-redis-'))
  let child: ChildProcess | null = null
  let port = await closedPort()
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    const ending = child
    if (ending === null) return
    child = null
    const ended = once(ending, 'close')
    ending.kill(signal)
    // A frozen process receives only these two signals.
    if (signal !== 'SIGKILL') ending.kill('SIGCONT')
    await soon(`${program} ends`, ended)
  }
  t.after(async () => {
    await end('SIGKILL')
    await rm(directory, { recursive: true, force: true })
  })
  await writeFile(join(directory, 'redis.conf'), settings(options))
  const redis: TestRedis = {
    get url() {
      return `redis://127.0.0.1:${port}`
    },
    get section() {
      return { url: redis.url, timeout: '10s' } as const
    },
    get port() {
      return port
    },
    get pid() {
      return child?.pid ?? null
    },
    async start() {
      if (child === null) child = await launch(directory, port)
    },
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
    freeze: () => void child?.kill('SIGSTOP'),
    thaw: () => void child?.kill('SIGCONT'),
  }
  if (options.started === false) return redis
  for (let tried = 1; ; tried += 1) {
    try {
      await redis.start()
      if (options.cluster === true) tell(port, 'CLUSTER', 'ADDSLOTSRANGE', '0', '16383')
      return redis
    } catch (error) {
      if (!(error instanceof PortTaken) || tried === portTriesMax) throw error
      port = await closedPort()
    }
  }
}

/** Runs one command, as an operator types it, and returns its answer. */
export function tell(port: number, ...command: readonly string[]): string {
  const { stdout, error } = spawnSync('redis-cli', ['-p', String(port), ...command], { encoding: 'utf8' })
  if (error !== undefined) throw new Error('redis-cli cannot be started: it comes with redis-server', { cause: error })
  return stdout.trim()
}

/** Another program took the port between our finding it free and the server's start. */
class PortTaken extends Error {}

function settings(options: TestRedisOptions): string {
  const lines = [
    'bind 127.0.0.1',
    'save ""',
    `appendonly ${options.appendOnly === true ? 'yes' : 'no'}`,
    // With `everysec` the server puts writes off for up to two seconds while its disk syncs slowly, and a kill then
    // loses what it has answered already.
    'appendfsync always',
    'daemonize no',
  ]
  if (options.password !== undefined) lines.push(`requirepass "${options.password}"`)
  if (options.cluster === true) lines.push('cluster-enabled yes', 'cluster-announce-ip 127.0.0.1')
  return `${lines.join('\n')}\n`
}

/** Resolves when the server logs that it is ready. */
async function launch(directory: string, port: number): Promise<ChildProcess> {
  const args = ['redis.conf', '--port', String(port)]
  const child = spawn(program, args, { cwd: directory, stdio: ['ignore', 'pipe', 'pipe'] })
  const said: string[] = []
  const { promise, resolve, reject } = Promise.withResolvers<ChildProcess>()
  child.on('error', cause =>
    reject(new Error(`${program} cannot be started: install it (Debian: apt-get install redis-server)`, { cause })),
  )
  child.on('close', code => {
    const text = said.join('\n')
    reject(
      text.includes('Address already in use') ? new PortTaken() : new Error(`${program} ended (${code}):\n${text}`),
    )
  })
  for (const stream of [child.stdout, child.stderr]) {
    if (stream === null) continue
    createInterface(stream).on('line', line => {
      said.push(line)
      if (line.includes('Ready to accept connections')) resolve(child)
    })
  }
  return await soon(`${program} is ready`, promise)
}
