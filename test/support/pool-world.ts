/** A world whose pool has as many instances as a test needs, each a simulator that can be made to fail. */

import type { ConfigInput } from '../../packages/gateway/src/config/schema/index.ts'
import type { HouseParts } from '../../packages/gateway/src/house/index.ts'
import { startAzure } from '../../packages/simulator/src/azure/index.ts'
import type {
  AzureSimulator,
  AzureSimulatorOptions,
  BillLine,
  SimulatedDeployment,
} from '../../packages/simulator/src/types.ts'
import { randomOf, seedOfRun } from './random.ts'
import { type RawAnswer, send } from './raw.ts'
import { apiVersion, ask, fastDeployments, instanceKey, type Scope, startWorld, type World } from './world.ts'

type Pools = NonNullable<ConfigInput['pools']>
export type PoolInput = Pools[string]
type InstanceInput = ConfigInput['instances'][string]

export interface PoolWorld {
  readonly world: World
  readonly instances: readonly AzureSimulator[]
  /** Lines of all instances, with the instance's name in each. */
  bill(): readonly BillLine[]
  /** One chat completion of workload hr-bot on the pool; `body` replaces the default body. */
  chat(options?: ChatOptions): Promise<RawAnswer>
}

export interface ChatOptions {
  readonly target?: string
  readonly deployment?: string
  readonly operation?: string
  readonly body?: Readonly<Record<string, unknown>>
  readonly headers?: readonly (readonly [string, string])[]
}

export interface PoolOptions {
  readonly count: number
  readonly deployments?: (at: number) => Readonly<Record<string, SimulatedDeployment>>
  /** Settings of the pool `trio`; `members` are all instances, in order, unless given. */
  readonly pool?: Partial<PoolInput>
  readonly members?: (names: readonly string[]) => PoolInput['members']
  readonly instance?: (at: number) => Partial<InstanceInput>
  readonly change?: (config: ConfigInput) => ConfigInput
  readonly azure?: Partial<AzureSimulatorOptions>
  readonly parts?: Partial<HouseParts>
}

export async function startPool(t: Scope, options: PoolOptions): Promise<PoolWorld> {
  const deploymentsOf = options.deployments ?? (() => fastDeployments)
  const names = Array.from({ length: options.count }, (_, at) => `member-${at + 1}`)
  const instances = await Promise.all(
    names.map((name, at) =>
      startAzure({
        name,
        deployments: deploymentsOf(at),
        keys: [instanceKey],
        random: randomOf(seedOfRun() + 10 + at).share,
        ...options.azure,
      }),
    ),
  )
  t.after(() => Promise.all(instances.map(instance => instance.close())))
  const world = await startWorld(t, {
    ...(options.parts === undefined ? {} : { parts: options.parts }),
    change: config => {
      const pooled = withPool(config, names, instances, options, deploymentsOf)
      return options.change?.(pooled) ?? pooled
    },
  })
  const token = await world.token('alice')
  return {
    world,
    instances,
    bill: () => instances.flatMap(instance => instance.bill()),
    chat({ target = 'trio', deployment = 'gpt-4o', operation = 'chat/completions', body, headers = [] } = {}) {
      return send(world.url, {
        target: `/${target}/hr-bot/openai/deployments/${deployment}/${operation}?api-version=${apiVersion}`,
        headers: [['Authorization', `Bearer ${token}`], ['Content-Type', 'application/json'], ...headers],
        body: JSON.stringify(body ?? { messages: ask('Hello'), max_tokens: 20 }),
      })
    },
  }
}

function withPool(
  config: ConfigInput,
  names: readonly string[],
  instances: readonly AzureSimulator[],
  options: PoolOptions,
  deploymentsOf: (at: number) => Readonly<Record<string, SimulatedDeployment>>,
): ConfigInput {
  const hrBot = config.workloads['hr-bot']
  if (hrBot === undefined) throw new TypeError('the demonstration has no workload hr-bot')
  const added = names.map((name, at): [string, InstanceInput] => [
    name,
    {
      endpoint: instances[at]?.url ?? '',
      credential: { key: instanceKey },
      deployments: Object.fromEntries(
        Object.entries(deploymentsOf(at)).map(([deployment, { model, kind = 'standard' }]) => [
          deployment,
          { model, kind },
        ]),
      ),
      ...options.instance?.(at),
    },
  ])
  const members = options.members?.(names) ?? names.map(instance => ({ instance }))
  return {
    ...config,
    instances: { ...config.instances, ...Object.fromEntries(added) },
    pools: { ...config.pools, trio: { ...options.pool, members } },
    workloads: { ...config.workloads, 'hr-bot': { ...hrBot, targets: [...hrBot.targets, 'trio', ...names] } },
  }
}
