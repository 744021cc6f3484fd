/** A ledger with a feed of the kind kafka, in a thread of its own as in the gateway, and what a reader makes of it. */
import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { type ConfigInput, configSchema } from '../../../packages/gateway/src/config/schema/index.ts'
import { feedSources } from '../../../packages/gateway/src/house/feeds.ts'
import { closedOf, newId, openedOf, testLedger } from '../../../packages/gateway/src/ledger/exchange.fixture.ts'
import { PartJoiner, readMessage } from '../../../packages/gateway/src/ledger/feeds/documents/index.ts'
import type { FeedState } from '../../../packages/gateway/src/ledger/feeds/index.ts'
import type { ReadMessage } from '../../../packages/gateway/src/ledger/feeds/kafka/reader.ts'
import type { KafkaConnection } from '../../../packages/gateway/src/ledger/feeds/kafka/settings.ts'
import { temporaryDirectory } from '../../support/directory.ts'
import type { Random } from '../../support/random.ts'
import { eventually } from '../../support/wait.ts'
import { allMessages } from './topic.ts'

type KafkaFeed = Extract<NonNullable<ConfigInput['feeds']>[string], { kind: 'kafka' }>

const longBytes = 1_500_000
/** Longest wait for so many records, in milliseconds: on two busy cores, with brokers and a ledger beside the feed. */
const waitMs = (records: number): number => 120_000 + 5 * records

export interface Fed {
  /** In the order in which they were recorded. */
  readonly ids: readonly string[]
  /** Records so many more calls of seven callers and three workloads; each 5,000th has a long answer. */
  record(count: number): Promise<void>
  state(): Promise<FeedState>
  /** The feed has sent so many records. */
  sent(count: number): Promise<void>
  /** The feed has an error. */
  failing(): Promise<FeedState>
  /** Nothing is left to send. */
  caughtUp(): Promise<FeedState>
}

export async function fedLedger(t: TestContext, random: Random, feed: Omit<KafkaFeed, 'kind'>): Promise<Fed> {
  const feeds = configSchema.shape.feeds.parse({ topic: { kind: 'kafka', batch: { records: 1_000 }, ...feed } })
  const ledger = await testLedger(t, temporaryDirectory('ledger'), { feeds: feedSources({ feeds }), loadEveryMs: 50 })
  const ids: string[] = []
  const state = async (): Promise<FeedState> => {
    const [first] = await ledger.feeds.states()
    assert.ok(first !== undefined)
    return first
  }
  const until = (what: string, withinMs: number, holds: (state: FeedState) => boolean): Promise<FeedState> =>
    eventually(
      what,
      async () => {
        const now = await state()
        return holds(now) ? now : null
      },
      withinMs,
    )
  const recordOne = async (): Promise<void> => {
    const id = newId()
    const caller = `22222222-3333-4444-5555-00000000000${random.below(7)}`
    const opened = openedOf(id, { callerObjectId: caller, workload: `bot-${random.below(3)}` })
    // The number of the call: within a key it must grow.
    const usage = { ...closedOf(id).usage, promptTokens: ids.length, totalTokens: ids.length + 5 }
    const answer = ids.length % 5_000 === 7 ? `é😀${'x'.repeat(longBytes)}` : `answer ${ids.length}`
    ids.push(id)
    await ledger.journal.open(opened, [Buffer.from(`question ${random.below(1_000)}`)])
    const responseBytes = Buffer.byteLength(answer)
    await ledger.journal.close(closedOf(id, { usage, responseBytes }), [Buffer.from(answer)])
  }
  return {
    ids,
    async record(count) {
      for (let recorded = 0; recorded < count; recorded += 1) await recordOne()
    },
    state,
    async sent(count) {
      await until(`${count} records are sent`, waitMs(count), ({ sent }) => sent >= count)
    },
    failing: () => until('the feed reports an error', 60_000, ({ status }) => status === 'failing'),
    caughtUp: () =>
      until(
        'the feed has sent everything',
        waitMs(ids.length),
        ({ sent, lagRecords }) => sent >= ids.length && lagRecords === 0,
      ),
  }
}

export interface Received {
  /** Each once, in the order in which they came. */
  readonly ids: readonly string[]
  readonly messages: number
  readonly doubles: number
  readonly parted: number
}

/**
 * Reads the topic as a consumer does: joins parts, removes doubles. Asserts that calls of one caller and workload come
 * in their order, from one partition, and that answers are what was recorded.
 */
export async function receive(connection: KafkaConnection): Promise<Received> {
  const seen = new Set<string>()
  const lastOfKey = new Map<string, { readonly partition: number; readonly number: number }>()
  const joiner = new PartJoiner<bigint>({
    clock: Date.now,
    onGivenUp: ({ id }) => assert.fail(`parts of ${id} are missing`),
    onDamaged: id => assert.fail(`a part of ${id} is damaged`),
  })
  let [messages, doubles, parted] = [0, 0, 0]
  const take = ({ partition, offset, key, headers, value }: ReadMessage): void => {
    messages += 1
    if (headers['part'] !== '1') parted += 1
    const document = joiner.add(readMessage(value), offset)
    if (document === null) return
    assert.equal(headers['id'], document.id)
    if (seen.has(document.id)) {
      doubles += 1
      return
    }
    seen.add(document.id)
    const number = Number(document['promptTokens'])
    const last = lastOfKey.get(key)
    assert.ok(last === undefined || (last.number < number && last.partition === partition), `${key} is in order`)
    lastOfKey.set(key, { partition, number })
    const body = String(document['responseBody'])
    assert.ok(body === `answer ${number}` || body === `é😀${'x'.repeat(longBytes)}`)
  }
  for await (const list of allMessages(connection)) for (const message of list) take(message)
  assert.deepEqual([...joiner.incomplete()], [])
  return { ids: [...seen], messages, doubles, parted }
}

/** Asserts that both lists name the same records; a difference is shown by a few of them. */
export function sameRecords(received: readonly string[], recorded: readonly string[]): void {
  const [there, here] = [new Set(received), new Set(recorded)]
  const missing = recorded.filter(id => !there.has(id)).slice(0, 5)
  const strange = received.filter(id => !here.has(id)).slice(0, 5)
  assert.deepEqual({ missing, strange, count: there.size }, { missing: [], strange: [], count: here.size })
}
