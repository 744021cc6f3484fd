import { type Clock, systemClock } from '../clock.ts'
import type { AzureSimulatorOptions, SimulatedDeployment } from '../types.ts'
import { Bill } from './billing/bill.ts'
import { PromptCache } from './billing/prompt-cache.ts'
import type { Said } from './chat/said.ts'
import { FaultDesk } from './faults.ts'
import { type Sleep, sleepOnTimers } from './http/latency.ts'
import { regionName } from './http/regions.ts'
import { type Limits, limitsOf, type ResetUnit } from './limits/limits.ts'
import { Memo } from './memo.ts'
import { type ModelFacts, modelFacts } from './models.ts'
import { instanceSecret, Seal } from './objects/sealed.ts'
import { Store } from './objects/store.ts'
import { type Draw, drawOf, freshDraw, sequence } from './seed.ts'

export interface Deployment {
  readonly name: string
  readonly spec: SimulatedDeployment
  readonly model: string
  readonly facts: ModelFacts
  readonly limits: Limits
}

/** One instance: everything that its calls share. */
export interface Service {
  readonly name: string
  /** Its display name. */
  readonly region: string
  readonly seed: number | null
  readonly clock: Clock
  readonly sleep: Sleep
  readonly filter: 'default' | 'asynchronous'
  readonly responsesHideLimits: boolean
  readonly deployments: ReadonlyMap<string, Deployment>
  readonly bill: Bill
  readonly faults: FaultDesk
  readonly store: Store
  /** Opens only what this instance sealed. */
  readonly seal: Seal
  /** Shortest time of a batch in milliseconds; null for as fast as its lines are answered. */
  readonly batchMs: number | null
  /** Smallest size of a drawn picture in bytes; null for the size that it has by itself. */
  readonly pictureBytes: number | null
  /**
   * Milliseconds that a response in the background takes; null when the speed of its deployment, or its first read,
   * decides.
   */
  readonly backgroundMs: number | null
  readonly prompts: PromptCache
  readonly promptTokens: Memo<number>
  /** Used only with a seed: without one, equal questions get different answers. */
  readonly said: Memo<readonly Said[]>
  /** 0 .. 1; decides the jitter. */
  readonly random: () => number
  /**
   * Seconds since the epoch for `created`. With a seed and without a clock of its own, the instance derives it from the
   * call, so that equal calls give equal bytes at any time of day.
   */
  readonly createdAtSeconds: (draw: Draw) => number
  /**
   * The source of ids and text of a call. With a seed it follows from the parts (deployment and body), without one it
   * is new each time.
   */
  readonly drawFor: (...parts: readonly string[]) => Draw
  /** Aborted when the instance closes. */
  readonly closing: AbortSignal
  /** Closes or opens the listener according to the standing faults. */
  readonly applyOutage: () => void
  /**
   * One controller per call in flight. A set, because one signal with thousands of listeners would search them all at
   * each call.
   */
  readonly running: Set<AbortController>
}

/** 2025-06-01: derived times are within 90 days after it. */
const derivedEpochSeconds = 1_748_736_000
const derivedSpanSeconds = 90 * 86_400

export function createService(options: AzureSimulatorOptions, closing: AbortSignal, applyOutage: () => void): Service {
  const clock = options.clock ?? systemClock
  const seed = options.seed ?? null
  const entries = Object.entries(options.deployments).map(
    ([name, spec]) => [name, deployment(name, spec, clock, options.rateLimitResets)] as const,
  )
  const { random } = options
  const chance = (at: number): (() => number) => (seed === null ? (random ?? Math.random) : sequence(seed + at))
  const derives = seed !== null && options.clock === undefined
  return {
    name: options.name,
    region: regionName(options.region ?? 'East US'),
    seed,
    clock,
    sleep: options.sleep ?? sleepOnTimers,
    filter: options.filter ?? 'default',
    responsesHideLimits: options.responsesHideLimits ?? false,
    deployments: new Map(entries),
    bill: new Bill(),
    faults: new FaultDesk(chance(0)),
    store: new Store(),
    seal: new Seal(instanceSecret(seed, `${options.name} ${options.port ?? 0}`)),
    pictureBytes: options.pictureBytes ?? null,
    batchMs: options.batchMs ?? null,
    backgroundMs: options.backgroundMs ?? null,
    prompts: new PromptCache(clock),
    promptTokens: new Memo(1_000),
    said: new Memo(1_000),
    random: chance(1),
    createdAtSeconds: draw =>
      derives ? derivedEpochSeconds + (draw.number('created') % derivedSpanSeconds) : Math.floor(clock() / 1000),
    drawFor: (...parts) => (seed === null ? freshDraw(random) : drawOf(seed, ...parts)),
    closing,
    applyOutage,
    running: new Set(),
  }
}

function deployment(name: string, spec: SimulatedDeployment, clock: Clock, resets?: ResetUnit): Deployment {
  return { name, spec, model: spec.model, facts: modelFacts(spec.model), limits: limitsOf(spec, clock, resets) }
}
