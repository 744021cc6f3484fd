/** Tokens that must not be accepted, made the way attackers make them. */
import { createHmac, createPublicKey, generateKeyPairSync, sign } from 'node:crypto'
import type { EntraSimulator } from '../../packages/simulator/src/types.ts'

function encode(part: unknown): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url')
}

/** Header and claims of a token. */
function decode(token: string): { header: Record<string, unknown>; claims: Record<string, unknown> } {
  const [header = '', claims = ''] = token.split('.')
  const read = (part: string): Record<string, unknown> =>
    JSON.parse(Buffer.from(part, 'base64url').toString()) as Record<string, unknown>
  return { header: read(header), claims: read(claims) }
}

interface PublishedKey {
  readonly kty: string
  readonly n: string
  readonly e: string
  readonly kid: string
}

/** The published keys of the simulator's tenant. */
async function publishedKeys(entra: EntraSimulator): Promise<PublishedKey[]> {
  const { tenantId } = entra.directory
  const document = await fetch(`${entra.url}/${tenantId}/v2.0/.well-known/openid-configuration`)
  const { jwks_uri } = (await document.json()) as { jwks_uri: string }
  const { keys } = (await (await fetch(jwks_uri)).json()) as { keys: PublishedKey[] }
  return keys
}

/** Each row: what is wrong, the token, and the refusal it must get. */
export async function forgedTokens(entra: EntraSimulator): Promise<readonly (readonly [string, string, string])[]> {
  const good = await entra.token({ as: 'alice' })
  const { header, claims } = decode(good)
  const [head = '', body = '', signature = ''] = good.split('.')
  const [key] = await publishedKeys(entra)
  if (key === undefined) throw new TypeError('the sign-in service publishes no key')
  const pem = createPublicKey({ key: { kty: key.kty, n: key.n, e: key.e }, format: 'jwk' }).export({
    type: 'spki',
    format: 'pem',
  })
  const own = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const signed = (headerPart: unknown, claimsPart: unknown): string => {
    const text = `${encode(headerPart)}.${encode(claimsPart)}`
    return `${text}.${sign('RSA-SHA256', Buffer.from(text), own.privateKey).toString('base64url')}`
  }
  const hs256 = (secret: string | Buffer): string => {
    const text = `${encode({ ...header, alg: 'HS256' })}.${body}`
    return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`
  }
  const nowSeconds = Math.floor(Date.now() / 1_000)
  const issued = (more: Record<string, unknown>): Promise<string> => entra.token({ as: 'alice', claims: more })
  const otherTenant = 'deadbeef-0000-4000-8000-000000000001'
  return [
    ['alg none, without a signature', `${encode({ ...header, alg: 'none' })}.${body}.`, 'token_algorithm'],
    [
      'alg none, with the old signature',
      `${encode({ ...header, alg: 'none' })}.${body}.${signature}`,
      'token_algorithm',
    ],
    ['alg None in another case', `${encode({ ...header, alg: 'NoNe' })}.${body}.${signature}`, 'token_algorithm'],
    ['HS256 with the public key as the secret', hs256(pem), 'token_algorithm'],
    ['HS256 with the key of the set as the secret', hs256(JSON.stringify(key)), 'token_algorithm'],
    ['another issuer', await issued({ iss: 'https://sts.windows.net.evil.example/' }), 'token_issuer'],
    ['the issuer of another tenant', await issued({ iss: `https://sts.windows.net/${otherTenant}/` }), 'token_issuer'],
    ['another tenant', await issued({ tid: otherTenant }), 'token_tenant'],
    ['another audience', await entra.token({ as: 'alice', audience: 'https://graph.microsoft.com' }), 'token_audience'],
    [
      'expired',
      await issued({ exp: nowSeconds - 3_600, nbf: nowSeconds - 7_200, iat: nowSeconds - 7_200 }),
      'token_expired',
    ],
    ['not yet valid', await issued({ nbf: nowSeconds + 3_600 }), 'token_not_yet_valid'],
    ['without an expiry', await issued({ exp: undefined }), 'token_claims'],
    ['an unknown kid', signed({ ...header, kid: 'nobody-knows-me' }, claims), 'token_signature'],
    ['a kid that is a path', signed({ ...header, kid: '../../../../dev/null' }, claims), 'token_signature'],
    [
      'a key of its own in the header',
      signed({ ...header, jwk: own.publicKey.export({ format: 'jwk' }) }, claims),
      'token_signature',
    ],
    ["another tenant's key under the known kid", signed(header, claims), 'token_signature'],
    [
      'changed claims',
      `${head}.${encode({ ...claims, oid: 'ca401000-6b1d-4c1e-9a53-0f5d1c7e2a03' })}.${signature}`,
      'token_signature',
    ],
    ['cut in its signature', `${head}.${body}.${signature.slice(0, 320)}`, 'token_signature'],
    ['cut in its claims', `${head}.${body.slice(0, 40)}`, 'token_malformed'],
    ['a key instead of a token', '0123456789abcdef0123456789abcdef', 'token_malformed'],
    ['three parts of nothing', 'a.b.c', 'token_malformed'],
    ['claims that are a list', `${head}.${encode([1])}.${signature}`, 'token_malformed'],
    ['17 KB long', `${head}.${'A'.repeat(17_000)}.${signature}`, 'token_malformed'],
  ]
}
