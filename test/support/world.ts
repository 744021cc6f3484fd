/**
 * A whole world for tests: the sign-in service, two simulated instances and a gateway, on free ports, in this process.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stringify } from 'yaml'
import type { ConfigSource } from '../../packages/gateway/src/config/in-force/open.ts'
import { loadConfig } from '../../packages/gateway/src/config/load.ts'
import { type Config, type ConfigInput, configSchema } from '../../packages/gateway/src/config/schema/index.ts'
import { demoConfig } from '../../packages/gateway/src/demo/configuration.ts'
import type { House, HouseParts } from '../../packages/gateway/src/house/index.ts'
import { buildHouse } from '../../packages/gateway/src/house/open.ts'
import { startReloading } from '../../packages/gateway/src/house/reloading.ts'
import { silentLog } from '../../packages/gateway/src/log.ts'
import { startAzure } from '../../packages/simulator/src/azure/index.ts'
import { demoDirectory } from '../../packages/simulator/src/directory.ts'
import { startEntra } from '../../packages/simulator/src/entra/index.ts'
import type {
  AzureSimulator,
  AzureSimulatorOptions,
  Directory,
  EntraSimulator,
  SimulatedDeployment,
} from '../../packages/simulator/src/types.ts'
import { closedPort } from './ports.ts'
import { randomOf, seedOfRun } from './random.ts'

export const instanceKey = 'key-of-the-simulated-instance-0001'

/** Runs closers when it ends: a test's context, or a file's hooks. */
export interface Scope {
  after(close: () => unknown): void
}

export interface World {
  readonly entra: EntraSimulator
  readonly one: AzureSimulator
  readonly two: AzureSimulator
  readonly house: House
  readonly config: Config
  readonly directory: string
  /** `http://127.0.0.1:PORT` of the gateway. */
  readonly url: string
  token(as: string): Promise<string>
}

export interface WorldOptions {
  /** Changes to the demonstration's configuration. */
  readonly change?: (config: ConfigInput) => ConfigInput
  readonly azure?: Partial<AzureSimulatorOptions>
  /** Deployments of both instances, which workload hr-bot may use. Default: `fastDeployments`. */
  readonly deployments?: Readonly<Record<string, SimulatedDeployment>>
  readonly parts?: Partial<HouseParts>
  /**
   * True runs it from a file, `gatehouse.yaml` in the world's directory, which is watched; `parts` and `change` count
   * too. Default: the configuration is made in the process.
   */
  readonly fromFile?: boolean
  /** People, groups and registrations of the tenant. Default: the demonstration's. */
  readonly tenant?: Directory
}

/** Deployments without latency and limits: the demonstration's names at the speed of the machine. */
export const fastDeployments = {
  'gpt-4o': { model: 'gpt-4o' },
  'gpt-4o-mini': { model: 'gpt-4o-mini' },
  'text-embedding-3-small': { model: 'text-embedding-3-small' },
} as const

/** Tests send more calls without a token in a minute than real clients do, and examine the record of each. */
export const everyRefusal = { perMinute: 1_000_000, allPerMinute: 1_000_000 } as const

/** Builds a world and closes it after the test. */
export async function startWorld(t: Scope, options: WorldOptions = {}): Promise<World> {
  const directory = await mkdtemp(join(tmpdir(), 'gatehouse-test-'))
  const entra = await startEntra({ directory: options.tenant ?? demoDirectory })
  const simulated = async (name: string, at: number): Promise<AzureSimulator> =>
    startAzure({
      name,
      // During an outage, no other test must get the port.
      port: await closedPort(),
      random: randomOf(seedOfRun() + at).share,
      deployments: options.deployments ?? fastDeployments,
      keys: [instanceKey],
      entra: { authority: entra.url, tenantId: demoDirectory.tenantId, allowedObjectIds: 'all' },
      ...options.azure,
    })
  const one = await simulated('dev-openai-instance-1', 1)
  const two = await simulated('dev-openai-instance-2', 2)
  const written = withDeployments(
    demoConfig({
      gatewayListen: '127.0.0.1:0',
      adminListen: '127.0.0.1:0',
      authority: entra.url,
      instance1: one.url,
      instance2: two.url,
      instance2Key: instanceKey,
      ledgerDirectory: join(directory, 'ledger'),
    }),
    options.deployments ?? fastDeployments,
  )
  const recorded = { ...written, ledger: { ...written.ledger, unauthenticated: everyRefusal } }
  const input = options.change?.(recorded) ?? recorded
  const source = options.fromFile === true ? await writtenSource(directory, input) : null
  const config = source?.loaded.config ?? configSchema.parse(input)
  const { share: random } = randomOf(seedOfRun())
  const house = await buildHouse(config, {
    log: silentLog,
    appService: entra.managedIdentity,
    random,
    ...(source === null ? {} : { source }),
    ...options.parts,
  })
  const watching = { log: options.parts?.log ?? silentLog, env: {}, watching: true }
  const reloading = source === null ? null : startReloading(house, source.loaded, watching)
  t.after(async () => {
    reloading?.stop()
    await house.close()
    await Promise.all([one.close(), two.close(), entra.close()])
    await rm(directory, { recursive: true, force: true })
  })
  return {
    entra,
    one,
    two,
    house,
    config,
    directory,
    url: house.gateway.url,
    token: as => entra.token({ as }),
  }
}

/** Another gateway on the same configuration, after the first one was closed; or on a changed one, beside it. */
export async function reopen(t: Scope, world: World, config: Config = world.config): Promise<House> {
  const house = await buildHouse(config, { log: silentLog, appService: world.entra.managedIdentity })
  t.after(() => house.close())
  return house
}

async function writtenSource(directory: string, input: ConfigInput): Promise<ConfigSource> {
  const file = join(directory, 'gatehouse.yaml')
  await writeFile(file, stringify(input, { aliasDuplicateObjects: false }))
  return { loaded: await loadConfig(file, {}), env: {} }
}

function withDeployments(config: ConfigInput, simulated: Readonly<Record<string, SimulatedDeployment>>): ConfigInput {
  const deployments = Object.fromEntries(
    Object.entries(simulated).map(([name, { model, kind }]) => [name, { model, ...(kind ? { kind } : {}) }]),
  )
  const hrBot = config.workloads['hr-bot']
  if (hrBot === undefined) throw new TypeError('the demonstration has no workload hr-bot')
  return {
    ...config,
    instances: Object.fromEntries(
      Object.entries(config.instances).map(([name, instance]) => [name, { ...instance, deployments }]),
    ),
    workloads: { ...config.workloads, 'hr-bot': { ...hrBot, deployments: Object.keys(deployments) } },
  }
}

/** Messages of a chat with one question. */
export function ask(text: string): { readonly role: 'user'; readonly content: string }[] {
  return [{ role: 'user', content: text }]
}

/** A dated version that supports everything that is tested. */
export const apiVersion = '2025-04-01-preview'

/** Request target of a chat completion, dated form. */
export const chatPath = `/main/hr-bot/openai/deployments/gpt-4o/chat/completions?api-version=${apiVersion}`
