import { Worker } from 'node:worker_threads'
import { codeOf } from '../../errors.ts'
import { workerUrl } from '../../worker-url.ts'
import { LedgerError, QuestionError } from '../index.ts'
import { type SearchPage, type SearchQuery, searchHitsDefault, searchHitsMax, textFault } from './index.ts'
import type { SearchData } from './messages.ts'
import type { BodyPlaces } from './places.ts'
import type { SearchBounds } from './scan.ts'

const bounds: Omit<SearchBounds, 'hits'> = {
  bytes: 1_024 * 1_048_576,
  ms: 3_000,
  recordBytes: 32 * 1_048_576,
}
/** Heap of the thread. A body of 32 MiB as parsed JSON needs about 300 MB. */
const heapMegabytes = 768

/**
 * Runs searches one after the other, each in a thread of its own: reading and parsing bodies delays no call, and a
 * search that nobody waits for any more ends at once.
 */
export class SearchThread {
  readonly #journal: string
  #turn: Promise<unknown> = Promise.resolve()
  #worker: Worker | null = null
  #isClosed = false

  /** @param journal directory of the segments. */
  constructor(journal: string) {
    this.#journal = journal
  }

  /** Rejects with a `QuestionError`, or a `LedgerError` `ledger_busy` or `ledger_closed`. */
  async search(
    places: BodyPlaces,
    { text, limit = searchHitsDefault }: Pick<SearchQuery, 'text' | 'limit'>,
    deletedBeforeMs: number,
    signal?: AbortSignal,
  ): Promise<SearchPage> {
    const fault = textFault(text)
    if (fault !== null) throw new QuestionError(`The text to search for ${fault}.`)
    if (!Number.isInteger(limit) || limit < 1 || limit > searchHitsMax) {
      throw new QuestionError(`limit must be a whole number from 1 to ${searchHitsMax}.`)
    }
    const data = { journal: this.#journal, places, text, deletedBeforeMs, bounds: { ...bounds, hits: limit } }
    const result = this.#turn.then(() => this.#run(data, signal))
    this.#turn = result.catch(() => {})
    return result
  }

  /** Ends the search that runs; it and those that wait reject with `ledger_closed`. */
  close(): void {
    this.#isClosed = true
    void this.#worker?.terminate()
  }

  async #run(workerData: SearchData, signal: AbortSignal | undefined): Promise<SearchPage> {
    if (this.#isClosed) throw new LedgerError('ledger_closed', 'The ledger has been closed.')
    if (signal?.aborted === true) throw stopped()
    const worker = new Worker(workerUrl('./worker.ts', import.meta.url), {
      workerData,
      resourceLimits: { maxOldGenerationSizeMb: heapMegabytes },
    })
    this.#worker = worker
    const { promise, resolve, reject } = Promise.withResolvers<SearchPage>()
    const stop = (): void => void worker.terminate()
    signal?.addEventListener('abort', stop, { once: true })
    worker.on('message', resolve)
    worker.on('error', (cause: Error) => reject(failed(cause)))
    worker.on('exit', () =>
      reject(this.#isClosed ? new LedgerError('ledger_closed', 'The ledger has been closed.') : stopped()),
    )
    try {
      return await promise
    } finally {
      signal?.removeEventListener('abort', stop)
      this.#worker = null
    }
  }
}

function stopped(): LedgerError {
  return new LedgerError('ledger_busy', 'The search was stopped before it had an answer.')
}

/** A fault of the search itself stays what it is. */
function failed(cause: Error): Error {
  if (codeOf(cause) !== 'ERR_WORKER_OUT_OF_MEMORY') return cause
  const message =
    'The search needs more memory than it may take. gatehouse ledger export --bodies writes the records into a file, which other programs search.'
  return new LedgerError('ledger_busy', message, { cause })
}
