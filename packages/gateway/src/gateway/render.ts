import type { Call } from './call.ts'
import { type Refusal, refusalBody, refusals } from './refusals.ts'

/** The one place where a refusal becomes bytes. @returns the length of the body, 0 when nothing could be sent. */
export function renderRefusal(call: Call, refusal: Refusal, parts: { readonly publicUrl: string | null }): number {
  const { req, res, id } = call
  if (res === null || res.headersSent || res.destroyed) return 0
  const body = refusalBody(refusal)
  const headers: Record<string, string | number> = {
    'content-type': 'application/json',
    'content-length': body.length,
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'x-gatehouse-request-id': id,
    'x-gatehouse-refusal': refusal.code,
    // OpenAI's SDKs obey this before their own rules.
    'x-should-retry': refusals[refusal.code].retry === 'never' ? 'false' : 'true',
  }
  if (refusal.status === 401) headers['www-authenticate'] = challenge(call, refusal, parts.publicUrl)
  const { retryAfterMs } = refusal
  if (retryAfterMs !== null) {
    // Whole seconds, rounded up (RFC 9110 section 10.2.3). Azure's own field next to it is exact.
    headers['retry-after'] = Math.max(1, Math.ceil(retryAfterMs / 1_000))
    headers['retry-after-ms'] = Math.max(1, Math.ceil(retryAfterMs))
  } else if (refusal.status === 503) headers['retry-after'] = 1
  for (let i = 0; i + 1 < refusal.headers.length; i += 2) {
    headers[refusal.headers[i] as string] = refusal.headers[i + 1] as string
  }
  if (refusal.code === 'method_not_allowed') headers['allow'] = String(refusal.details['allowed'])
  // A client that waits for 100 and is refused may or may not send its body (RFC 9110 section 10.1.1), so the next
  // bytes on this connection could be a body or a request.
  if (refusal.code === 'body_timeout' || (call.expectsContinue && !req.complete)) headers['connection'] = 'close'
  res.writeHead(refusal.status, headers)
  res.end(req.method === 'HEAD' ? undefined : body)
  return body.length
}

/** RFC 6750 section 3 and RFC 9728 section 5.1. */
function challenge(call: Call, refusal: Refusal, publicUrl: string | null): string {
  const words = refusal.message.replace(/["\\]/g, "'").replace(/[^\x20-\x7e]/g, '?')
  const metadata = `${baseUrl(call, publicUrl)}/.well-known/oauth-protected-resource`
  const error = refusal.code === 'token_missing' ? '' : `error="invalid_token", error_description="${words}", `
  return `Bearer ${error}resource_metadata="${metadata}"`
}

/**
 * The address under which clients see this gateway. The Host header is only a claim of the client, and only that client
 * sees the result.
 */
export function baseUrl(call: Pick<Call, 'req'>, publicUrl: string | null): string {
  if (publicUrl !== null) return publicUrl.replace(/\/+$/, '')
  const host = call.req.headers.host ?? ''
  return /^[A-Za-z0-9.:[\]-]{1,255}$/.test(host) ? `http://${host}` : 'http://localhost'
}
