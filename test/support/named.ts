/**
 * A gateway in front of two backends that belong to the test, for names in calls: one pool with aliases, and a workload
 * that may use some of it.
 */
import type { ConfigInput } from '../../packages/gateway/src/config/schema/index.ts'
import { type Backend, startBackend } from './backend.ts'
import { type RawAnswer, send } from './raw.ts'
import { type Scope, startWorld, type World } from './world.ts'

type WorkloadInput = ConfigInput['workloads'][string]

export interface NamedWorld {
  readonly world: World
  readonly one: Backend
  readonly two: Backend
  /** Requests that reached either backend since the last call of this function. */
  taken(): Backend['received']
  /** A POST of workload hr-bot on pool `main`, v1. */
  post(path: string, body: unknown, headers?: readonly (readonly [string, string])[]): Promise<RawAnswer>
}

export interface NamedOptions {
  readonly workload?: Partial<WorkloadInput>
  readonly gateway?: ConfigInput['gateway']
  readonly objects?: ConfigInput['objects']
  readonly feeds?: ConfigInput['feeds']
  /** Deployments of both instances, besides the usual ones. */
  readonly deployments?: readonly string[]
  /** Aliases of the pool's first member. */
  readonly aliases?: Readonly<Record<string, string>>
}

const usual = ['gpt-4o', 'gpt-4o-ptu', 'gpt-image-1', 'pictures-2', 'text-embedding-3-small', 'secret-model']

/** The workload may use only gpt-4o, gpt-image-1 and text-embedding-3-small. */
export async function startNamed(t: Scope, options: NamedOptions = {}): Promise<NamedWorld> {
  const [one, two] = await Promise.all([startBackend(t), startBackend(t)])
  const names = [...usual, ...(options.deployments ?? [])]
  const deployments = Object.fromEntries(names.map(name => [name, { model: name }]))
  const key = { key: 'key-of-an-instance-of-the-test' }
  const world = await startWorld(t, {
    change: config => {
      const hrBot = config.workloads['hr-bot']
      if (hrBot === undefined) throw new TypeError('the demonstration has no workload hr-bot')
      return {
        ...config,
        gateway: { ...config.gateway, ...options.gateway },
        objects: options.objects ?? {},
        feeds: options.feeds ?? {},
        instances: {
          ...config.instances,
          one: { endpoint: one.url, credential: key, deployments },
          two: { endpoint: two.url, credential: key, deployments },
        },
        pools: {
          ...config.pools,
          named: {
            members: [
              { instance: 'one', priority: 1, aliases: { ...options.aliases } },
              { instance: 'two', priority: 2 },
            ],
          },
        },
        workloads: {
          ...config.workloads,
          'hr-bot': {
            ...hrBot,
            targets: ['named', 'one', 'two'],
            deployments: ['gpt-4o', 'gpt-image-1', 'text-embedding-3-small'],
            ...options.workload,
          },
        },
      }
    },
  })
  const token = await world.token('alice')
  let seenOne = 0
  let seenTwo = 0
  return {
    world,
    one,
    two,
    taken() {
      const fresh = [...one.received.slice(seenOne), ...two.received.slice(seenTwo)]
      seenOne = one.received.length
      seenTwo = two.received.length
      return fresh
    },
    post(path, body, headers = []) {
      const isBytes = typeof body === 'string' || Buffer.isBuffer(body)
      const has = headers.some(([name]) => name.toLowerCase() === 'content-type')
      return send(world.url, {
        target: `/named/hr-bot/openai/v1/${path}`,
        headers: [
          ['Authorization', `Bearer ${token}`],
          ...(has ? [] : ([['Content-Type', 'application/json']] as const)),
          ...headers,
        ],
        body: isBytes ? body : JSON.stringify(body),
      })
    },
  }
}
