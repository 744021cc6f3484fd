/** Sends calls whose prompts begin alike to the same member, so that Azure's prompt cache hits there. */
import { crc32 } from 'node:zlib'
import type { ReceivedRequest } from '../4-receive/request.ts'

const messages = Buffer.from('"messages"')
const input = Buffer.from('"input"')

/**
 * Hash of the first bytes from `messages` or `input` on. The model, the temperature and similar members before them do
 * not count.
 * @returns 32 bits; -1 for a call without a JSON body.
 */
export function prefixHash(request: ReceivedRequest, prefixBytes: number): number {
  const body = request.json?.body
  if (body === undefined) return -1
  const at = Math.max(body.indexOf(messages), 0) || Math.max(body.indexOf(input), 0)
  return crc32(body.subarray(at, at + prefixBytes))
}
