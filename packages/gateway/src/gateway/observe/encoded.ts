/**
 * Observes an answer that came encoded although the gateway asked for a plain one. The bytes go to the client
 * unchanged, and a decoded copy goes to the observer, within bounds.
 */
import {
  type BrotliDecompress,
  constants,
  createBrotliDecompress,
  createGunzip,
  createInflate,
  createZstdDecompress,
  type Gunzip,
  type Inflate,
  type ZstdDecompress,
} from 'node:zlib'
import { blind, empty, type Learned, nothingLearned, type Observer } from './observer.ts'

/** An answer that is longer than this when decoded is not read, so its usage is unknown. Bytes. */
const decodedBytesMax = 268_435_456
/** Most bytes that may wait to be decoded. An answer with more is not read. */
const waitingBytesMax = 16_777_216

type Decoder = Gunzip | Inflate | BrotliDecompress | ZstdDecompress

/** Decodes what has come of an answer that broke off. */
const untilItsEnd = { finishFlush: constants.Z_SYNC_FLUSH }

/** The codings of RFC 9110, section 8.4.1, RFC 7932 and RFC 8878. */
const decoders: Readonly<Record<string, () => Decoder>> = {
  gzip: () => createGunzip(untilItsEnd),
  'x-gzip': () => createGunzip(untilItsEnd),
  deflate: () => createInflate(untilItsEnd),
  br: () => createBrotliDecompress({ finishFlush: constants.BROTLI_OPERATION_FLUSH }),
  zstd: () => createZstdDecompress({ finishFlush: constants.ZSTD_e_flush }),
}

/** @param encoding value of Content-Encoding. Answers with several codings, or an unknown one, are not read. */
export function observeEncoded(encoding: string, observer: Observer): Observer {
  const decoder = decoders[encoding.trim().toLowerCase()]
  return decoder === undefined ? blind : new EncodedObserver(decoder(), observer)
}

class EncodedObserver implements Observer {
  readonly #decoder: Decoder
  readonly #observer: Observer
  readonly #over = Promise.withResolvers<void>()
  #decodedBytes = 0
  /** True once the answer is too long to be read. */
  #isBlind = false

  constructor(decoder: Decoder, observer: Observer) {
    this.#decoder = decoder
    this.#observer = observer
    decoder.on('data', (chunk: Buffer) => this.#decoded(chunk))
    decoder.on('end', () => this.#over.resolve())
    decoder.on('close', () => this.#over.resolve())
    // The answer broke off, or is not encoded as it says. What was decoded before is kept.
    decoder.on('error', () => this.#over.resolve())
  }

  pass(chunk: Buffer): Buffer {
    if (this.#isBlind || this.#decoder.destroyed) return chunk
    if (this.#decoder.writableLength > waitingBytesMax) this.#giveUp()
    else this.#decoder.write(chunk)
    return chunk
  }

  rest(): Buffer {
    return empty
  }

  /** Resolves when everything that came is decoded. */
  async whenRead(): Promise<void> {
    if (!this.#decoder.destroyed) this.#decoder.end()
    await this.#over.promise
    this.#decoder.destroy()
  }

  learned(): Learned {
    return this.#isBlind ? nothingLearned : this.#observer.learned()
  }

  #decoded(chunk: Buffer): void {
    this.#decodedBytes += chunk.length
    if (this.#decodedBytes > decodedBytesMax) this.#giveUp()
    else this.#observer.pass(chunk)
  }

  #giveUp(): void {
    this.#isBlind = true
    this.#decoder.destroy()
    this.#over.resolve()
  }
}
