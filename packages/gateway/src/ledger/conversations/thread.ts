import { Worker } from 'node:worker_threads'
import { codeOf } from '../../errors.ts'
import { workerUrl } from '../../worker-url.ts'
import { LedgerError } from '../index.ts'
import type { ConversationsPiece } from './index.ts'
import type { ConversationsData, FromConversations, ToConversations } from './messages.ts'

/** Heap of the thread. A body of 32 MiB as parsed JSON needs about 300 MB. */
const heapMegabytes = 768

/**
 * The thread of one export. Reading bodies and parsing them delays no call: the main thread only passes on what comes.
 * It makes one piece ahead and no more, so a slow reader costs no memory.
 */
export class ConversationsThread {
  readonly #worker: Worker
  #waiting: PromiseWithResolvers<FromConversations> | null = null
  #fault: Error | null = null

  constructor(workerData: ConversationsData) {
    this.#worker = new Worker(workerUrl('./worker.ts', import.meta.url), {
      workerData,
      resourceLimits: { maxOldGenerationSizeMb: heapMegabytes },
    })
    this.#worker.on('message', (piece: FromConversations) => this.#waiting?.resolve(piece))
    this.#worker.on('error', (cause: Error) => this.#fail(failed(cause)))
    this.#worker.on('exit', () => this.#fail(new LedgerError('ledger_closed', 'The export has ended.')))
  }

  /**
   * The lines of a page. @param entries are handed over.
   * @throws LedgerError
   */
  async *linesOf(entries: Uint8Array): AsyncGenerator<ConversationsPiece> {
    const page: ToConversations = { kind: 'page', entries }
    this.#worker.postMessage(page)
    let next = this.#more()
    for (;;) {
      const { bytes, ids, isLast } = await next
      if (!isLast) next = this.#more()
      yield { bytes, ids }
      if (isLast) return
    }
  }

  async close(): Promise<void> {
    await this.#worker.terminate()
  }

  #more(): Promise<FromConversations> {
    if (this.#fault !== null) return Promise.reject(this.#fault)
    this.#waiting = Promise.withResolvers()
    // A reader that leaves does not wait for it any more.
    this.#waiting.promise.catch(() => {})
    const more: ToConversations = { kind: 'more' }
    this.#worker.postMessage(more)
    return this.#waiting.promise
  }

  #fail(fault: Error): void {
    this.#fault ??= fault
    this.#waiting?.reject(this.#fault)
  }
}

/** A fault of the export itself stays what it is. */
function failed(cause: Error): Error {
  if (codeOf(cause) !== 'ERR_WORKER_OUT_OF_MEMORY') return cause
  return new LedgerError('ledger_busy', 'The export needs more memory than it may take.', { cause })
}
