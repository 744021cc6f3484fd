/**
 * The same calls made twice: through the gateway, and directly to an instance that is the twin of the gateway's own.
 * The client must get the same, exchange by exchange: status, headers, every byte of the body.
 */
import assert from 'node:assert/strict'
import { startAzure } from '../../packages/simulator/src/azure/index.ts'
import { demoDirectory } from '../../packages/simulator/src/directory.ts'
import type { SimulatedDeployment } from '../../packages/simulator/src/types.ts'
import { type Scope, startWorld, type World } from './world.ts'

/** The address that a client uses. */
export interface Door {
  /** Called `endpoint` by AzureOpenAI. */
  readonly endpoint: string
  /** Base URL of the v1 API. */
  readonly v1: string
  readonly token: () => Promise<string>
  /** Records every answer. */
  readonly fetch: typeof fetch
  readonly direct: boolean
}

export interface Exchange {
  readonly method: string
  /** Path below the door's base, with its query. */
  readonly path: string
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
  /** True when the body broke off. */
  readonly broken: boolean
}

/** Headers of the connection or of the moment, or ids of the one call. Only `x-gatehouse-request-id` is added. */
const varyingHeaders = new Set([
  'date',
  'connection',
  'keep-alive',
  'transfer-encoding',
  'apim-request-id',
  'x-request-id',
  'x-gatehouse-request-id',
  // Headers of the instance's own origin (`backend/headers.ts`).
  'access-control-allow-origin',
  'strict-transport-security',
  'vary',
  'server',
])

/** What is left of a limit changes with the moment of the call: between the two calls, a window may have moved on. */
const figureOfTheMoment = /^x-ratelimit-(remaining|reset)-/

export interface TwinWorld {
  readonly world: World
  /** Runs the script through the gateway and directly, compares every exchange, and returns what both runs returned. */
  same<T>(script: (door: Door) => Promise<T>, options?: { readonly target?: string }): Promise<T>
  /** The exchanges of the last run through the gateway. */
  readonly seen: readonly Exchange[]
}

export const everyDeployment = {
  'gpt-4o': { model: 'gpt-4o' },
  'gpt-4o-mini': { model: 'gpt-4o-mini' },
  'o3-mini': { model: 'o3-mini' },
  'text-embedding-3-small': { model: 'text-embedding-3-small' },
  instruct: { model: 'gpt-35-turbo-instruct' },
  picture: { model: 'gpt-image-1' },
  voice: { model: 'tts' },
  ears: { model: 'whisper' },
} as const satisfies Record<string, SimulatedDeployment>

/** The audience that Azure OpenAI itself accepts. */
const azureOpenAi = 'https://cognitiveservices.azure.com'

export async function startTwins(t: Scope): Promise<TwinWorld> {
  // With a seed and without a clock, times in answers follow from the call, so that both ways get equal bytes.
  const azure = { seed: 11 }
  const world = await startWorld(t, { azure, deployments: everyDeployment })
  const twin = await startAzure({
    name: 'dev-openai-instance-1',
    deployments: everyDeployment,
    entra: { authority: world.entra.url, tenantId: demoDirectory.tenantId, allowedObjectIds: 'all' },
    ...azure,
  })
  t.after(() => twin.close())
  let seen: readonly Exchange[] = []
  return {
    world,
    get seen() {
      return seen
    },
    async same(script, options = {}) {
      const through = openDoor(world, `${world.url}/${options.target ?? 'main'}/hr-bot`, false)
      const directly = openDoor(world, twin.url, true)
      const got = await script(through.door)
      const wanted = await script(directly.door)
      seen = await through.exchanges()
      compare(seen, await directly.exchanges())
      assert.deepEqual(plain(got), plain(wanted), "the client's result")
      return got
    },
  }
}

/** A client's result without its private parts; ids of the one call are equal because of the seed. */
function plain(value: unknown): unknown {
  return value === undefined ? null : JSON.parse(JSON.stringify(value))
}

function openDoor(world: World, endpoint: string, direct: boolean): { door: Door; exchanges(): Promise<Exchange[]> } {
  // In the order of the requests: answers to requests in parallel come in any order.
  const pending: Promise<Exchange | null>[] = []
  const recording: typeof fetch = (input, init) => {
    const url = typeof input === 'string' ? input : input instanceof URL ? input.href : input.url
    const method = init?.method ?? (input instanceof Request ? input.method : 'GET')
    const answer = fetch(input, init)
    // Cloned before the client reads it. A call without an answer is the client's to report.
    const exchange = answer.then(response => readExchange(method, url.slice(endpoint.length), response.clone()))
    pending.push(exchange.catch(() => null))
    return answer
  }
  const door = {
    endpoint,
    v1: `${endpoint}/openai/v1`,
    // An instance accepts only tokens for its own audience, and the gateway here those for the company's registration.
    token: () => (direct ? world.entra.token({ as: 'alice', audience: azureOpenAi }) : world.token('alice')),
    fetch: recording,
    direct,
  }
  const exchanges = async (): Promise<Exchange[]> => (await Promise.all(pending)).filter(exchange => exchange !== null)
  return { door, exchanges }
}

async function readExchange(method: string, path: string, response: Response): Promise<Exchange> {
  const headers = Object.fromEntries(
    [...response.headers]
      .filter(([name]) => !varyingHeaders.has(name))
      .map(([name, value]) => [name, figureOfTheMoment.test(name) ? value.replace(/^\d+$/, 'a number') : value]),
  )
  const chunks: Uint8Array[] = []
  let broken = false
  try {
    for await (const chunk of response.body ?? []) chunks.push(chunk)
  } catch {
    broken = true
  }
  return { method, path, status: response.status, headers, body: Buffer.concat(chunks), broken }
}

function compare(through: readonly Exchange[], directly: readonly Exchange[]): void {
  const line = ({ method, path, status }: Exchange): string => `${method} ${path} ${status}`
  assert.deepEqual(through.map(line), directly.map(line), 'the calls themselves')
  assert.notEqual(through.length, 0, 'nothing was called')
  for (const [at, exchange] of through.entries()) {
    const twin = directly[at]
    assert.deepEqual(exchange.headers, twin?.headers, `headers of ${line(exchange)}`)
    assert.equal(exchange.broken, twin?.broken)
    assert.equal(exchange.body.toString('latin1'), twin?.body.toString('latin1'), `bytes of ${line(exchange)}`)
  }
}
