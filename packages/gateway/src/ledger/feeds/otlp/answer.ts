/** What collectors answer: the `partial_success` of opentelemetry/proto/collector, alike in all services. */
import { bytesIn, fieldsIn, numberIn, textIn } from './protobuf-read.ts'

/** What a collector did not keep of a request that it has taken, and why. */
export interface Partial {
  readonly rejected: number
  readonly message: string
}

/** Null when it kept all. An answer that is no protobuf says nothing, and its request was taken. */
export function partialSuccess(answer: Uint8Array): Partial | null {
  try {
    const fields = fieldsIn(bytesIn(fieldsIn(answer), 1))
    const [rejected, message] = [numberIn(fields, 1), textIn(fields, 2)]
    return rejected === 0 && message === '' ? null : { rejected, message }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    return { rejected: 0, message: 'its answer cannot be read' }
  }
}
