/** The gateway as a process of its own, which can be killed, and the sign-in service and instances that survive it. */
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
import type { AzureSimulator, BillLine, EntraSimulator } from '../../packages/simulator/src/types.ts'
import { compileCache } from '../support/compile-cache.ts'
import { temporaryDirectory } from '../support/directory.ts'
import { instanceKey, type Scope } from '../support/world.ts'
import { callersOfPlans } from './plans.ts'
import { chaosConfig, chaosDeployments, warmUp } from './world.ts'

const program = fileURLToPath(new URL('../../packages/gateway/src/cli/main.ts', import.meta.url))
const readyWithinMs = 120_000

/** The surroundings of a gateway: their bill outlives every gateway process. */
export interface Surroundings {
  readonly entra: EntraSimulator
  readonly instances: readonly AzureSimulator[]
  readonly ledgerDirectory: string
  readonly configFile: string
  /** Variables of the gateways' environment beside their own. */
  readonly env?: Readonly<Record<string, string>>
  bill(): readonly BillLine[]
}

export interface SurroundingsOptions {
  /** Default: a directory below a temporary one. */
  readonly ledgerDirectory?: string
  readonly change?: (config: ConfigInput) => ConfigInput
  readonly env?: Readonly<Record<string, string>>
}

export async function startSurroundings(t: Scope, options: SurroundingsOptions = {}): Promise<Surroundings> {
  const directory = temporaryDirectory('chaos')
  const entra = await startEntra({ directory: demoDirectory })
  t.after(() => entra.close())
  const instances = await Promise.all(
    ['dev-openai-instance-1', 'dev-openai-instance-2'].map(name =>
      startAzure({
        name,
        deployments: chaosDeployments,
        keys: [instanceKey],
        entra: { authority: entra.url, tenantId: demoDirectory.tenantId, allowedObjectIds: 'all' },
        seed: 7,
      }),
    ),
  )
  for (const instance of instances) t.after(() => instance.close())
  await warmUp(instances)
  const ledgerDirectory = options.ledgerDirectory ?? join(directory, 'ledger')
  const [one = '', two = ''] = instances.map(instance => instance.url)
  const written = chaosConfig(
    demoConfig({
      gatewayListen: '127.0.0.1:0',
      adminListen: '127.0.0.1:0',
      authority: entra.url,
      instance1: one,
      instance2: two,
      instance2Key: '${env:INSTANCE_KEY}',
      ledgerDirectory,
    }),
  )
  const configFile = join(directory, 'gatehouse.yaml')
  const config = { ...(options.change?.(written) ?? written), log: { level: 'info' } }
  // JSON is YAML.
  await writeFile(configFile, JSON.stringify(config, null, 2))
  return {
    entra,
    instances,
    ledgerDirectory,
    configFile,
    env: options.env ?? {},
    bill: () => instances.flatMap(instance => instance.bill()),
  }
}

/** Tokens for every caller of the plans, good and bad. */
export async function tokensOf(entra: EntraSimulator): Promise<Map<string, string>> {
  const tokens = await Promise.all(callersOfPlans.map(async as => [as, await entra.token({ as })] as const))
  const expired = await entra.token({ as: 'alice', lifetimeSeconds: -7_200 })
  return new Map([...tokens, ['garbage', 'eyJhbGciOiJSUzI1NiJ9.e30'], ['expired', expired]])
}

export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** A `gatehouse serve` or `collect` that is running or has ended. */
export interface GatewayProcess {
  readonly pid: number
  /** Lines of its standard error. */
  readonly lines: readonly string[]
  readonly exited: Promise<Exit>
  kill(signal: NodeJS.Signals): void
}

type Command = 'serve' | 'collect'

/** Starts the process, and kills it by its number when the test is over, however the test ended. */
export function spawnGateway(t: Scope, around: Surroundings, command: Command = 'serve'): GatewayProcess {
  const { IDENTITY_ENDPOINT, IDENTITY_HEADER } = around.entra.managedIdentity
  const child: ChildProcess = spawn(process.execPath, [program, command, '--config', around.configFile, '--no-watch'], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: {
      ...compileCache,
      PATH: process.env['PATH'],
      IDENTITY_ENDPOINT,
      IDENTITY_HEADER,
      INSTANCE_KEY: instanceKey,
      ...around.env,
    },
  })
  const lines: string[] = []
  if (child.stderr !== null) createInterface(child.stderr).on('line', line => lines.push(line))
  // 'close' comes only after standard error has been read to its end.
  const exited = once(child, 'close').then(([code, signal]) => ({ code, signal }) as Exit)
  t.after(async () => {
    child.kill('SIGKILL')
    await exited
  })
  return { pid: child.pid ?? 0, lines, exited, kill: signal => void child.kill(signal) }
}

/**
 * Waits for the log line that names the gateway's address. Rejects with the process's output when it ends or takes too
 * long.
 */
export async function startGateway(
  t: Scope,
  around: Surroundings,
  command: Command = 'serve',
): Promise<GatewayProcess & Addresses> {
  const gateway = spawnGateway(t, around, command)
  const end = performance.now() + readyWithinMs
  let exit: Exit | null = null
  void gateway.exited.then(how => {
    exit = how
  })
  for (;;) {
    const ready = gateway.lines.map(addresses).find(found => found !== null)
    if (ready !== undefined && ready !== null) return { ...gateway, ...ready }
    if (exit !== null || performance.now() > end) {
      throw new Error(`the gateway is not ready (${JSON.stringify(exit)}):\n${gateway.lines.join('\n')}`)
    }
    await new Promise(resolve => setTimeout(resolve, 10))
  }
}

/** A collector has no address for calls, and says so with an empty one. */
export interface Addresses {
  readonly url: string
  readonly adminUrl: string
}

function addresses(line: string): Addresses | null {
  if (!line.startsWith('{')) return null
  const said = JSON.parse(line) as { msg?: unknown; gateway?: unknown; admin?: unknown }
  return said.msg === 'ready' ? { url: String(said.gateway ?? ''), adminUrl: String(said.admin) } : null
}
