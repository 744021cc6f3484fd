import type { Clock } from '../../clock.ts'
import type { HoldFilter } from '../privacy/index.ts'
import type { StoreClient } from '../store/client.ts'
import type { ConversationsPiece, ConversationsQuery, ConversationsReading, Turn } from './index.ts'
import { ConversationsThread } from './thread.ts'

/** Records of one question to the store. */
const pageRecords = 1_000

export interface ReadingParts {
  readonly store: Pick<StoreClient, 'ask'>
  /** Directory of the segments. */
  readonly journal: string
  /** Milliseconds since the epoch: bodies of records that began earlier are left out. */
  readonly bodiesFromMs: Clock
  /** Legal holds: bodies of their records are shown for as long as they stand. */
  readonly holds: () => readonly HoldFilter[]
  /** Aborted when the ledger closes: what is being read then rejects with `ledger_closed`. */
  readonly ended: AbortSignal
}

/**
 * Begins to read. The first page is there when it resolves; the next one is asked for while the lines of one are made.
 */
export async function readConversations(
  { store, journal, bodiesFromMs, holds, ended }: ReadingParts,
  { bodies, raw, upTo, before, ...filter }: ConversationsQuery,
  turn: Turn,
): Promise<ConversationsReading> {
  const pageAt = (loadedTo: string | undefined, from: string | undefined) =>
    turn(() =>
      store.ask(
        'conversationsPage',
        {
          ...{ filter, limit: pageRecords, bodiesFromMs: bodiesFromMs() },
          ...(loadedTo === undefined ? {} : { upTo: loadedTo }),
          ...(from === undefined ? {} : { before: from }),
        },
        holds(),
      ),
    )
  const first = await pageAt(upTo, before)

  async function* pieces(): AsyncGenerator<ConversationsPiece> {
    const thread = new ConversationsThread({ journal, bodies, raw })
    const end = (): void => void thread.close()
    ended.addEventListener('abort', end, { once: true })
    if (ended.aborted) end()
    try {
      for (let page = first; ; ) {
        const next = page.next === null ? null : pageAt(first.upTo, page.next)
        next?.catch(() => {})
        yield* thread.linesOf(page.entries)
        if (next === null) return
        page = await next
      }
    } finally {
      ended.removeEventListener('abort', end)
      await thread.close()
    }
  }
  return { upTo: first.upTo, pieces: pieces() }
}
