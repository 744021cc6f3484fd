import { hash } from 'node:crypto'
import { compactVerify } from 'jose'
import { tokenCharactersMax, tokenTooLong } from './bearer.ts'
import type { Caller } from './caller.ts'
import { type Expectations, expectationsOf, readCaller, readOrigin, wrongIssuer } from './claims.ts'
import { createDocumentReader, type TrustedKey } from './documents.ts'
import { IdentityError } from './errors.ts'
import type { Verifier, VerifierOptions } from './index.ts'
import { freshnessEveryMs, TenantKeys } from './keys.ts'
import { CallerMemory, type VerifiedToken } from './memory.ts'
import { parseToken } from './token.ts'

/** The last token of a connection. */
interface LastToken {
  readonly token: string
  readonly entry: VerifiedToken
}

/**
 * Verified tokens that are remembered; the oldest are evicted first. About 1 KB each, 8 KB when a token lists 200
 * groups.
 */
const rememberedMax = 50_000

/** @throws AuthorityError when the authority is not https (or http on loopback). */
export function createVerifier(options: VerifierOptions): Verifier {
  const { clock, log = null } = options
  const expected: Expectations = { ...expectationsOf(options), clockSkewMs: options.clockSkewMs }
  const reader = createDocumentReader(options.authority)
  const tenants = new Map<string, TenantKeys>()
  for (const tenantId of expected.tenants) tenants.set(tenantId, new TenantKeys(tenantId, { reader, clock, log }))
  // Remembered tokens need no documents: without this timer, one that a withdrawn key has signed would count until it
  // expires.
  const freshness = setInterval(() => {
    for (const tenant of tenants.values()) void tenant.refresh()
  }, freshnessEveryMs).unref()
  const memory = new CallerMemory(rememberedMax, clock)
  const underway = new Map<string, Promise<Caller>>()
  let lastOf = new WeakMap<object, LastToken>()
  let closed = false

  async function verifyAnew(token: string, digest: string): Promise<Caller> {
    const { keyId, claims } = parseToken(token)
    const origin = readOrigin(claims, expected, clock())
    const tenant = tenants.get(origin.tenantId)
    if (tenant === undefined) throw wrongIssuer(origin.issuer, origin.tenantId)
    const documents = await tenant.current()
    // Compared before the key is looked up: a made-up issuer must not cause a reading of keys.
    if (origin.issuer !== documents.issuers[origin.version]) throw wrongIssuer(origin.issuer, origin.tenantId)
    const key = documents.keys.get(keyId) ?? (await tenant.currentForUnknownKey(keyId)).keys.get(keyId)
    if (key === undefined) throw unknownKey(origin.tenantId)
    await checkSignature(token, key)
    const caller = readCaller(claims, origin, expected)
    if (!closed) memory.put(digest, { caller, untilMs: origin.expiresAtMs + expected.clockSkewMs, key })
    return caller
  }

  function remembered(token: string, connection?: object): Caller | null {
    if (token.length > tokenCharactersMax) return null
    if (connection === undefined) return memory.get(digestOf(token))?.caller ?? null
    const last = lastOf.get(connection)
    if (last !== undefined && last.token === token && memory.isValid(last.entry)) return last.entry.caller
    const entry = memory.get(digestOf(token))
    if (entry === null) return null
    lastOf.set(connection, { token, entry })
    return entry.caller
  }

  async function verify(token: string): Promise<Caller> {
    if (token.length > tokenCharactersMax) throw tokenTooLong()
    if (closed) throw new IdentityError('keys_unavailable', 'The gateway is stopping. Try again in a few seconds.')
    const digest = digestOf(token)
    const known = memory.get(digest)
    if (known !== null) return known.caller
    const waiting = underway.get(digest)
    if (waiting !== undefined) return waiting
    const started = verifyAnew(token, digest).finally(() => underway.delete(digest))
    underway.set(digest, started)
    return started
  }

  function close(): void {
    closed = true
    clearInterval(freshness)
    memory.clear()
    lastOf = new WeakMap()
    reader.close()
  }
  return { remembered, verify, close }
}

/**
 * SHA-256 of the whole token. `crypto.hash` with text in and base64 out takes 1.8 µs for 1,400 characters and 2.9 for
 * 3,000; hex and latin1 take the same, a Buffer as output or `createHash` 0.6 to 2 µs more.
 */
function digestOf(token: string): string {
  return hash('sha256', token, 'base64')
}

async function checkSignature(token: string, key: TrustedKey): Promise<void> {
  try {
    await compactVerify(token, key.key, { algorithms: ['RS256'] })
  } catch (error) {
    throw new IdentityError(
      'token_signature',
      'The signature of the token is wrong: it was changed or cut on its way, or it was made by another issuer. Get a new one.',
      { cause: error },
    )
  }
}

function unknownKey(tenantId: string): IdentityError {
  return new IdentityError(
    'token_signature',
    `The token names a signing key that tenant ${tenantId} does not publish. Get a new one from the sign-in service.`,
  )
}
