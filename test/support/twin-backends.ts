/**
 * Two backends that belong to the test, `up1` and `up2`, as members of pools: answers of an instance that keeps state,
 * and which of the two each request reached.
 */
import type { ConfigInput } from '../../packages/gateway/src/config/schema/index.ts'
import type { HouseParts } from '../../packages/gateway/src/house/index.ts'
import { type Backend, type Received, startBackend } from './backend.ts'
import { type Person, type PersonOptions, person } from './objects.ts'
import { instanceKey, type Scope, startWorld, type World } from './world.ts'

export interface TwinBackends {
  readonly world: World
  readonly up1: Backend
  readonly up2: Backend
  /** Alice of the hr-bot through pool `rr`, unless another caller or target is given. */
  as(options?: PersonOptions): Promise<Person>
  /** Names of the backends that were called since the last time, in order. */
  called(): readonly string[]
}

export interface TwinBackendsOptions {
  readonly deployments?: readonly string[]
  readonly change?: (config: ConfigInput) => ConfigInput
  readonly parts?: Partial<HouseParts>
}

export interface JsonAnswer {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body: unknown
}

/** Pool `rr` takes turns, pool `main` prefers `up1`. Workloads hr-bot (alice) and code-assistant (bob) may use both. */
export async function startTwinBackends(t: Scope, options: TwinBackendsOptions = {}): Promise<TwinBackends> {
  const [up1, up2] = [await startBackend(t), await startBackend(t)]
  const deployments = options.deployments ?? ['gpt-5', 'gpt-4o']
  const order: string[] = []
  // Taken from what each backend recorded, so that tests may change `answer` freely.
  const counts = { up1: 0, up2: 0 }
  const world = await startWorld(t, {
    ...(options.parts === undefined ? {} : { parts: options.parts }),
    change: config => {
      const changed = withTwins(config, up1, up2, deployments)
      return options.change?.(changed) ?? changed
    },
  })
  return {
    world,
    up1,
    up2,
    as: (more = {}) => person(world, { target: 'rr', ...more }),
    called() {
      order.length = 0
      for (const [name, backend] of [
        ['up1', up1],
        ['up2', up2],
      ] as const) {
        for (; counts[name] < backend.received.length; counts[name] += 1) order.push(name)
      }
      return [...order]
    },
  }
}

/** Answers every request with JSON. */
export function answering(answer: (request: Received) => JsonAnswer): Backend['answer'] {
  return (request, response) => {
    const { status = 200, headers = {}, body } = answer(request)
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
  }
}

function withTwins(config: ConfigInput, up1: Backend, up2: Backend, deployments: readonly string[]): ConfigInput {
  const instance = (backend: Backend): ConfigInput['instances'][string] => ({
    endpoint: backend.url,
    credential: { key: instanceKey },
    deployments: Object.fromEntries(deployments.map(name => [name, { model: name }])),
  })
  const workloads = Object.fromEntries(
    Object.entries(config.workloads).map(([name, workload]) => [
      name,
      {
        ...workload,
        targets: ['rr', 'main', 'up1', 'up2'],
        deployments: [...deployments],
        // Stored prompts name objects, too.
        storedPrompts: 'allow' as const,
        canary: {},
        shadow: {},
      },
    ]),
  )
  return {
    ...config,
    instances: { up1: instance(up1), up2: instance(up2) },
    pools: {
      rr: { strategy: 'round-robin', members: [{ instance: 'up1' }, { instance: 'up2' }] },
      main: {
        members: [
          { instance: 'up1', priority: 1 },
          { instance: 'up2', priority: 2 },
        ],
      },
    },
    workloads,
    limits: {},
  }
}
