/** Sends an answer to an HTTP client: head, body with back-pressure, end, and the signs that an answer broke off. */
import type { ServerResponse } from 'node:http'
import type { AnswerHead } from '../../backend/answer-head.ts'
import type { BackendFailure } from '../../backend/failures.ts'
import { responseHeaders } from '../../backend/headers.ts'
import type { Outgoing, OutgoingListener } from './outgoing.ts'

/** Pieces up to this size are copied rather than handed over. Bytes. */
const shortPieceBytes = 8_192

export class ClientOutgoing implements Outgoing {
  readonly #id: string
  readonly #res: ServerResponse
  readonly #limitHeaders: string[] | null
  #listener: OutgoingListener | null = null
  #isStream = false
  /** Bytes of an announced length that have not come yet; NaN when the length is unknown. */
  #missingBytes = Number.NaN
  /** The piece that completes an announced length. It waits for `end`, which follows in the same turn. */
  #last: Buffer | null = null
  /** True while the connection takes no more bytes. */
  #isFull = false

  /** @param id of the call. @param limitHeaders header fields about limits; the answer's head takes the array over. */
  constructor(id: string, res: ServerResponse, limitHeaders: string[] | null) {
    this.#id = id
    this.#res = res
    this.#limitHeaders = limitHeaders
  }

  listen(listener: OutgoingListener): void {
    this.#listener = listener
    // One listener for both: the answer has been sent, or the client is gone.
    this.#res.on('close', () => listener.closed())
  }

  get isClosed(): boolean {
    return this.#res.destroyed
  }

  get isSent(): boolean {
    return this.#res.writableFinished
  }

  head(head: AnswerHead, changesBody: boolean): void {
    const res = this.#res
    const limits = head.status >= 400 ? null : this.#limitHeaders
    res.writeHead(head.status, responseHeaders(head.headers, this.#id, changesBody, limits))
    this.#isStream = head.isEventStream
    // The first event may be seconds away; the client's timers wait for the head.
    if (head.isEventStream) res.flushHeaders()
    // A stream may be shorter than announced, where something is removed from it: it ends when it ends.
    else this.#missingBytes = head.bodyBytes
  }

  write(bytes: Buffer): boolean {
    this.#missingBytes -= bytes.length
    if (this.#missingBytes === 0) {
      // Head, body and end go out in one piece.
      this.#last = bytes
      return true
    }
    const res = this.#res
    if (res.write(bytes) || this.#isFull) return true
    this.#isFull = true
    res.once('drain', () => {
      this.#isFull = false
      this.#listener?.drained()
    })
    return false
  }

  /**
   * A short piece is sent as text, one character for each byte: Node then writes head and body at once. A buffer after
   * the head takes the way for many pieces, which costs 3 µs more.
   */
  end(rest: Buffer): void {
    const res = this.#res
    const last = this.#last ?? rest
    if (last.length === 0) res.end()
    else if (last.length <= shortPieceBytes) res.end(last.toString('latin1'), 'latin1')
    else res.end(last)
  }

  /**
   * A stream gets an error event, which SDKs understand. Then the connection is cut, because a proper end would say
   * that the answer is complete.
   */
  breakOff(rest: Buffer, failure: BackendFailure): void {
    const res = this.#res
    if (!this.#isStream || res.destroyed) {
      res.destroy()
      return
    }
    const error = {
      message: `The answer broke off (${failure}). Request id: ${this.#id}`,
      type: 'server_error',
      param: null,
      code: failure,
    }
    const event = Buffer.from(`\n\ndata: ${JSON.stringify({ error })}\n\n`)
    res.write(Buffer.concat([rest, event]), () => res.destroy())
  }
}
