/**
 * The documents that a tenant publishes about its tokens: two discovery documents (versions 1 and 2) and the key sets
 * that they name. https://learn.microsoft.com/entra/identity-platform/access-tokens#validate-tokens
 */
import { importJWK } from 'jose'
import { Agent, request } from 'undici'
import { z } from 'zod'
import { checkedAuthority, isLoopback, isTrustworthy } from './authority.ts'

/** A public key that a tenant signs with. The same object for as long as the tenant publishes the key. */
export interface TrustedKey {
  readonly id: string
  readonly modulus: string
  readonly exponent: string
  readonly key: CryptoKey
  /** Set when the tenant no longer publishes the key. Tokens that it verified are then forgotten. */
  withdrawn: boolean
}

/** One reading of all documents of a tenant. */
export interface TenantDocuments {
  /** Expected claim `iss` by claim `ver`. */
  readonly issuers: { readonly '1.0': string; readonly '2.0': string }
  /** Keys by id; never empty. */
  readonly keys: ReadonlyMap<string, TrustedKey>
}

export interface DocumentReader {
  /** Reads all documents of a tenant again. Rejects with an Error that says which document failed and how. */
  read(tenantId: string): Promise<TenantDocuments>
  close(): void
}

/** Entra's documents have 1 to 20 KiB. */
const documentBytesMax = 1_048_576
const documentTimeoutMs = 5_000
const keysPerSetMax = 100
const modulusBits = { least: 2_048, most: 8_192 } as const

const discoveryDocument = z.object({ issuer: z.url().max(2_048), jwks_uri: z.url().max(2_048) })
const keySet = z.object({ keys: z.array(z.unknown()).max(keysPerSetMax) })
const signingKey = z.object({
  kty: z.literal('RSA'),
  use: z.literal('sig'),
  alg: z.literal('RS256').optional(),
  kid: z.string().min(1).max(256),
  n: z.string().max(2_048),
  e: z.string().max(16),
  /** Entra's own extension: the issuer whose tokens the key may sign; may contain `{tenantid}`. */
  issuer: z.string().optional(),
})

export function createDocumentReader(authority: string): DocumentReader {
  const base = checkedAuthority(authority)
  const loopback = isLoopback(new URL(base).hostname)
  const closing = new AbortController()
  // No keep-alive: documents are read every quarter of an hour, and a connection that the service has dropped would
  // fail a reading.
  const agent = new Agent({
    pipelining: 0,
    connect: { timeout: documentTimeoutMs },
    headersTimeout: documentTimeoutMs,
    bodyTimeout: documentTimeoutMs,
    maxResponseSize: documentBytesMax,
  })

  async function readJson(url: string): Promise<unknown> {
    const signal = AbortSignal.any([closing.signal, AbortSignal.timeout(documentTimeoutMs)])
    try {
      // `request` follows no redirects: only the operator decides where keys come from.
      const answer = await request(url, { dispatcher: agent, signal, headers: { accept: 'application/json' } })
      const text = await answer.body.text()
      if (answer.statusCode !== 200) throw new Error(`status ${answer.statusCode}`)
      return JSON.parse(text)
    } catch (error) {
      throw new Error(`${url}: ${reasonOf(error)}`, { cause: error })
    }
  }

  async function readDiscovery(tenantId: string, path: string): Promise<{ issuer: string; jwks_uri: string }> {
    const url = `${base}/${tenantId}${path}/.well-known/openid-configuration`
    const found = discoveryDocument.safeParse(await readJson(url))
    if (!found.success) throw new Error(`${url}: no usable issuer and jwks_uri`)
    if (!namesTenant(found.data.issuer, tenantId)) throw new Error(`${url}: its issuer is not of tenant ${tenantId}`)
    for (const address of [found.data.issuer, found.data.jwks_uri]) {
      if (!isTrustworthy(new URL(address), loopback)) throw new Error(`${url}: names an address that is not https`)
    }
    return found.data
  }

  async function read(tenantId: string): Promise<TenantDocuments> {
    const [v1, v2] = await Promise.all([readDiscovery(tenantId, ''), readDiscovery(tenantId, '/v2.0')])
    const addresses = [...new Set([v2.jwks_uri, v1.jwks_uri])]
    const sets = await Promise.all(addresses.map(readJson))
    const issuers = { '1.0': v1.issuer, '2.0': v2.issuer }
    const keys = await usableKeys(sets.flatMap(keysOf), tenantId, [v1.issuer, v2.issuer])
    if (keys.size === 0)
      throw new Error(`${addresses.join(', ')}: no RSA key of at least ${modulusBits.least} bits for signatures`)
    return { issuers, keys }
  }

  function close(): void {
    closing.abort()
    agent.destroy().catch(() => {
      // Its sockets close in any case, and the signal has rejected every waiting reading.
    })
  }
  return { read, close }
}

/**
 * True when the issuer belongs to the tenant: `https://HOST/{tid}/` or `https://HOST/{tid}/v2.0`. Used for documents,
 * and for tokens before any document is read.
 */
export function namesTenant(issuer: string, tenantId: string): boolean {
  if (!URL.canParse(issuer)) return false
  return new URL(issuer).pathname.split('/')[1]?.toLowerCase() === tenantId
}

function keysOf(set: unknown): readonly unknown[] {
  const found = keySet.safeParse(set)
  return found.success ? found.data.keys : []
}

/**
 * RSA keys for signatures, by id; of two with the same id the first one. Keys of other kinds and of other issuers are
 * left out.
 */
async function usableKeys(
  candidates: readonly unknown[],
  tenantId: string,
  issuers: readonly string[],
): Promise<Map<string, TrustedKey>> {
  const keys = new Map<string, TrustedKey>()
  for (const candidate of candidates) {
    const found = signingKey.safeParse(candidate)
    if (!found.success || keys.has(found.data.kid)) continue
    const { kid, n, e, issuer } = found.data
    if (issuer !== undefined && !issuers.includes(issuer.replace('{tenantid}', tenantId))) continue
    const key = await importedKey(n, e)
    if (key !== null) keys.set(kid, { id: kid, modulus: n, exponent: e, key, withdrawn: false })
  }
  return keys
}

/** Only modulus and exponent are used, so nothing else in the document can change what the key is good for. */
async function importedKey(n: string, e: string): Promise<CryptoKey | null> {
  try {
    const key = await importJWK({ kty: 'RSA', n, e, alg: 'RS256' }, 'RS256')
    if (key instanceof Uint8Array) return null
    const bits = Reflect.get(key.algorithm, 'modulusLength')
    return typeof bits === 'number' && bits >= modulusBits.least && bits <= modulusBits.most ? key : null
  } catch {
    return null
  }
}

/** Libraries put the reason into the message, the code or the cause. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown reason'
  const code: unknown = Reflect.get(error, 'code')
  if (typeof code === 'string' && code !== '' && !error.message.includes(code)) {
    return error.message === '' ? code : `${code}, ${error.message}`
  }
  return error.message
}
