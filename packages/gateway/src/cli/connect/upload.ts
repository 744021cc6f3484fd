/** The body of a call on its way to the gateway, which can begin again while it is short. */
import type { IncomingMessage } from 'node:http'

/** Bytes of a body that are kept for a second attempt; a longer one passes without being kept. */
const keptBytesMax = 4 * 1_048_576

export class Upload {
  readonly #source: AsyncIterator<Buffer>
  #chunks: (Buffer | null)[] = []
  /** Index of the first chunk that is kept. */
  #first = 0
  #bytes = 0
  #pulling: Promise<void> | null = null
  #readers = 0

  /** Does not read before `read` is iterated. The request is not destroyed when reading stops early. */
  constructor(req: IncomingMessage) {
    this.#source = req.iterator({ destroyOnReturn: false })
  }

  /** True while the whole body can be sent again from its beginning. */
  get mayRepeat(): boolean {
    return this.#first === 0
  }

  /** The body from its beginning, chunk by chunk as it comes. A second reader takes the place of the first. */
  async *read(): AsyncGenerator<Buffer> {
    this.#readers += 1
    const reader = this.#readers
    for (let at = 0; ; at += 1) {
      while (at - this.#first >= this.#chunks.length) {
        this.#pulling ??= this.#pull().finally(() => {
          this.#pulling = null
        })
        await this.#pulling
        if (reader !== this.#readers) return
      }
      const chunk = this.#chunks[at - this.#first]
      if (chunk === undefined) throw new TypeError('a body that is no longer kept was read again')
      if (chunk === null) return
      if (this.#bytes > keptBytesMax) this.#forgetUntil(at + 1)
      yield chunk
    }
  }

  async #pull(): Promise<void> {
    const { done, value } = await this.#source.next()
    this.#chunks.push(done === true ? null : value)
    if (done !== true) this.#bytes += value.byteLength
  }

  #forgetUntil(at: number): void {
    this.#chunks = this.#chunks.slice(at - this.#first)
    this.#first = at
  }
}

/** Null for a call without a body. */
export function uploadOf(req: IncomingMessage): Upload | null {
  const { 'content-length': length, 'transfer-encoding': coding } = req.headers
  return coding === undefined && (length === undefined || length === '0') ? null : new Upload(req)
}
