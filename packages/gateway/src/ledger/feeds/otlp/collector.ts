import { CheckedHost, type CheckedHostOptions, contentRefusals, readBounded } from '../checked-host.ts'
import { ContentRefusedError } from '../refusals.ts'
import type { Packing } from './packing.ts'
import type { OtlpClient, Signal } from './protocol.ts'

export interface CollectorOptions extends Omit<CheckedHostOptions, 'privateHost'> {
  readonly credential: { readonly header: string; readonly secret: string } | null
  readonly signal: Signal
  readonly packing: Packing
}

const adviceFor = (signal: Signal): Readonly<Record<number, string>> => ({
  401: 'Check `credential`.',
  403: 'Check `credential`.',
  404: `Correct \`url\`: most collectors take ${signal} at /v1/${signal}.`,
})

/**
 * OTLP over HTTP: requests one after the other, bodies as protobuf.
 * https://opentelemetry.io/docs/specs/otlp/#otlphttp
 */
export class Collector implements OtlpClient {
  readonly #host: CheckedHost
  readonly #headers: Readonly<Record<string, string>>
  readonly #signal: Signal
  readonly #packing: Packing

  constructor({ credential, signal, packing, ...options }: CollectorOptions) {
    // A collector is nearly always in the operator's own network; metadata services are never one.
    this.#host = new CheckedHost({ ...options, privateHost: new URL(options.url).hostname })
    this.#signal = signal
    this.#packing = packing
    this.#headers = {
      ...(credential === null ? {} : { [credential.header]: credential.secret }),
      'content-type': 'application/x-protobuf',
      ...(packing.encoding === null ? {} : { 'content-encoding': packing.encoding }),
    }
  }

  async send(message: Uint8Array): Promise<{ readonly answer: Uint8Array; readonly bytes: number }> {
    const packed = await this.#packing.pack(message)
    const { status, headers, read } = await this.#host.post(this.#headers, packed, body => readBounded(body))
    if (contentRefusals.has(status))
      throw new ContentRefusedError(`${this.#host.name} answered ${status}: it does not take these ${this.#signal}.`)
    if (status < 200 || status >= 300) throw this.#host.failure(status, headers, adviceFor(this.#signal))
    const isProtobuf = /^application\/x-protobuf\b/i.test(String(headers['content-type'] ?? ''))
    return { answer: isProtobuf ? read : new Uint8Array(), bytes: packed.byteLength }
  }

  close(): Promise<void> {
    return this.#host.close()
  }
}
