/** For tests: a sign-in service on loopback, and tokens of every kind, good and bad. */
import { createHmac, generateKeyPair, type KeyObject, sign as signBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { promisify } from 'node:util'
import type { Verifier, VerifierOptions } from './index.ts'
import { createVerifier } from './verifier.ts'

export const tenantA = 'aaaaaaaa-0000-4000-8000-000000000001'
export const tenantB = 'bbbbbbbb-0000-4000-8000-000000000002'
export const strangeTenant = 'cccccccc-0000-4000-8000-000000000003'
export const person = '11111111-0000-4000-8000-00000000000a'
export const program = '22222222-0000-4000-8000-00000000000b'
export const audience = 'https://cognitiveservices.azure.com'
export const startMs = Date.UTC(2026, 4, 4, 12)

export interface SigningKey {
  readonly kid: string
  readonly privateKey: KeyObject
  readonly jwk: Record<string, unknown>
  readonly pem: string
}

export async function signingKey(kid: string, modulusLength = 2048): Promise<SigningKey> {
  const { publicKey, privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength })
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid, use: 'sig' }
  return { kid, privateKey, jwk, pem: publicKey.export({ type: 'spki', format: 'pem' }).toString() }
}

type Answer = (request: IncomingMessage, response: ServerResponse) => void

export interface Authority {
  readonly url: string
  /** Published keys by tenant. */
  readonly keys: Map<string, Record<string, unknown>[]>
  /** Answers that replace the ordinary ones, by path. */
  readonly answers: Map<string, Answer>
  /** Paths that were requested, in order. */
  readonly reads: string[]
  /** True answers 503 to everything. */
  down: boolean
  keyReads(): number
  close(): Promise<void>
}

export async function startAuthority(): Promise<Authority> {
  const keys = new Map<string, Record<string, unknown>[]>()
  const answers = new Map<string, Answer>()
  const reads: string[] = []
  const server = createServer((request, response) => {
    const path = request.url ?? ''
    reads.push(path)
    const special = answers.get(path)
    if (authority.down) return void response.writeHead(503).end()
    if (special !== undefined) return special(request, response)
    const json = ordinaryAnswer(authority, path)
    response.writeHead(json === null ? 404 : 200, { 'content-type': 'application/json' })
    response.end(JSON.stringify(json))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const authority: Authority = {
    url: `http://127.0.0.1:${port}`,
    keys,
    answers,
    reads,
    down: false,
    keyReads: () => reads.filter(path => path.endsWith('/keys')).length,
    close: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
  return authority
}

function ordinaryAnswer(authority: Authority, path: string): unknown {
  const [, tenantId = '', ...rest] = path.split('/')
  const published = authority.keys.get(tenantId)
  if (published === undefined) return null
  const jwks_uri = `${authority.url}/${tenantId}/keys`
  switch (rest.join('/')) {
    case '.well-known/openid-configuration':
      return { issuer: issuerOf(tenantId, '1.0', authority), jwks_uri }
    case 'v2.0/.well-known/openid-configuration':
      return { issuer: issuerOf(tenantId, '2.0', authority), jwks_uri }
    case 'keys':
      return { keys: published }
    default:
      return null
  }
}

export function issuerOf(tenantId: string, version: '1.0' | '2.0', authority: Pick<Authority, 'url'>): string {
  return version === '1.0' ? `https://sts.windows.net/${tenantId}/` : `${authority.url}/${tenantId}/v2.0`
}

export type Claims = Record<string, unknown>

/** Claims of a person's token as Entra issues it. `changes` replace claims; undefined removes one. */
export function claimsOf(authority: Pick<Authority, 'url'>, changes: Claims = {}): Claims {
  const tenantId = typeof changes.tid === 'string' ? changes.tid : tenantA
  const version = changes.ver === '2.0' ? '2.0' : '1.0'
  return {
    aud: audience,
    iss: issuerOf(tenantId, version, authority),
    iat: startMs / 1_000,
    nbf: startMs / 1_000,
    exp: startMs / 1_000 + 3_600,
    tid: tenantId,
    oid: person,
    [version === '1.0' ? 'appid' : 'azp']: program,
    scp: 'user_impersonation',
    ver: version,
    upn: 'alice@contoso.example',
    ...changes,
  }
}

/** Signs any header and any claims with RS256, also those that no library would sign. */
export function signed(key: SigningKey, claims: Claims | string, header: Claims | string = {}): string {
  const head =
    typeof header === 'string' ? header : JSON.stringify({ alg: 'RS256', typ: 'JWT', kid: key.kid, ...header })
  const input = `${base64url(head)}.${base64url(typeof claims === 'string' ? claims : JSON.stringify(claims))}`
  return `${input}.${signBytes('sha256', Buffer.from(input), key.privateKey).toString('base64url')}`
}

/** Signs with HS256 and any text as the secret: an attack on verifiers that let the token choose the algorithm. */
export function signedHmac(secret: string, claims: Claims, kid: string): string {
  const input = `${base64url(JSON.stringify({ alg: 'HS256', typ: 'JWT', kid }))}.${base64url(JSON.stringify(claims))}`
  return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`
}

export function base64url(text: string): string {
  return Buffer.from(text).toString('base64url')
}

/** A clock that only a test moves. */
export class TestClock {
  nowMs = startMs
  readonly read = (): number => this.nowMs
}

/** A verifier for two tenants with the ordinary settings. */
export function verifierOf(authority: Authority, clock: TestClock, changes: Partial<VerifierOptions> = {}): Verifier {
  return createVerifier({
    authority: authority.url,
    tenants: [tenantA, tenantB],
    audiences: [audience, 'https://ai.azure.com/', program],
    clients: null,
    clockSkewMs: 60_000,
    clock: clock.read,
    ...changes,
  })
}
