/** Statuses of gRPC, and what OTLP makes of them. https://opentelemetry.io/docs/specs/otlp/#failures */
import type { IncomingHttpHeaders } from 'node:http2'
import { ContentRefusedError } from '../refusals.ts'
import { RetryLaterError } from '../retry-later.ts'
import { bytesIn, fieldsIn, numberIn, textIn } from './protobuf-read.ts'

/** Names by number: https://grpc.io/docs/guides/status-codes/ */
const names = [
  'OK',
  'CANCELLED',
  'UNKNOWN',
  'INVALID_ARGUMENT',
  'DEADLINE_EXCEEDED',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION',
  'ABORTED',
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
  'UNAUTHENTICATED',
] as const
type StatusName = (typeof names)[number]

const advice: Partial<Record<StatusName, string>> = {
  UNAUTHENTICATED: 'Check `credential`.',
  PERMISSION_DENIED: 'Check `credential`.',
  UNIMPLEMENTED: 'Correct `url`: no such service is there, or it takes no gzip (`compression: none`).',
}

/** Statuses after which the same request is refused again: the content, or its length. */
const refusals: ReadonlySet<string> = new Set<StatusName>(['INVALID_ARGUMENT', 'RESOURCE_EXHAUSTED'])

/**
 * What the status of a call means; null for OK. What the collector says in words is not quoted: it may repeat what was
 * sent.
 * @param what was sent, for the message.
 * @param fields header fields that have the status.
 */
export function grpcFailure(host: string, what: string, fields: IncomingHttpHeaders): Error | null {
  const status = fields['grpc-status']
  if (status === '0') return null
  const name = /^\d{1,2}$/.test(String(status)) ? names[Number(status)] : undefined
  if (name === undefined) return new Error(`${host} ended a call without a status of gRPC. Correct \`url\`.`)
  const says = `${host} answered ${name}`
  const askedMs = retryDelayMs(fields['grpc-status-details-bin'])
  if (askedMs !== null)
    return new RetryLaterError(`${says} and asks for a pause of ${Math.ceil(askedMs / 1_000)} s.`, askedMs)
  if (refusals.has(name)) return new ContentRefusedError(`${says}: it does not take these ${what}.`)
  return new Error(`${says}. ${advice[name] ?? 'The feed tries again with growing pauses.'}`)
}

/**
 * The pause of `google.rpc.RetryInfo` among the details of a `google.rpc.Status`; null where there is none.
 * https://github.com/googleapis/googleapis/blob/master/google/rpc/error_details.proto
 */
function retryDelayMs(details: string | string[] | undefined): number | null {
  if (typeof details !== 'string') return null
  try {
    for (const { field, value } of fieldsIn(Buffer.from(details, 'base64'))) {
      if (field !== 3 || !(value instanceof Uint8Array)) continue
      const any = fieldsIn(value)
      if (!textIn(any, 1).endsWith('/google.rpc.RetryInfo')) continue
      const delay = fieldsIn(bytesIn(fieldsIn(bytesIn(any, 2)), 1))
      return numberIn(delay, 1) * 1_000 + numberIn(delay, 2) / 1_000_000
    }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
  }
  return null
}
