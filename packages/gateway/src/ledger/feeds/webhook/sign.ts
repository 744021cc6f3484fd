/**
 * Signatures of Standard Webhooks, version 1.0.0, symmetric.
 * https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */
import { createHmac } from 'node:crypto'

export interface SignedHeaders {
  readonly 'webhook-id': string
  /** Seconds since the epoch at which this try is made. */
  readonly 'webhook-timestamp': string
  /** One signature per key, separated by spaces. */
  readonly 'webhook-signature': string
}

/** @param secret `whsec_` and the key in base64. */
export function keyOf(secret: string): Buffer {
  return Buffer.from(secret.replace(/^whsec_/, ''), 'base64')
}

/** @param id without a full stop, which separates what is signed. */
export function signedHeaders(id: string, atMs: number, body: Uint8Array, keys: readonly Uint8Array[]): SignedHeaders {
  const timestamp = String(Math.floor(atMs / 1_000))
  const signatures = keys.map(key => {
    const hmac = createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body)
    return `v1,${hmac.digest('base64')}`
  })
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures.join(' ') }
}
