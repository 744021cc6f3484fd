/** A world with a pool of an instance of Azure OpenAI and one of kind openai. */
import type { ConfigInput } from '../../packages/gateway/src/config/schema/index.ts'
import type { HouseParts } from '../../packages/gateway/src/house/index.ts'
import { type OpenAIStandIn, openAIKey, startOpenAI } from './openai.ts'
import { apiVersion, ask, type Scope, startWorld, type World } from './world.ts'

export interface MixedWorld {
  readonly world: World
  readonly openai: OpenAIStandIn
  readonly token: string
  /** A POST of JSON to the target, `mixed` unless given. @param path below `/TARGET/hr-bot`. */
  post(path: string, body?: unknown, options?: PostOptions): Promise<Answer>
}

export interface PostOptions {
  readonly target?: string
  readonly headers?: Readonly<Record<string, string>>
}

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** The gateway's id of the call. */
  readonly id: string
}

/** The error object of an answer. */
export function errorOf({ text }: Answer): { readonly code: string | null; readonly message: string } {
  return (JSON.parse(text) as { readonly error: { readonly code: string | null; readonly message: string } }).error
}

export interface MixedOptions {
  readonly flavour?: 'openai' | 'vllm'
  /** Models of the stand-in. */
  readonly models?: readonly string[]
  /** The member that is tried first. Default: the instance of kind openai. */
  readonly first?: 'azure' | 'openai'
  /** Deployments of the pool that have another name at the stand-in. */
  readonly aliases?: Readonly<Record<string, string>>
  readonly change?: (config: ConfigInput) => ConfigInput
  readonly parts?: Partial<HouseParts>
}

export const azureDeployments = {
  'gpt-4o': { model: 'gpt-4o' },
  'text-embedding-3-small': { model: 'text-embedding-3-small' },
  ears: { model: 'whisper' },
} as const

export const chat = `/openai/deployments/gpt-4o/chat/completions?api-version=${apiVersion}`

export async function startMixed(t: Scope, options: MixedOptions = {}): Promise<MixedWorld> {
  const { models = ['gpt-4o', 'text-embedding-3-small', 'ears'], first = 'openai', aliases = {} } = options
  const openai = await startOpenAI(t, {
    models,
    ...(options.flavour === undefined ? {} : { flavour: options.flavour }),
  })
  const world = await startWorld(t, {
    deployments: azureDeployments,
    ...(options.parts === undefined ? {} : { parts: options.parts }),
    change: config => {
      const mixed = withMixedPool(config, openai, models, { first, aliases })
      return options.change?.(mixed) ?? mixed
    },
  })
  const token = await world.token('alice')
  return {
    world,
    openai,
    token,
    async post(path, body = { messages: ask('Is it so?') }, { target = 'mixed', headers = {} } = {}) {
      const isForm = body instanceof FormData
      const answer = await fetch(`${world.url}/${target}/hr-bot${path}`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${token}`,
          ...(isForm ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        body: isForm ? body : JSON.stringify(body),
      })
      const id = answer.headers.get('x-gatehouse-request-id') ?? ''
      return { status: answer.status, headers: answer.headers, text: await answer.text(), id }
    },
  }
}

function withMixedPool(
  config: ConfigInput,
  openai: OpenAIStandIn,
  models: readonly string[],
  { first, aliases }: { readonly first: 'azure' | 'openai'; readonly aliases: Readonly<Record<string, string>> },
): ConfigInput {
  const hrBot = config.workloads['hr-bot']
  if (hrBot === undefined) throw new TypeError('the demonstration has no workload hr-bot')
  const modelOf = (name: string): string => (name in azureDeployments ? name : 'gpt-4o')
  const deployments = Object.fromEntries(
    models.map(name => [name, { model: name === 'ears' ? 'whisper' : modelOf(name) }]),
  )
  const azure = { instance: 'dev-openai-instance-2', priority: first === 'azure' ? 1 : 2 }
  const other = { instance: 'direct', priority: first === 'azure' ? 2 : 1, aliases: { ...aliases } }
  return {
    ...config,
    instances: {
      ...config.instances,
      direct: { kind: 'openai', endpoint: openai.url, credential: { key: openAIKey }, deployments },
    },
    pools: { ...config.pools, mixed: { members: [azure, other] } },
    workloads: { ...config.workloads, 'hr-bot': { ...hrBot, targets: [...hrBot.targets, 'mixed', 'direct'] } },
  }
}
