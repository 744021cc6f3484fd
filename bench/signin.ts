/**
 * The smallest sign-in service that the gateway accepts: discovery documents and one RSA key, on a free loopback port.
 */
import { createServer } from 'node:http'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'

export const tenantId = '7d1c7a3e-5b0f-4a55-9d55-0c8c1f3a2b10'
export const applicationId = '2f6e0b52-8c11-4e0b-8a57-6b7f2f1d9a01'
export const audience = 'https://cognitiveservices.azure.com'
/** Group of the people who read. */
export const readersGroup = '5c1d0f00-0000-4000-8000-000000000099'
const keyId = 'bench-key-1'

export interface SignInService {
  /** Authority, as http://127.0.0.1:PORT. */
  readonly url: string
  /** An application's token of version 1, valid for an hour, about as long as Entra's own. */
  issue(): Promise<string>
  /** The same for one of several people who may read figures. @param place 0 .. 99. */
  issueReader(place: number): Promise<string>
  close(): Promise<void>
}

export async function startSignInService(): Promise<SignInService> {
  const { privateKey, publicKey } = await generateKeyPair('RS256', { modulusLength: 2_048 })
  const keys = { keys: [{ ...(await exportJWK(publicKey)), kid: keyId, use: 'sig', alg: 'RS256' }] }
  const server = createServer((request, response) => {
    const documents: Record<string, unknown> = {
      [`/${tenantId}/.well-known/openid-configuration`]: discovery(''),
      [`/${tenantId}/v2.0/.well-known/openid-configuration`]: discovery('v2.0'),
      [`/${tenantId}/keys`]: keys,
    }
    const found = documents[request.url ?? '']
    response.writeHead(found === undefined ? 404 : 200, { 'content-type': 'application/json' })
    response.end(JSON.stringify(found ?? { error: 'not_found' }))
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ port: 0, host: '127.0.0.1' }, resolve)
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new TypeError('the sign-in service has no port')
  const url = `http://127.0.0.1:${address.port}`

  function discovery(version: '' | 'v2.0'): { issuer: string; jwks_uri: string } {
    return { issuer: `${url}/${tenantId}/${version}`, jwks_uri: `${url}/${tenantId}/keys` }
  }

  function issue(): Promise<string> {
    return sign({
      oid: '9b1f6a40-31f1-4b52-9d0a-64f3c7f5e001',
      sub: '9b1f6a40-31f1-4b52-9d0a-64f3c7f5e001',
      idtyp: 'app',
      app_displayname: 'bench',
      groups: Array.from({ length: 10 }, (_, index) => `5c1d0f00-0000-4000-8000-0000000000${index + 10}`),
      roles: ['HrBot.Use'],
    })
  }

  function issueReader(place: number): Promise<string> {
    const oid = `9b1f6a40-31f1-4b52-9d0a-64f3c7f5e1${String(place).padStart(2, '0')}`
    return sign({
      oid,
      sub: oid,
      upn: `reader-${place}@example.com`,
      scp: 'user_impersonation',
      groups: [readersGroup],
    })
  }

  function sign(own: Readonly<Record<string, unknown>>): Promise<string> {
    const claims = {
      ver: '1.0',
      tid: tenantId,
      appid: applicationId,
      appidacr: '1',
      xms_ftd: 'Kq0pF3m7w1VYbJx2Zr9tUa8sLd4hGn6cEoQiWvTyXk',
      ...own,
    }
    return new SignJWT(claims)
      .setProtectedHeader({ alg: 'RS256', kid: keyId, typ: 'JWT' })
      .setIssuer(discovery('').issuer)
      .setAudience(audience)
      .setIssuedAt()
      .setNotBefore('0s')
      .setExpirationTime('1h')
      .sign(privateKey)
  }

  return {
    url,
    issue,
    issueReader,
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
