/** What collectors answer: the `partial_success` of opentelemetry/proto/collector, alike in all services. */
import { bytesIn, fieldsIn, numberIn, textIn } from './protobuf-read.ts'

/** What a collector did not keep of a request that it has taken, and why. */
export interface Partial {
  readonly rejected: number
  readonly message: string
}

/** Shorter words say nothing about a secret. */
const wordLengthLeast = 8

/**
 * Null when it kept all. An answer that is no protobuf says nothing, and its request was taken.
 * @param secret of the request, null for none. A collector may repeat what it was sent, and its reason is logged, so
 * each word of the secret is left out of it.
 */
export function partialSuccess(answer: Uint8Array, secret: string | null): Partial | null {
  try {
    const fields = fieldsIn(bytesIn(fieldsIn(answer), 1))
    const rejected = numberIn(fields, 1)
    const message = without(textIn(fields, 2), secret ?? '')
    return rejected === 0 && message === '' ? null : { rejected, message }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    return { rejected: 0, message: 'its answer cannot be read' }
  }
}

function without(text: string, secret: string): string {
  const words = [secret, ...secret.split(/\s+/)].filter(word => word.length >= wordLengthLeast)
  return words.reduce((rest, word) => rest.replaceAll(word, '...'), text)
}
