/**
 * A seat is the place of one measured program: the bare relay, the gateway, or a peer. All are called and watched in
 * the same way.
 */

import type { ProcessUsage } from './child.ts'
import type { Target } from './load.ts'
import { Child, type Cores } from './processes.ts'

/** Path of a chat completion at an Azure OpenAI instance, of a version that takes `include_usage`. */
export const chatPath = '/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21'

/** Figures of a ledger after a run. */
export interface LedgerTally {
  readonly records: number
  readonly completed: number
  readonly promptTokens: number
  readonly completionTokens: number
}

/** A person at the management API. */
export interface Reader {
  /** Its origin. */
  readonly admin: string
  readonly authorization: string
}

export interface Seat {
  readonly name: string
  readonly target: Target
  /** The same process called as a workload without limits; null if there is none. */
  readonly unlimited: Seat | null
  /** People who may read figures, of a gateway that was started with some. */
  readonly readers?: readonly Reader[]
  /** Moves a gateway to these cores, `0,1`. */
  readonly pin?: (cores: string) => void
  usage(): Promise<ProcessUsage>
  /** Resolves when all remaining work for the answered calls is done. */
  settle(): Promise<void>
  /** Null if no ledger is kept. */
  tally(): Promise<LedgerTally | null>
  stop(): Promise<void>
}

export interface SeatContext {
  /** Origin of the backend. */
  readonly upstreamUrl: string
  readonly cores: Cores
  /** Own directory of the bench, removed at the end. */
  readonly directory: string
  /** Distinguishes one start of a seat from another in file names. */
  readonly run: number
}

/** How to start a seat. Each start is a fresh process. */
export interface SeatSpec {
  readonly name: string
  start(context: SeatContext): Promise<Seat>
}

/** Sent by the gateway's process when it is ready. */
export interface GatewayReady {
  readonly url: string
  /** The same call as a workload without limits. */
  readonly unlimitedUrl: string
  readonly headers: Readonly<Record<string, string>>
  readonly readers: readonly Reader[]
}

export function relaySeat(name: string): SeatSpec {
  return {
    name,
    start: async context => {
      const options = { name: `${name}-${context.run}`, core: context.cores.server, directory: context.directory }
      const { child, ready } = await Child.start<{ url: string }>('relay.ts', [context.upstreamUrl], options)
      return {
        name,
        target: { url: ready.url + chatPath, headers: { authorization: 'Bearer not-looked-at' } },
        unlimited: null,
        usage: () => child.usage(),
        settle: async () => {},
        tally: async () => null,
        stop: () => child.stop(),
      }
    },
  }
}

/** Differences from a gateway with default settings. */
export interface GatewayVariant {
  /** Place of the counters of its workload's limits; null for no limits. */
  readonly limits: 'memory' | 'redis' | null
  readonly redisUrl: string | null
  /** Section of a feed that ships every record with its bodies; null or absent for none. */
  readonly feed?: unknown
  /** How many people may read its figures. Default: none. */
  readonly people?: number
}

export function gatewaySeat(name = 'gateway', variant: GatewayVariant = { limits: null, redisUrl: null }): SeatSpec {
  return {
    name,
    start: async context => {
      const file = `${name.replaceAll(' ', '-')}-${context.run}`
      const options = { name: file, core: context.cores.server, directory: context.directory }
      const ledgerDirectory = `${context.directory}/ledger-${options.name}`
      const { child, ready } = await Child.start<GatewayReady>(
        'gateway.ts',
        [context.upstreamUrl, ledgerDirectory, JSON.stringify(variant)],
        options,
      )
      const seat: Seat = {
        name,
        target: { url: ready.url, headers: ready.headers },
        unlimited: null,
        readers: ready.readers,
        pin: cores => child.pin(cores),
        usage: () => child.usage(),
        settle: () => child.ask('settle'),
        tally: () => child.ask<LedgerTally>('tally'),
        stop: () => child.stop(),
      }
      return { ...seat, unlimited: { ...seat, target: { url: ready.unlimitedUrl, headers: ready.headers } } }
    },
  }
}
