/**
 * Refusals of calls whose caller is not known, beyond a rate: one record for an address, a code and a minute, with the
 * number of calls. So a client without a token writes only a bounded part of the journal, however fast it calls.
 * Metrics still count every call.
 */
import type { Clock } from '../../../clock.ts'
import type { Closed } from '../../../ledger/record.ts'
import { networkOf } from '../../../network.ts'

export interface StrangersOptions {
  /** Most records of one address in a minute; `ledger.unauthenticated.perMinute`. */
  readonly perMinute: number
  /** Most records of all addresses together, and most sums besides; `ledger.unauthenticated.allPerMinute`. */
  readonly allPerMinute: number
}

export interface StrangersParts {
  readonly clock: Clock
  /** Takes the record of a sum. Never rejects. */
  readonly write: (closed: Closed) => void
}

/** A call that may be summed. */
export interface StrangersCall {
  readonly address: string | null
  readonly code: string
  readonly endedAtMs: number
  /** Its record with both halves. Called only when a sum begins. */
  record(): Closed
}

interface Sum {
  readonly first: Closed
  readonly network: string | null
  calls: number
  endedAtMs: number
}

const minuteMs = 60_000
/** Longest delay after a minute until its sums are written, in ms. */
const lookEveryMs = 5_000
const pathCharactersMax = 256

export class Strangers {
  #options: StrangersOptions
  readonly #parts: StrangersParts
  readonly #timer: NodeJS.Timeout
  #minute = 0
  /** Records of this minute by network; no more entries than `allPerMinute`. */
  readonly #recorded = new Map<string, number>()
  #records = 0
  readonly #sums = new Map<string, Sum>()

  constructor(options: StrangersOptions, parts: StrangersParts) {
    this.#options = options
    this.#parts = parts
    this.#timer = setInterval(() => this.#roll(parts.clock()), lookEveryMs).unref()
  }

  use(options: StrangersOptions): void {
    this.#options = options
  }

  /** @returns true when the call is part of a sum and gets no record of its own. */
  takes(call: StrangersCall): boolean {
    this.#roll(call.endedAtMs)
    const { perMinute, allPerMinute } = this.#options
    const network = networkOf(call.address)
    const recorded = this.#recorded.get(network) ?? 0
    if (recorded < perMinute && this.#records < allPerMinute) {
      this.#recorded.set(network, recorded + 1)
      this.#records += 1
      return false
    }
    this.#add(call, network)
    return true
  }

  /** Writes the sums as they are. */
  close(): void {
    clearInterval(this.#timer)
    this.#write()
  }

  #add(call: StrangersCall, network: string): void {
    const isKept = this.#sums.has(keyOf(network, call.code)) || this.#sums.size < this.#options.allPerMinute
    // More addresses in this minute share one sum per code. There are few codes, so the number of sums is bounded.
    const shown = isKept ? network : null
    const key = keyOf(shown ?? '', call.code)
    const sum = this.#sums.get(key)
    if (sum === undefined) {
      this.#sums.set(key, { first: call.record(), network: shown, calls: 1, endedAtMs: call.endedAtMs })
      return
    }
    sum.calls += 1
    sum.endedAtMs = call.endedAtMs
  }

  #roll(nowMs: number): void {
    const minute = Math.floor(nowMs / minuteMs)
    if (minute === this.#minute) return
    this.#minute = minute
    this.#recorded.clear()
    this.#records = 0
    this.#write()
  }

  #write(): void {
    const sums = [...this.#sums.values()]
    this.#sums.clear()
    for (const sum of sums) this.#parts.write(recordOf(sum))
  }
}

const keyOf = (network: string, code: string): string => `${code} ${network}`

/** The record of the first call, without facts that may differ between the calls. The path stays, as an example. */
function recordOf({ first, network, calls, endedAtMs }: Sum): Closed {
  const { opened, ...closed } = first
  const sum = { ...closed, endedAtMs, message: null, summedCalls: calls, requestBytes: 0, responseBytes: 0 }
  if (opened === undefined) return sum
  return {
    ...sum,
    opened: {
      ...opened,
      workload: null,
      target: null,
      deployment: null,
      apiVersion: null,
      operation: null,
      userAgent: null,
      requestContentType: null,
      path: opened.path.slice(0, pathCharactersMax),
      clientAddress: network,
    },
  }
}
