/** The head of a backend's answer, read once. */
import { type AnswerHeaders, firstValue } from '../../wire/backends.ts'
import { isEventStream } from '../../wire/media-types.ts'

export interface AnswerHead {
  readonly status: number
  readonly headers: AnswerHeaders
  readonly contentType: string | null
  /** True for server-sent events: the body ends when it ends, whatever length is announced. */
  readonly isEventStream: boolean
  /** Content-Encoding of a body that is not sent plain; null for nearly every answer. */
  readonly encoding: string | null
  /** Announced length of the body in bytes; NaN when it is unknown. */
  readonly bodyBytes: number
}

/** A whole answer that was read elsewhere. */
export interface WholeAnswer {
  readonly status: number
  readonly headers: AnswerHeaders
  readonly body: readonly Buffer[]
}

export function answerHead(status: number, headers: AnswerHeaders): AnswerHead {
  const contentType = firstValue(headers['content-type'])
  const encoding = firstValue(headers['content-encoding'])
  const isPlain = encoding === null || /^\s*identity\s*$/i.test(encoding)
  return {
    status,
    headers,
    contentType,
    isEventStream: isEventStream(contentType),
    encoding: isPlain ? null : encoding,
    bodyBytes: Number(firstValue(headers['content-length']) ?? Number.NaN),
  }
}
