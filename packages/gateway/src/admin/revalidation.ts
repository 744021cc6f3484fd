import { createHash } from 'node:crypto'
import type { MiddlewareHandler } from 'hono'
import type { AdminEnv } from './parts.ts'

/** Routes whose answers often repeat. Those with records or bodies are never kept. */
const paths: ReadonlySet<string> = new Set([
  '/openapi.json',
  '/api/v1/whoami',
  '/api/v1/me/series',
  '/api/v1/instances',
  '/api/v1/limits',
  '/api/v1/feeds',
  '/api/v1/series',
])

/**
 * Gives answers that often repeat an entity tag, and answers 304 to who has the present one (RFC 9110, section 13.1.2).
 * The tag is a hash of the bytes, so it is strong, and tells nobody what another caller sees. A browser may keep such
 * an answer for its own user, and asks each time whether it still holds.
 */
export const revalidated: MiddlewareHandler<AdminEnv> = async (c, next) => {
  await next()
  if (!paths.has(c.req.path) || c.res.status !== 200) return
  const bytes = Buffer.from(await c.res.arrayBuffer())
  const tag = `"${createHash('sha256').update(bytes).digest('base64url')}"`
  const headers = new Headers(c.res.headers)
  headers.set('etag', tag)
  headers.set('cache-control', 'private, no-cache')
  headers.append('vary', 'authorization, cookie')
  const isKnown = names(c.req.header('if-none-match'), tag)
  if (isKnown) for (const name of ['content-type', 'content-length']) headers.delete(name)
  // Without this, the fields of the answer before would be added again.
  c.res = undefined
  c.res = new Response(isKnown ? null : bytes, { status: isKnown ? 304 : 200, headers })
}

/** Compared weakly, as the field asks for: proxies that compress an answer make its tag weak. */
function names(field: string | undefined, tag: string): boolean {
  if (field === undefined) return false
  return field.trim() === '*' || field.split(',').some(one => one.trim().replace(/^W\//, '') === tag)
}
