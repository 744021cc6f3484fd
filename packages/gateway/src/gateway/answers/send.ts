/** Sends answers that the gateway has put together. */
import { once } from 'node:events'
import type { Call } from '../call.ts'
import { asRelayed, type Relayed } from '../relayed.ts'

/** Answers with a document of the gateway. */
export async function sendOwn(call: Call, document: unknown): Promise<Relayed> {
  const body = Buffer.from(JSON.stringify(document))
  const contentType = 'application/json'
  const headers = [
    'content-type',
    contentType,
    'cache-control',
    'no-store',
    'x-content-type-options',
    'nosniff',
    'x-gatehouse-request-id',
    call.id,
  ]
  const ending = await sendWhole(call, 200, headers, body)
  return asRelayed({ ending, status: 200, contentType, ...ownBody(body) })
}

/** @param headers names and values in turn, without the length. @returns `whole` when all of it is with the kernel. */
export async function sendWhole(
  { res }: Call,
  status: number,
  headers: readonly string[],
  body: Buffer,
): Promise<'whole' | 'left'> {
  if (res === null || res.destroyed) return 'left'
  res.writeHead(status, [...headers, 'content-length', String(body.length)])
  // The response knows its request, and sends no body to HEAD.
  res.end(body)
  await once(res, 'close')
  return res.writableFinished ? 'whole' : 'left'
}

/** The body of an answer that the gateway has put together, for the report. */
export function ownBody(body: Buffer): Pick<Relayed, 'responseBytes' | 'unwritten'> {
  return { responseBytes: body.length, unwritten: [body] }
}
