/** The demonstration with limits, and a client that calls through it and reads what is left. */
import assert from 'node:assert/strict'
import type { ConfigInput } from '../../packages/gateway/src/config/schema/index.ts'
import type { LimitsReport, RuleReport } from '../../packages/gateway/src/limits/index.ts'
import { type RawAnswer, type RawRequest, send } from './raw.ts'
import { errorOf } from './refused.ts'
import { eventually } from './wait.ts'
import { apiVersion, ask, type Scope, startWorld, type World, type WorldOptions } from './world.ts'

type Limits = ConfigInput['limits']
type WorkloadLimits = ConfigInput['workloads'][string]['limits']

interface Change {
  readonly hrBot?: WorkloadLimits
  readonly codeAssistant?: WorkloadLimits
  readonly limits?: Limits
  readonly parts?: WorldOptions['parts']
  /** Further changes. */
  readonly change?: (config: ConfigInput) => ConfigInput
}

/**
 * The demonstration with limits of workloads hr-bot and code-assistant; carol may call as both, alice only as hr-bot.
 */
export async function limited(t: Scope, { hrBot, codeAssistant, limits, parts, change }: Change): Promise<Caller> {
  const world = await startWorld(t, {
    ...(parts === undefined ? {} : { parts }),
    change: config => {
      const changed: ConfigInput = {
        ...config,
        workloads: {
          ...config.workloads,
          'hr-bot': {
            ...named(config, 'hr-bot'),
            ...(hrBot === undefined ? {} : { limits: hrBot }),
            priority: 'batch',
          },
          'code-assistant': {
            ...named(config, 'code-assistant'),
            ...(codeAssistant === undefined ? {} : { limits: codeAssistant }),
            priority: 'interactive',
          },
        },
        ...(limits === undefined ? {} : { limits }),
      }
      return change?.(changed) ?? changed
    },
  })
  return new Caller(world, await world.token('alice'), await world.token('carol'))
}

export function named(config: ConfigInput, workload: string): ConfigInput['workloads'][string] {
  const found = config.workloads[workload]
  assert.ok(found)
  return found
}

interface CallOptions {
  readonly as?: 'alice' | 'carol'
  readonly workload?: string
  readonly deployment?: string
  readonly max?: number | null
  readonly text?: string
  readonly fault?: string
  readonly stream?: boolean
}

export class Caller {
  readonly world: World
  readonly #tokens: { readonly alice: string; readonly carol: string }

  constructor(world: World, alice: string, carol: string) {
    this.world = world
    this.#tokens = { alice, carol }
  }

  request({
    as = 'alice',
    workload = 'hr-bot',
    deployment = 'gpt-4o',
    max = 20,
    text = 'Hello',
    fault,
    stream,
  }: CallOptions = {}): RawRequest {
    return {
      target: `/main/${workload}/openai/deployments/${deployment}/chat/completions?api-version=${apiVersion}`,
      headers: [
        ['Authorization', `Bearer ${this.#tokens[as]}`],
        ['Content-Type', 'application/json'],
        ...(fault === undefined ? [] : ([['x-simulator-fault', fault]] as const)),
      ],
      body: JSON.stringify({
        messages: ask(text),
        ...(max === null ? {} : { max_tokens: max }),
        ...(stream === undefined ? {} : { stream }),
      }),
    }
  }

  call(options: CallOptions = {}, url = this.world.url): Promise<RawAnswer> {
    return send(url, this.request(options))
  }

  async report(adminUrl = this.world.house.admin?.url ?? ''): Promise<LimitsReport> {
    const answer = await send(adminUrl, {
      target: '/api/v1/limits',
      headers: [['Authorization', `Bearer ${this.#tokens.carol}`]],
    })
    assert.equal(answer.status, 200, answer.body.toString())
    return JSON.parse(answer.body.toString()) as LimitsReport
  }

  async line(rule: string, measure: string): Promise<RuleReport> {
    await eventually('nothing is in flight', () => (this.world.house.gateway.inFlight === 0 ? true : null))
    const found = (await this.report()).rules.find(one => one.rule === rule && one.measure === measure)
    assert.ok(found, `no line of ${rule} ${measure}`)
    return found
  }

  /** Tokens that both instances have billed. */
  billed(): number {
    const lines = [...this.world.one.bill(), ...this.world.two.bill()]
    return lines.reduce((sum, line) => sum + line.promptTokens + line.completionTokens, 0)
  }
}

export function refusedWith(answer: RawAnswer, status: number, code: string): string {
  assert.equal(answer.status, status, answer.body.toString())
  assert.equal(answer.headers['x-gatehouse-refusal'], code)
  const error = errorOf(answer)
  assert.equal(error.code, code)
  return String(error.message)
}
