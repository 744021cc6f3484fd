/**
 * Explain: what would happen to a call, stage by stage, without sending anything. The stages and their order are those
 * of `stages/index.ts`; what they decide is decided by the functions that serve calls.
 */
import { type Clock, systemClock } from '../../clock.ts'
import type { Config } from '../../config/schema/index.ts'
import { comparedTexts, IdentityError } from '../../identity/index.ts'
import { type Instance, openInstance } from '../../instances/index.ts'
import type { PriceBook } from '../../prices/index.ts'
import { openPrices } from '../../prices/open.ts'
import { ownCall } from '../call.ts'
import { type Exchange, newExchange } from '../exchange.ts'
import { buildPlan, type Plan } from '../plan/index.ts'
import { Refusal, refusals } from '../refusals.ts'
import { addressed } from '../stages/1-resolve/advice.ts'
import { asTokenRefusal } from '../stages/2-authenticate/index.ts'
import { type StageName, stages } from '../stages/index.ts'
import { type Destined, type ExplainedStage, type Explainer, explainers, limitsNamed } from './explainers.ts'
import type { LiveParts } from './live.ts'
import type { ExplainQuestion } from './question.ts'
import { type ExplainSetting, settingsOfRefusal } from './settings.ts'

export interface ExplainStep {
  readonly stage: ExplainedStage
  /** `unknown` only for a record, which does not hold what the stage decided by. */
  readonly verdict: 'pass' | 'refuse' | 'unknown'
  readonly text: string
  /** Limits, members and other particulars, a line each. */
  readonly details?: readonly string[]
  /** The settings of the configuration that decided. */
  readonly settings?: readonly ExplainSetting[]
  /** Where the call goes, at the last stage that it passes. */
  readonly destination?: Destined
  /** Code of the refusal. */
  readonly refusal?: string
  /** The answer that the caller would get. */
  readonly answer?: ExplainedAnswer
}

/** A refusal as it is answered. */
export interface ExplainedAnswer {
  readonly status: number
  readonly code: string
  readonly message: string
  readonly type: string
  readonly param: string | null
  /** Of `retry-after-ms`; null where the answer has none. */
  readonly retryAfterMs: number | null
}

export interface ExplainParts {
  readonly clock?: Clock
  /** The running gateway. Without it limits are only named, and every member is taken to answer. */
  readonly live?: LiveParts
}

/** A configuration prepared for many questions. Close it: it holds connections that are never opened. */
export interface ExplainedConfig {
  readonly config: Config
  readonly plan: Plan
  readonly prices: PriceBook
  close(): void
}

/** @throws ConfigError when `prices.catalogue` has changed since the configuration was checked. */
export function prepareExplain(config: Config, clock: Clock): ExplainedConfig {
  const instances = new Map<string, Instance>(
    Object.entries(config.instances).map(([name, { probe: _, ...written }]) => [
      name,
      openInstance(name, written, config.gateway.timeouts, { clock }),
    ]),
  )
  return {
    config,
    plan: buildPlan(config, instances),
    prices: openPrices(config.prices),
    close() {
      for (const instance of instances.values()) void instance.close()
    },
  }
}

/**
 * The steps up to the first refusal, or all of them.
 * @throws ConfigError as `prepareExplain`, as a rejection
 */
export async function explain(
  config: Config,
  question: ExplainQuestion,
  { clock = systemClock, live }: ExplainParts = {},
): Promise<ExplainStep[]> {
  if (live !== undefined) return explainWith({ config, plan: live.plan, prices: live.prices }, question, clock(), live)
  const prepared = prepareExplain(config, clock)
  try {
    return await explainWith(prepared, question, clock(), null)
  } finally {
    prepared.close()
  }
}

/** @param nowMs of the call, in ms since the epoch. */
export async function explainWith(
  { config, plan, prices }: Pick<ExplainedConfig, 'config' | 'plan' | 'prices'>,
  question: ExplainQuestion,
  nowMs: number,
  live: LiveParts | null,
): Promise<ExplainStep[]> {
  const { method, url, body = null } = question
  const call = ownCall({ id: '', startedAtMs: nowMs, method, url, headers: headersOf(question), body })
  const exchange = newExchange(call, { plan, demonstration: false, isProxy: null })
  const scene = { config, question, prices, nowMs, live }
  const steps: ExplainStep[] = []
  for (const { name } of stages) {
    if (!isExplained(name)) continue
    try {
      // The order of the table gives each stage what the stages before it have noted.
      const explainer = explainers[name] as Explainer<Exchange>
      const passed = await explainer(exchange, scene)
      if (passed === null) continue
      const { text, details = [], settings = [], destination, ends = false } = passed
      steps.push({
        ...{ stage: name, verdict: 'pass', text },
        ...(details.length === 0 ? {} : { details }),
        ...(settings.length === 0 ? {} : { settings }),
        ...(destination === undefined ? {} : { destination }),
      })
      if (ends) break
    } catch (error) {
      const { publicUrl = null } = config.gateway
      const refusal = addressed(refusalOf(error), exchange, question.caller, publicUrl)
      steps.push(refusedStep(name, refusal, exchange, { config, prices }))
      break
    }
  }
  return steps
}

/** The first stage that can refuse with this code; null for other codes. */
export function stageOf(code: string): StageName | null {
  return stages.find(({ refuses }: { refuses: readonly string[] }) => refuses.includes(code))?.name ?? null
}

/** A body without header fields about it is JSON, as clients send it. */
function headersOf({ headers, body = null }: ExplainQuestion): Readonly<Record<string, string>> {
  if (body === null) return headers
  return { 'content-type': 'application/json', ...headers, 'content-length': String(body.byteLength) }
}

/** @throws whatever is no refusal */
function refusalOf(error: unknown): Refusal {
  const refusal = error instanceof IdentityError ? asTokenRefusal(error) : error
  if (refusal instanceof Refusal) return refusal
  throw error
}

function refusedStep(
  stage: ExplainedStage,
  refusal: Refusal,
  exchange: Exchange,
  { config, prices }: Pick<ExplainedConfig, 'config' | 'prices'>,
): ExplainStep {
  const { code, status, message, param, retryAfterMs } = refusal
  const limits = limitsNamed(refusal, exchange, config, prices.currency)
  const settings = limits.length > 0 ? limits : settingsOfRefusal(refusal, exchange, config)
  const details = rulesCompared(refusal, exchange, config)
  return {
    ...{ stage, verdict: 'refuse', text: `${status}: ${message}`, refusal: code },
    ...(details.length === 0 ? {} : { details }),
    ...(settings.length === 0 ? {} : { settings }),
    answer: { status, code, message, type: refusals[code].type, param, retryAfterMs },
  }
}

/** Rules that are listed of a caller that no workload admits. */
const rulesListedMax = 20

/** The rules that the caller was compared with, and why none admits it. */
function rulesCompared({ code, details }: Refusal, { caller }: Exchange, { workloads }: Config): readonly string[] {
  if (caller === null) return []
  if (code === 'caller_unbound') {
    const all = Object.entries(workloads).flatMap(([name, { callers }]) => {
      return comparedTexts(callers, caller).map(text => `${name} ${text}`)
    })
    const left = all.length - rulesListedMax
    return left <= 0 ? all : [...all.slice(0, rulesListedMax), `and ${left} more rules`]
  }
  const name = String(details['workload'])
  const isOfRules = code === 'caller_not_bound' || code === 'caller_groups_overage'
  return isOfRules && Object.hasOwn(workloads, name) ? comparedTexts(workloads[name]?.callers ?? [], caller) : []
}

function isExplained(name: StageName): name is ExplainedStage {
  return Object.hasOwn(explainers, name)
}
