/**
 * Instances that an operator has drained: kept over restarts in a file of the ledger's directory, and shared by all
 * replicas through Redis.
 */
import { type Drained, type Gate, openGate } from '../instances/gate.ts'
import { type FileFailure, type Given, Orders, type OrdersParts, type Sharing } from './orders.ts'

export type DrainsParts = OrdersParts

/** What came of an order. */
export interface DrainState {
  /** Null after a restore. */
  readonly drained: Drained | null
  readonly sharing: Sharing
}

export interface Drains {
  /** The same gate for the same name, also of an instance that a reload brings. */
  gateOf(instance: string): Gate
  /**
   * Keeps new calls away from an instance. Rejects when the order cannot be kept over a restart; it is not followed
   * then.
   */
  drain(instance: string, by: string): Promise<DrainState>
  restore(instance: string, by: string): Promise<DrainState>
  close(): Promise<void>
}

interface Drain {
  readonly drained: boolean
}

/** Reads what was ordered before, and follows what other replicas order. */
export async function openDrains(parts: DrainsParts): Promise<Drains> {
  const drains = new SharedDrains(parts)
  await drains.read()
  return drains
}

class SharedDrains implements Drains {
  readonly #parts: DrainsParts
  readonly #gates = new Map<string, Gate>()
  readonly #orders: Orders<Drain>

  constructor(parts: DrainsParts) {
    this.#parts = parts
    const kind = {
      name: 'drains',
      valueOf: drainOf,
      use: this.#use.bind(this),
      unreadable: (failure: FileFailure) => parts.log.error(failure, 'drains_unreadable'),
      notKept: (failure: FileFailure) => parts.log.error(failure, 'drains_not_kept'),
    }
    this.#orders = new Orders(kind, parts)
  }

  gateOf(instance: string): Gate {
    let gate = this.#gates.get(instance)
    if (gate === undefined) {
      gate = openGate()
      this.#gates.set(instance, gate)
    }
    return gate
  }

  drain(instance: string, by: string): Promise<DrainState> {
    return this.#order(instance, true, by)
  }

  restore(instance: string, by: string): Promise<DrainState> {
    return this.#order(instance, false, by)
  }

  close(): Promise<void> {
    return this.#orders.close()
  }

  async read(): Promise<void> {
    await this.#orders.read()
    const names = [...this.#orders.all].flatMap(([name, { drained }]) => (drained ? [name] : []))
    if (names.length > 0) this.#parts.log.warn({ instances: names }, 'instances_still_drained')
  }

  async #order(instance: string, drained: boolean, by: string): Promise<DrainState> {
    // An order that changes nothing keeps who gave the first one.
    const isNews = (last: Drain | undefined): boolean => (last?.drained ?? false) !== drained
    const sharing = await this.#orders.give(instance, { drained }, by, isNews)
    return { drained: this.gateOf(instance).drained, sharing }
  }

  #use(instance: string, { drained, atMs, by }: Drain & Given, origin: string): void {
    this.gateOf(instance).drained = drained ? { sinceMs: atMs, by } : null
    if (origin !== 'elsewhere') return
    this.#parts.log.info({ instance, by }, drained ? 'instance_drained_elsewhere' : 'instance_restored_elsewhere')
  }
}

function drainOf(written: { readonly drained?: unknown }): Drain | null {
  return typeof written.drained === 'boolean' ? { drained: written.drained } : null
}
