/** Which routes take a JSON body, how long it may be, and the layer that reads it. */
import type { IncomingMessage } from 'node:http'
import type { MiddlewareHandler } from 'hono'
import { configurationJsonBytesMax } from './configuration-schemas.ts'
import type { AdminEnv } from './env.ts'
import { AdminError } from './errors.ts'
import { relayedBytesMax } from './playground-schemas.ts'

/** Longest JSON body of each route that takes one, in bytes. The others refuse every body. */
export const jsonBytesMaxByRoute: JsonBytesMax = {
  'POST /api/v1/config/check': configurationJsonBytesMax,
  'POST /api/v1/config/apply': configurationJsonBytesMax,
  'POST /api/v1/playground/chat/completions': relayedBytesMax,
  'POST /api/v1/playground/responses': relayedBytesMax,
  'POST /api/v1/query': 128 * 1_024,
  'POST /api/v1/records/holds': 16 * 1_024,
  'POST /api/v1/limits/overrides': 16 * 1_024,
  'POST /api/v1/limits/overrides/end': 16 * 1_024,
  'POST /api/v1/records/erasures': 16 * 1_024,
  'POST /api/v1/records/erasures/preview': 16 * 1_024,
  'POST /api/v1/explain': 1_048_576,
  'POST /api/v1/explain/replay': 2_097_152,
}

export type JsonBytesMax = Readonly<Record<`${'POST' | 'PUT'} /${string}`, number>>

/**
 * Finds the longest body of a request in bytes; 0 where the route takes none. Routes of the table have no parameters
 * in their addresses.
 * @param target of the request line, as `/api/v1/query?dryRun=true`.
 */
export function jsonBytesMaxOf(table: JsonBytesMax, method: string, target: string): number {
  const key = `${method} ${target.split('?')[0]}`
  return Object.hasOwn(table, key) ? (table[key as keyof JsonBytesMax] ?? 0) : 0
}

/**
 * Admits bodies that say that they are JSON, up to their route's longest length, whether they announce it or come in
 * chunks. Comes after the check of the role: strangers have nothing parsed.
 * @throws AdminError body_not_json (415), body_too_long (413), body_malformed (400)
 */
export function jsonBodies(table: JsonBytesMax): MiddlewareHandler<AdminEnv> {
  return async (c, next) => {
    const bytesMax = jsonBytesMaxOf(table, c.req.method, c.req.path)
    if (bytesMax === 0) return next()
    const type = c.req.header('content-type') ?? ''
    if (!/^application\/json *(?:;|$)/i.test(type)) {
      const message = 'This takes a JSON object as its body. Send it with the header "content-type: application/json".'
      throw new AdminError('body_not_json', message)
    }
    const text = await readBody(c.env.incoming, bytesMax)
    requireJson(text)
    // Handlers read the body from here. It holds promises, which its type does not say.
    Object.assign(c.req.bodyCache, { text: Promise.resolve(text) })
    await next()
  }
}

/** Reads on Node's stream. What is too long is not kept, and the stream stays open for the answer. */
async function readBody(incoming: IncomingMessage, bytesMax: number): Promise<string> {
  const pieces: Buffer[] = []
  let bytes = 0
  try {
    for await (const piece of incoming.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      bytes += piece.byteLength
      if (bytes > bytesMax) throw bodyTooLong(bytesMax)
      pieces.push(piece)
    }
  } catch (cause) {
    if (cause instanceof AdminError) throw cause
    throw new AdminError('request_malformed', 'The body ended before it was whole.', { cause })
  }
  return Buffer.concat(pieces).toString('utf8')
}

export function bodyTooLong(bytesMax: number): AdminError {
  return new AdminError('body_too_long', `The body is longer than ${bytesMax} bytes, the most that is taken here.`)
}

function requireJson(text: string): void {
  try {
    JSON.parse(text)
  } catch {
    // The parser's own words repeat the body.
    throw new AdminError('body_malformed', 'The body is not valid JSON (RFC 8259).')
  }
}
