/** Parts for the end of an exchange, with a journal, a log and follow-ups that record what they get. */

import { LedgerError } from '../ledger/index.ts'
import type { Closed, Opened } from '../ledger/record.ts'
import type { Ask, Lease, Spent } from '../limits/index.ts'
import { openLimits } from '../limits/open.ts'
import type { LogLine } from '../log.fixture.ts'
import { logTo } from '../log.fixture.ts'
import { openObjects } from '../objects/open.ts'
import { openPrices } from '../prices/open.ts'
import type { EndedCall } from '../telemetry/calls.ts'
import { noUsage, type Usage } from '../wire/usage.ts'
import type { EndingParts } from './endings.ts'
import { authenticatedOf, type CallOptions, person, sampleConfig, samplePlan } from './exchange.fixture.ts'
import {
  type Admitted,
  type Authenticated,
  noteGrant,
  noteHome,
  noteInstance,
  noteLease,
  noteRequest,
} from './exchange.ts'
import type { ClaimedDebt } from './follow-ups/index.ts'
import { Guards } from './guards.ts'
import { nothingLearned } from './observe/observer.ts'
import { nothingRelayed, type Relayed } from './relayed.ts'
import { findGrant } from './stages/3-authorize/grant.ts'
import type { ReceivedRequest } from './stages/4-receive/request.ts'
import { requestWithoutBody } from './stages/4-receive/request.ts'
import type { OpenRecordParts } from './stages/9-record/open.ts'

export interface EndingScene {
  readonly parts: EndingParts & OpenRecordParts
  /** In the order in which they were written. */
  readonly opened: { readonly half: Opened; readonly body: readonly Uint8Array[] }[]
  readonly closed: {
    readonly half: Closed
    readonly response: readonly Uint8Array[]
    readonly request: readonly Uint8Array[]
  }[]
  readonly ended: EndedCall[]
  readonly lost: string[]
  readonly logged: LogLine[]
  /** Debts that were added, and charges that were made. */
  readonly debts: { readonly objectId: string; readonly bound: { readonly completionTokens: number } }[]
  readonly charges: { readonly claimed: ClaimedDebt; readonly spent: Spent }[]
  readonly recorded: string[]
  readonly raised: { readonly objectId: string; readonly completionTokens: number }[]
  /** Switches that the test sets. */
  readonly state: {
    nowMs: number
    /** The journal rejects what is written. */
    isFull: boolean
    /** Answer of `claim`. */
    claimable: ClaimedDebt | null
    silentEnds: boolean
    counted: { readonly promptTokens: number | null; readonly completionTokens: number | null }
    stored: readonly Buffer[]
  }
}

export async function endingScene(): Promise<EndingScene> {
  const scene: Omit<EndingScene, 'parts'> = {
    opened: [],
    closed: [],
    ended: [],
    lost: [],
    logged: [],
    debts: [],
    charges: [],
    recorded: [],
    raised: [],
    state: {
      nowMs: 5_000,
      isFull: false,
      claimable: null,
      silentEnds: false,
      counted: { promptTokens: null, completionTokens: null },
      stored: [],
    },
  }
  const { state } = scene
  const clock = (): number => state.nowMs
  const refuseIfFull = (): void => {
    if (state.isFull) throw new LedgerError('ledger_unwritable', 'the disk is full')
  }
  const journal: EndingParts['journal'] = {
    writable: true,
    async open(half, body) {
      refuseIfFull()
      scene.opened.push({ half, body })
    },
    async progress() {},
    async close(half, response, request = []) {
      refuseIfFull()
      scene.closed.push({ half, response, request })
    },
    async written() {
      refuseIfFull()
      return state.stored
    },
  }
  const limits = await openLimits(sampleConfig, {
    clock,
    observer: {
      refused() {},
      estimateErrors: () => ({ add() {} }),
      waited() {},
      withoutStore() {},
      storeAnswered() {},
    },
    ledger: { spent: () => Promise.resolve([]) },
  })
  const parts: EndingScene['parts'] = {
    clock,
    log: logTo(line => void scene.logged.push(line)),
    journal,
    continueUnrecorded: false,
    counter: { count: () => Promise.resolve(state.counted), close: () => Promise.resolve() },
    limits,
    prices: openPrices(sampleConfig.prices),
    objects: openObjects({
      redis: null,
      history: { creatorsOf: () => Promise.resolve(new Map()) },
      rememberMs: 60_000,
    }),
    guards: new Guards(sampleConfig, { clock, journal, lost() {} }),
    totalMs: 600_000,
    receiveLimits: { bodyBytesMax: 1_000, uploadBytesMax: 2_000, timeoutMs: 3_000 },
    publicUrl: 'https://gateway.example',
    lost: id => void scene.lost.push(id),
    ended: [call => void scene.ended.push(call)],
    followUps: {
      add: debt => void scene.debts.push(debt),
      raiseBound: (objectId, completionTokens) => void scene.raised.push({ objectId, completionTokens }),
      claim: () => Promise.resolve(state.claimable),
      charge: (claimed, spent) => void scene.charges.push({ claimed, spent }),
      recorded: (_claimed, source) => void scene.recorded.push(source),
      noteSilentEnd: () => state.silentEnds,
      queueAnswersFile: () => false,
    },
  }
  return { ...scene, parts }
}

/** A lease that records how it is settled. */
export interface TestLease extends Lease {
  readonly settled: Spent[]
  readonly kept: Spent[]
}

export function leaseOf(ask: Partial<Ask> = {}): TestLease {
  const settled: Spent[] = []
  const kept: Spent[] = []
  return {
    ask: {
      caller: person,
      priority: 'standard',
      tokens: 0,
      costNano: 0,
      leastTokens: 0,
      prompt: { textBytes: 0, media: 0, soundTokens: 0, stored: 0 },
      promptTokens: 0,
      maximumGiven: true,
      ...ask,
    },
    tokens: null,
    requests: null,
    store: 'ok',
    waitedMs: null,
    settled,
    kept,
    enter: () => null,
    settle: spent => void settled.push(spent),
    keep: () => ({ settle: spent => void kept.push(spent) }),
  }
}

export interface AdmittedOptions extends CallOptions {
  readonly request?: Partial<ReceivedRequest>
  readonly lease?: Lease | null
  /** Null for a call that has reached no instance. */
  readonly instance?: string | null
}

/** A call of workload `people` on the pool `main` that was admitted and sent to an instance. */
export function admittedOf(options: AdmittedOptions = {}): Admitted {
  const { request = {}, lease = null, instance = 'one', ...call } = options
  const headers = { 'x-gatehouse-workload': 'people', ...call.headers }
  const exchange: Authenticated = authenticatedOf({ ...call, headers })
  noteGrant(exchange, findGrant(person, exchange.route, 'people', samplePlan))
  noteRequest(exchange, { ...requestWithoutBody('gpt-4o'), send: Buffer.from('{}'), ...request })
  noteHome(exchange, null, null)
  noteLease(exchange, lease)
  noteInstance(exchange, instance === null ? null : (samplePlan.targets.get(instance)?.members[0]?.instance ?? null))
  return exchange
}

/** A whole answer with status 200. */
export function relayedOf(
  change: Partial<Omit<Relayed, 'learned'>> & { readonly learned?: Partial<Relayed['learned']> } = {},
): Relayed {
  const { learned, ...more } = change
  return {
    ...nothingRelayed(null),
    status: 200,
    sentAtMs: 1_100,
    firstByteAtMs: 1_350,
    contentType: 'application/json',
    responseBytes: 100,
    attempts: [{ instance: 'one', status: 200, durationMs: 400, error: null }],
    ...more,
    learned: {
      ...nothingLearned,
      servedModel: 'gpt-4o-2024-08-06',
      finishReason: 'stop',
      isFinished: true,
      ...learned,
    },
  }
}

export function reported(promptTokens: number, completionTokens: number): Usage {
  return {
    ...noUsage,
    source: 'reported',
    promptTokens,
    completionTokens,
    totalTokens: promptTokens + completionTokens,
  }
}
