/** For tests of the collector: messages in memory as a transport has them, and a collector over a ledger. */
import type { TestContext } from 'node:test'
import { temporaryDirectory } from '../../../../../test/support/directory.ts'
import { systemClock } from '../../clock.ts'
import { type keptLog, keptLog as newLog, testLedger } from '../exchange.fixture.ts'
import type { Ledger } from '../index.ts'
import type { LedgerOptions } from '../open.ts'
import { Collector, type CollectorOptions, type NamedSource } from './collector.ts'
import type { MessageSource, SourceMessage, SourceOffsets } from './index.ts'

/** Partitions of messages, which a test appends to. Offsets are counted from 1. */
export class Topic implements MessageSource {
  readonly partitions = new Map<string, SourceMessage[]>()
  /** Offsets with which each reading began. */
  readonly begun: SourceOffsets[] = []
  #wake = Promise.withResolvers<void>()

  /** @param value JSON, or bytes as they travel. */
  append(partition: string, value: string | Buffer, encoding: 'gzip' | null = null): void {
    const messages = this.partitions.get(partition) ?? []
    this.partitions.set(partition, messages)
    messages.push({
      ...{ partition, offset: String(messages.length + 1) },
      headers: encoding === null ? {} : { 'content-encoding': encoding },
      value: Buffer.from(value),
    })
    this.#wake.resolve()
    this.#wake = Promise.withResolvers()
  }

  async *read(from: SourceOffsets, signal: AbortSignal): AsyncGenerator<readonly SourceMessage[]> {
    this.begun.push(new Map(from))
    const next = new Map([...from].map(([partition, offset]) => [partition, Number(offset)]))
    const stopped = new Promise<void>(resolve => signal.addEventListener('abort', () => resolve()))
    while (!signal.aborted) {
      const woken = this.#wake.promise
      for (const [partition, messages] of this.partitions) {
        const batch = messages.slice(next.get(partition) ?? 0)
        next.set(partition, messages.length)
        if (batch.length > 0) yield batch
      }
      await Promise.race([woken, stopped])
    }
  }
}

export interface Collecting {
  readonly collector: Collector
  readonly ledger: Ledger
  readonly directory: string
  readonly log: ReturnType<typeof keptLog>
  close(): Promise<void>
}

interface CollectingParts extends Partial<Pick<CollectorOptions, 'fromBeginning'>> {
  /** Of an earlier collector. */
  readonly directory?: string
  readonly ledger?: Partial<LedgerOptions>
}

export async function collecting(
  t: TestContext,
  sources: readonly NamedSource[],
  parts: CollectingParts = {},
): Promise<Collecting> {
  const { directory = temporaryDirectory('ledger'), fromBeginning = false } = parts
  const log = newLog()
  const ledger = await testLedger(t, directory, { collects: true, fsync: 'batch', log, ...parts.ledger })
  const collector = new Collector({
    ...{ sources, ledger, log, fromBeginning, clock: systemClock, random: Math.random, retryMs: 5 },
    directory: `${directory}/sources`,
  })
  const close = async (): Promise<void> => {
    await collector.close()
    await ledger.close()
  }
  t.after(close)
  return { collector, ledger, directory, log, close }
}
