/** `gatehouse serve` as a process of its own, from a configuration file, as operators run it. */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { ConfigInput } from '../../packages/gateway/src/config/schema/index.ts'
import { demoConfig } from '../../packages/gateway/src/demo/configuration.ts'
import { startAzure } from '../../packages/simulator/src/azure/index.ts'
import { demoDirectory } from '../../packages/simulator/src/directory.ts'
import { startEntra } from '../../packages/simulator/src/entra/index.ts'
import type { AzureSimulator, EntraSimulator, SimulatedDeployment } from '../../packages/simulator/src/types.ts'
import { compileCache } from './compile-cache.ts'
import { temporaryDirectory } from './directory.ts'
import { randomOf, seedOfRun } from './random.ts'
import { eventually, soon } from './wait.ts'
import { fastDeployments, instanceKey, type Scope } from './world.ts'

const main = fileURLToPath(new URL('../../packages/gateway/src/cli/main.ts', import.meta.url))
/** Runs the command as on a machine with Node 20: on the packaged Node, in a process of its own. */
export const launcherOnOldNode: readonly [file: string, ...args: string[]] = [
  process.execPath,
  "--import=data:text/javascript,Object.defineProperty(process,'versions',{value:{...process.versions,node:'20.0.0'}})",
  fileURLToPath(new URL('../../packages/gateway/bin/gatehouse.mjs', import.meta.url)),
]

/** Longest wait for a line of the log, in milliseconds. */
const loggedMsMax = 60_000
/** Longest wait for the checks at the start: where nothing answers, they wait longest. Milliseconds. */
const checkedMsMax = 60_000

export interface Served {
  readonly url: string
  readonly adminUrl: string
  readonly process: ChildProcess
  /** Lines of the log so far, parsed. */
  readonly log: readonly Readonly<Record<string, unknown>>[]
  /** All output to standard output and standard error so far. */
  readonly written: string
  /** Waits for a line of the log with this message. @param after number of lines to skip. */
  logged(message: string, after?: number): Promise<Readonly<Record<string, unknown>>>
  /** Sends SIGTERM and waits for the end. @returns the exit code; null when a signal ended it. */
  stop(): Promise<number | null>
  /** Waits for the end, and of all its output. @returns as `stop`. */
  end(): Promise<number | null>
}

export interface ServeOptions {
  /**
   * A file and its arguments that run the `gatehouse` command; `process` is then the leader of a process group, and a
   * relative file is looked up in `path`. Default: the checkout's command.
   */
  readonly command?: readonly [file: string, ...args: string[]]
  /** Default: that of this process. */
  readonly path?: string | undefined
  /** Further variables of its environment. */
  readonly env?: Readonly<Record<string, string>>
  /** Longest wait until it is ready, in milliseconds. Default 20,000. */
  readonly readyMsMax?: number
}

/** Starts the program and waits until it is ready. It is killed after the test if it still runs. */
export async function serveFile(
  t: Scope,
  configFile: string,
  directory: string,
  { command, path = process.env['PATH'], env = {}, readyMsMax = loggedMsMax }: ServeOptions = {},
): Promise<Served> {
  const [file, ...args] = command ?? [process.execPath, main]
  const child = spawn(file, [...args, 'serve', '--no-watch', '--config', configFile], {
    cwd: directory,
    env: { ...compileCache, PATH: path, HOME: directory, TMPDIR: directory, INSTANCE_KEY: instanceKey, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: command !== undefined,
  })
  const ended = once(child, 'close')
  t.after(async () => {
    if (child.exitCode === null && child.signalCode === null) {
      if (command !== undefined && child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
      else child.kill('SIGKILL')
    }
    await ended
  })
  let written = ''
  const log: Record<string, unknown>[] = []
  child.stdout.on('data', chunk => {
    written += String(chunk)
  })
  child.stderr.on('data', chunk => {
    written += String(chunk)
  })
  createInterface({ input: child.stderr }).on('line', line => {
    if (line.startsWith('{')) log.push(JSON.parse(line) as Record<string, unknown>)
  })
  const logged = (message: string, after = 0, withinMs = loggedMsMax) =>
    eventually(
      `"${message}" in the log`,
      () => {
        if (child.exitCode !== null) throw new Error(`gatehouse serve has ended with ${child.exitCode}:\n${written}`)
        return log.slice(after).find(line => line['msg'] === message) ?? null
      },
      withinMs,
    )
  const end: Served['end'] = async () => {
    await soon('gatehouse serve ends', ended)
    return child.exitCode
  }
  const ready = await logged('ready', 0, readyMsMax)
  // They would take the first answers that a test prepares at an instance.
  await logged('connections_checked', 0, checkedMsMax)
  return {
    url: String(ready['gateway']),
    adminUrl: String(ready['admin']),
    process: child,
    log,
    get written() {
      return written
    },
    logged,
    stop() {
      child.kill('SIGTERM')
      return end()
    },
    end,
  }
}

export interface ServedWorld {
  readonly entra: EntraSimulator
  readonly one: AzureSimulator
  readonly two: AzureSimulator
  readonly directory: string
  readonly configFile: string
  /** The configuration as in the file. */
  readonly config: ConfigInput
  /** Replaces the file. JSON is YAML. */
  write(config: ConfigInput): Promise<void>
  serve(options?: ServeOptions): Promise<Served>
  token(as: string): Promise<string>
}

export interface ServedOptions {
  readonly change?: (config: ConfigInput) => ConfigInput
  readonly deployments?: Readonly<Record<string, SimulatedDeployment>>
}

/** The simulators in this process, and a configuration file for `gatehouse serve`. Instance 1 also accepts a key. */
export async function startServedWorld(t: Scope, options: ServedOptions = {}): Promise<ServedWorld> {
  const directory = temporaryDirectory('served')
  const entra = await startEntra({ directory: demoDirectory })
  t.after(() => entra.close())
  const [one, two] = await Promise.all(
    ['dev-openai-instance-1', 'dev-openai-instance-2'].map((name, at) =>
      startAzure({
        name,
        deployments: options.deployments ?? fastDeployments,
        keys: [instanceKey],
        random: randomOf(seedOfRun() + 20 + at).share,
      }),
    ),
  )
  if (one === undefined || two === undefined) throw new TypeError('two instances were started')
  t.after(() => Promise.all([one.close(), two.close()]))
  const written = demoConfig({
    gatewayListen: '127.0.0.1:0',
    adminListen: '127.0.0.1:0',
    authority: entra.url,
    instance1: one.url,
    instance2: two.url,
    instance2Key: '${env:INSTANCE_KEY}',
    ledgerDirectory: join(directory, 'ledger'),
  })
  const first = written.instances['dev-openai-instance-1']
  if (first === undefined) throw new TypeError('the demonstration has no dev-openai-instance-1')
  const keyed: ConfigInput = {
    ...written,
    instances: {
      ...written.instances,
      'dev-openai-instance-1': { ...first, credential: { key: '${env:INSTANCE_KEY}' } },
    },
    log: { level: 'debug' },
  }
  const config = options.change?.(keyed) ?? keyed
  const configFile = join(directory, 'gatehouse.yaml')
  const write = (next: ConfigInput): Promise<void> => writeFile(configFile, JSON.stringify(next, null, 2))
  await write(config)
  return {
    entra,
    one,
    two,
    directory,
    configFile,
    config,
    write,
    serve: how => serveFile(t, configFile, directory, how),
    token: as => entra.token({ as }),
  }
}
