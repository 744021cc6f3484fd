/** Figures of calls, written once at the end of each call. `npm run bench` measures what it costs: 0.2 µs per call. */
import type { Caller } from '../identity/caller.ts'
import type { CopyKind, Cost, Outcome } from '../ledger/record.ts'
import type { Usage } from '../wire/usage.ts'
import {
  Children,
  type Count,
  type ExemplarCall,
  type MetricRegistry,
  newCount,
  type Reading,
  readAtScrape,
  SpreadHistogram,
  SpreadOfCalls,
} from './tally.ts'

/**
 * A call that has ended, as the metrics and the access lines see it. Names are those of the configuration: nothing that
 * a client wrote becomes a label.
 */
export interface EndedCall extends ExemplarCall {
  /** Only for access lines. Null for a call that was refused before its token was verified. */
  readonly caller: Pick<Caller, 'kind' | 'tenantId' | 'objectId' | 'appId'> | null
  /** Name of the operation; null where the address names none. */
  readonly operation: string | null
  /** Null for a call that was refused before it was known that its caller may use the workload. */
  readonly workload: string | null
  /** Name of the deployment in the workload; null when no instance was chosen. */
  readonly deployment: string | null
  readonly instance: string | null
  /** `gen_ai.provider.name` of the instance's kind; null where none was chosen. */
  readonly provider: string | null
  /** False for a call that only looks something up. */
  readonly asksModel: boolean
  readonly stream: boolean
  /** The model that the answer names. */
  readonly servedModel: string | null
  readonly copyKind: CopyKind | null
  readonly outcome: Outcome
  readonly code: string | null
  readonly status: number | null
  readonly usage: Usage
  readonly cost: Cost | null
  readonly durationMs: number
  /** From sending to the backend to its first byte; null when there was none. */
  readonly firstByteMs: number | null
}

/** In seconds. Answers take from a few milliseconds (embeddings) to minutes (long reasoning). */
const durationBounds = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300]
const firstByteBounds = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]

class BilledFigures {
  promptTokens = 0
  completionTokens = 0
  cachedTokens = 0
  reasoningTokens = 0
  costNano = 0
  /** Calls by the source of their figures. */
  counted = 0
  bounded = 0
}

const families = {
  calls: {
    name: 'gatehouse_calls_total',
    help: 'Calls that have ended, by workload, outcome, code of the refusal or failure, and status that the client saw. Without copies.',
    labels: ['workload', 'outcome', 'code', 'status'],
  },
  copies: {
    name: 'gatehouse_copies_total',
    help: 'Calls that the gateway sent by itself: shadow, hedge, follow_up.',
    labels: ['workload', 'kind'],
  },
  duration: {
    name: 'gatehouse_call_duration_seconds',
    help: 'From the request to the end of its answer.',
    labels: ['workload'],
  },
  firstByte: {
    name: 'gatehouse_backend_first_byte_seconds',
    help: 'From sending to an instance to the first byte of its answer.',
    labels: ['backend', 'deployment'],
  },
  tokens: {
    name: 'gatehouse_tokens_total',
    help: 'Tokens billed, copies included. Type: prompt, completion.',
    labels: ['workload', 'deployment', 'type'],
  },
  cached: {
    name: 'gatehouse_cached_tokens_total',
    help: 'Prompt tokens that the backend had cached; part of the prompt tokens.',
    labels: ['workload', 'deployment'],
  },
  reasoning: {
    name: 'gatehouse_reasoning_tokens_total',
    help: 'Completion tokens spent on reasoning; part of the completion tokens.',
    labels: ['workload', 'deployment'],
  },
  unreported: {
    name: 'gatehouse_unreported_calls_total',
    help: 'Calls without reported usage. Source: counted (our tokenizer), bounded (at least what was reserved or learned).',
    labels: ['workload', 'deployment', 'source'],
  },
  cost: {
    name: 'gatehouse_cost_total',
    help: 'Cost of calls with a known price, in the currency, with copies.',
    labels: ['workload', 'deployment', 'currency'],
  },
} as const

export class CallFigures {
  readonly #calls = new Children<Count>(newCount)
  readonly #copies = new Children<Count>(newCount)
  readonly #durations = new Children(() => new SpreadOfCalls(durationBounds))
  readonly #firstBytes = new Children(() => new SpreadOfCalls(firstByteBounds))
  readonly #billed = new Children(() => new BilledFigures())
  #currency = ''

  ended(call: EndedCall): void {
    const workload = call.workload ?? ''
    if (call.copyKind !== null) {
      this.#copies.add(`${workload} ${call.copyKind}`, [workload, call.copyKind]).value += 1
    } else {
      this.#counted(workload, call)
      const known = this.#durations.find(workload) ?? this.#durations.add(workload, [workload])
      known.addCall(call.durationMs / 1_000, call)
    }
    const { deployment } = call
    if (deployment === null) return
    if (call.firstByteMs !== null && call.instance !== null) {
      const lane = `${call.instance} ${deployment}`
      const spread = this.#firstBytes.find(lane) ?? this.#firstBytes.add(lane, [call.instance, deployment])
      spread.addCall(call.firstByteMs / 1_000, call)
    }
    if (call.usage.source !== 'none') this.#bill(workload, deployment, call)
  }

  #counted(workload: string, { outcome, code, status }: EndedCall): void {
    const key =
      code === null && outcome === 'completed' ? `${workload} ${status}` : `${workload} ${status} ${outcome} ${code}`
    const known =
      this.#calls.find(key) ??
      this.#calls.add(key, [workload, outcome, code ?? '', status === null ? '' : String(status)])
    known.value += 1
  }

  #bill(workload: string, deployment: string, { usage, cost }: EndedCall): void {
    const key = `${workload} ${deployment}`
    const billed = this.#billed.find(key) ?? this.#billed.add(key, [workload, deployment])
    billed.promptTokens += usage.promptTokens ?? 0
    billed.completionTokens += usage.completionTokens ?? 0
    billed.cachedTokens += usage.cachedTokens ?? 0
    billed.reasoningTokens += usage.reasoningTokens ?? 0
    if (usage.source === 'counted') billed.counted += 1
    if (usage.source === 'bounded') billed.bounded += 1
    if (cost === null) return
    billed.costNano += cost.nano
    // A catalogue has one currency (prices/index.ts).
    this.#currency = cost.currency
  }

  register(registry: MetricRegistry): void {
    readAtScrape(registry, 'counter', families.calls, () => counts(this.#calls))
    readAtScrape(registry, 'counter', families.copies, () => counts(this.#copies))
    new SpreadHistogram(registry, families.duration, this.#durations)
    new SpreadHistogram(registry, families.firstByte, this.#firstBytes)
    readAtScrape(registry, 'counter', families.tokens, () => [
      ...this.#read(['prompt'], billed => billed.promptTokens),
      ...this.#read(['completion'], billed => billed.completionTokens),
    ])
    readAtScrape(registry, 'counter', families.cached, () => this.#read([], billed => billed.cachedTokens))
    readAtScrape(registry, 'counter', families.reasoning, () => this.#read([], billed => billed.reasoningTokens))
    readAtScrape(registry, 'counter', families.unreported, () => [
      ...this.#read(['counted'], billed => billed.counted),
      ...this.#read(['bounded'], billed => billed.bounded),
    ])
    readAtScrape(registry, 'counter', families.cost, () =>
      this.#currency === '' ? [] : this.#read([this.#currency], billed => billed.costNano / 1e9),
    )
  }

  #read(more: readonly string[], figure: (billed: BilledFigures) => number): Reading[] {
    return [...this.#billed.all()].map(({ labels, child }) => [[...labels, ...more], figure(child)])
  }
}

export function counts(children: Children<Count>): Reading[] {
  return [...children.all()].map(({ labels, child }) => [labels, child.value])
}
