/** The chaos tests' additions to the demonstration's world: short timeouts, a paced deployment, one for completions. */
import type { ConfigInput } from '../../packages/gateway/src/config/schema/index.ts'
import type { Ledger } from '../../packages/gateway/src/ledger/index.ts'
import { openLedger } from '../../packages/gateway/src/ledger/open.ts'
import { silentLog } from '../../packages/gateway/src/log.ts'
import { createTokenCounter } from '../../packages/gateway/src/tokens/index.ts'
import type { AzureSimulator, SimulatedDeployment } from '../../packages/simulator/src/types.ts'
import { everyRefusal, instanceKey, type Scope } from '../support/world.ts'

/**
 * Deployments by name. `gpt-4o-mini` is slow, so that calls can be left and cut while an answer is in flight; `thinker`
 * is silent for a while first.
 */
export const chaosDeployments = {
  'gpt-4o': { model: 'gpt-4o' },
  'gpt-4o-mini': { model: 'gpt-4o-mini', timeToFirstTokenMs: 4, tokensPerSecond: 3_000, jitter: 0.5 },
  thinker: { model: 'gpt-5-mini', reasoningTokensPerSecond: 50_000 },
  'text-embedding-3-small': { model: 'text-embedding-3-small' },
  instruct: { model: 'gpt-35-turbo-instruct' },
} as const satisfies Readonly<Record<string, SimulatedDeployment>>

/** Its bodies are not recorded; the demonstration's application calls as it. */
export const metadataWorkload = 'expert-finder'

/** In ms; a fault that is to exceed one of these waits longer. */
export const firstByteMs = 5_000
export const streamIdleMs = 3_000
/** Bytes; a larger body is refused. */
export const bodyBytesMax = 65_536

/**
 * A third of the calls bring a fault: with default settings, breakers would exclude both instances most of the time.
 */
const breaker = { failures: 1_000, failureShare: 1, open: '100ms', retryAfterMax: '1s' } as const

const written = Object.fromEntries(Object.entries(chaosDeployments).map(([name, { model }]) => [name, { model }]))

/** The demonstration's configuration, made fit for chaos. */
export function chaosConfig(config: ConfigInput): ConfigInput {
  const { workloads } = config
  const withInstruct = Object.fromEntries(
    Object.entries(workloads).map(([name, workload]) => [
      name,
      name === metadataWorkload
        ? { ...workload, capture: 'metadata' as const }
        : { ...workload, deployments: [...workload.deployments, 'instruct', 'thinker'] },
    ]),
  )
  return {
    ...config,
    gateway: {
      ...config.gateway,
      bodyBytesMax,
      timeouts: { firstByte: `${firstByteMs}ms`, streamIdle: `${streamIdleMs}ms`, shutdownGrace: '10s' },
    },
    ledger: { ...config.ledger, unauthenticated: everyRefusal },
    instances: Object.fromEntries(
      Object.entries(config.instances).map(([name, instance]) => [
        name,
        { ...instance, deployments: written, breaker },
      ]),
    ),
    workloads: withInstruct,
    // The catalogue no longer has its price.
    prices: { models: { 'gpt-35-turbo-instruct': { input: 1.5, output: 2 } } },
  }
}

const wide = { tokensPerMinute: 100_000_000, tokensPerDay: 1_000_000_000, costPerMonth: '100000 USD' } as const

/** Limits of every kind on every workload and on all together, so wide that hardly any call is refused. */
export function withLimits(config: ConfigInput): ConfigInput {
  const workloads = Object.entries(config.workloads).map(([name, workload]) => [
    name,
    { ...workload, limits: { ...wide, perCaller: { callsInFlight: 1_000 } } },
  ])
  return {
    ...config,
    workloads: Object.fromEntries(workloads),
    limits: { rules: { company: { ...wide, requestsPerSecond: 400 } } },
  }
}

/**
 * Makes the first call of each kind to each instance, past any gateway, and forgets its bill: tokenizers load for
 * seconds on a busy machine, and a timeout meant for a fault would fire.
 */
export async function warmUp(instances: readonly AzureSimulator[]): Promise<void> {
  for (const instance of instances) {
    for (const [path, body] of firstCalls) {
      const headers = { 'content-type': 'application/json', 'api-key': instanceKey }
      const answer = await fetch(`${instance.url}/openai/v1/${path}`, {
        method: 'POST',
        headers,
        body: JSON.stringify(body),
      })
      if (answer.status !== 200) throw new Error(`the first call to ${path} was answered ${answer.status}`)
      await answer.arrayBuffer()
    }
    instance.clearBill()
  }
}

const messages = [{ role: 'user', content: 'Explain recursion.' }] as const
const firstCalls = [
  ['chat/completions', { model: 'gpt-4o', messages }],
  ['chat/completions', { model: 'gpt-4o-mini', messages, stream: true, n: 3 }],
  ['completions', { model: 'instruct', prompt: 'Explain recursion.' }],
  ['embeddings', { model: 'text-embedding-3-small', input: 'recursion' }],
  ['responses', { model: 'gpt-4o', input: 'Explain recursion.', stream: true }],
] as const

/** Opens the ledger of gateways that have ended. It is closed with the scope. */
export async function ledgerAfter(
  scope: Scope,
  directory: string,
  more: Partial<Parameters<typeof openLedger>[0]> = {},
): Promise<Ledger> {
  const counter = createTokenCounter()
  scope.after(() => counter.close())
  const retain = { records: 86_400_000, bodies: 86_400_000 }
  const ledger = await openLedger({ directory, fsync: 'batch', retain, counter, log: silentLog, ...more })
  scope.after(() => ledger.close())
  return ledger
}

/** A scope of the test that takes down what was registered last first, because later parts depend on earlier ones. */
export function lastFirst(t: Scope): Scope {
  const closers: (() => unknown)[] = []
  t.after(async () => {
    for (const close of closers.splice(0).reverse()) await close()
  })
  return { after: close => closers.push(close) }
}

/** Warnings of this process until the test is over, including those about a growing number of listeners. */
export function collectWarnings(scope: Scope): readonly string[] {
  const warnings: string[] = []
  const note = (warning: Error): void => {
    // Caused by a tool of the tests themselves.
    if (warning.name !== 'ExperimentalWarning') warnings.push(`${warning.name}: ${warning.message}`)
  }
  process.on('warning', note)
  scope.after(() => process.off('warning', note))
  return warnings
}
