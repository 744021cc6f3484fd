/** Which calls the relay takes: those of programs of this machine that know its key, and of no page of a browser. */
import { hash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { framingFault, hostFault } from '../../framing.ts'
import { RelayRefusal } from './refusals.ts'

/** Some tools accept only keys that begin with `sk-`. 256 bits of chance follow. */
export function createKey(): string {
  return `sk-gatehouse-${randomBytes(32).toString('base64url')}`
}

/** Fields in which tools send their key. The first two are those of OpenAI's and of Azure's SDKs. */
export const keyFields: readonly string[] = ['authorization', 'api-key', 'x-api-key']

/**
 * @param port where the relay listens.
 * @throws RelayRefusal
 */
export function checkEntry(req: IncomingMessage, { key, port }: { readonly key: string; readonly port: number }): void {
  const fault = framingFault(req) ?? hostFault(req)
  if (fault !== null) throw new RelayRefusal('relay_request_malformed', `The call is not well formed: ${fault}.`)
  const { host, origin, upgrade } = req.headers
  // A page can make a browser call 127.0.0.1 under the page's own name (DNS rebinding); the Host shows it.
  if (host?.toLowerCase() !== `127.0.0.1:${port}` && host?.toLowerCase() !== `localhost:${port}`) {
    throw new RelayRefusal('relay_host_unknown', `The relay answers as 127.0.0.1:${port} and localhost:${port} alone.`)
  }
  if (origin !== undefined) {
    const what = 'The relay takes no calls of pages in a browser. Use a program of this machine.'
    throw new RelayRefusal('relay_origin_refused', what)
  }
  checkKey(req, key)
  // Other upgrades may be ignored (RFC 9110 section 7.8): some clients offer h2c with every call.
  if (upgrade !== undefined && /\bwebsocket\b/i.test(upgrade)) {
    const what = 'Neither the relay nor the gateway speaks WebSocket. Let the tool use HTTP; streams work.'
    throw new RelayRefusal('relay_upgrade_refused', what)
  }
}

function checkKey(req: IncomingMessage, key: string): void {
  if (req.url?.includes(key) === true) {
    const what =
      'The key is in the address, where logs keep it. Send it as "Authorization: Bearer KEY" or in "api-key".'
    throw new RelayRefusal('relay_key_in_address', what)
  }
  const given = keyFields.flatMap(name => valuesOf(req, name)).filter(value => value !== '')
  if (given.length === 0) {
    const what =
      'The call has no key. Send the key that gatehouse connect printed as "Authorization: Bearer KEY" or in "api-key".'
    throw new RelayRefusal('relay_key_missing', what)
  }
  // SDKs fill the field that they do not use with a placeholder, so one right value is enough.
  const wanted = hash('sha256', key, 'buffer')
  const isRight = given.map(value => timingSafeEqual(hash('sha256', value, 'buffer'), wanted)).includes(true)
  if (!isRight) {
    const what =
      'This is not the key of the relay. Each start of gatehouse connect makes another key: paste the newest.'
    throw new RelayRefusal('relay_key_wrong', what)
  }
}

function valuesOf({ rawHeaders }: IncomingMessage, name: string): readonly string[] {
  const found: string[] = []
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    if (rawHeaders[at]?.toLowerCase() !== name) continue
    const value = (rawHeaders[at + 1] ?? '').trim()
    found.push(name === 'authorization' ? value.replace(/^bearer(?: +|$)/i, '') : value)
  }
  return found
}
