import { gunzipSync } from 'node:zlib'
import { type RecordDocument, UnreadableMessageError } from './part.ts'

/** Longest message after decompression, in bytes: the feed compresses none that is longer than a message may be. */
const documentBytesMax = 64 * 1_048_576

/**
 * Reads a message of a feed: a record, or a part of one.
 * @param contentEncoding `gzip` for a compressed one; null or empty for one that is not.
 * @throws UnreadableMessageError when it is neither. The error shows nothing of the message.
 */
export function readMessage(value: Uint8Array, contentEncoding: string | null = null): RecordDocument {
  const text = textOf(value, contentEncoding ?? '')
  let document: unknown
  try {
    document = JSON.parse(text)
  } catch {
    throw new UnreadableMessageError('The message is not JSON.')
  }
  if (isRecord(document)) return document
  throw new UnreadableMessageError('The message is no JSON object with an id.')
}

function textOf(value: Uint8Array, contentEncoding: string): string {
  if (contentEncoding === '') return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('utf8')
  if (contentEncoding !== 'gzip') throw new UnreadableMessageError('The message has an unknown content encoding.')
  try {
    return gunzipSync(value, { maxOutputLength: documentBytesMax }).toString('utf8')
  } catch {
    throw new UnreadableMessageError('The message is no gzip, or is longer than 64 MiB without it.')
  }
}

function isRecord(document: unknown): document is RecordDocument {
  return typeof document === 'object' && document !== null && 'id' in document && typeof document.id === 'string'
}
