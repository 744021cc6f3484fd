/**
 * Signs in with the browser of this machine: authorization code with PKCE, answered to a loopback listener (RFC 8252).
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import * as oidc from 'openid-client'
import type { SignedIn, SignInClient } from './client.ts'
import { authorizationUrl, redeemCode } from './code.ts'
import { SignInError } from './errors.ts'

export interface BrowserOptions {
  /** Opens the page, or shows its address to the person. Must not wait for the sign-in. */
  readonly open: (url: string) => void | Promise<void>
  /** Ends the wait, as after five minutes or on Ctrl-C. */
  readonly signal: AbortSignal
  /** Account to offer first, as `alice@contoso.com`. */
  readonly accountHint?: string | undefined
}

/** @throws SignInError `sign_in_refused`, `sign_in_unfinished`, `sign_in_unreachable` */
export async function signInWithBrowser(client: SignInClient, options: BrowserOptions): Promise<SignedIn> {
  const secrets = {
    verifier: oidc.randomPKCECodeVerifier(),
    state: oidc.randomState(),
    nonce: oidc.randomNonce(),
  }
  const { listeners, port } = await listen()
  try {
    // Entra registers `http://localhost` for native clients and accepts any port. With the slash, because the library
    // takes the address that the answer came to, as a URL writes it, when it redeems the code; the two must be equal.
    const redirectUri = `http://localhost:${port}/`
    const url = await authorizationUrl(client, { redirectUri, ...secrets, accountHint: options.accountHint })
    const answered = answerOf(listeners, redirectUri, secrets.state, options.signal)
    // A sign-in that is interrupted while the browser opens must not count as an unhandled error.
    answered.catch(() => {})
    await options.open(url.href)
    const { answer, reply } = await answered
    try {
      const result = await redeemCode(client, answer, secrets)
      await reply('You are signed in', 'Go back to the terminal. You can close this page.')
      return result
    } catch (error) {
      await reply('You are not signed in', 'The terminal says why. You can close this page.')
      throw error
    }
  } finally {
    for (const listener of listeners) {
      listener.close()
      listener.closeAllConnections()
    }
  }
}

interface Answered {
  readonly answer: URL
  readonly reply: (title: string, text: string) => Promise<void>
}

/** The first request that carries our state. Others, as for a favicon or from a page that guesses, are rejected. */
function answerOf(
  listeners: readonly Server[],
  redirectUri: string,
  state: string,
  signal: AbortSignal,
): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(new SignInError('sign_in_unfinished', 'The sign-in in the browser was not finished.'))
    if (signal.aborted) stop()
    signal.addEventListener('abort', stop, { once: true })
    const take = (request: IncomingMessage, response: ServerResponse) => {
      const target = request.url ?? '/'
      const answer = URL.canParse(target, redirectUri) ? new URL(target, redirectUri) : null
      if (request.method !== 'GET' || answer?.pathname !== '/' || answer.searchParams.get('state') !== state) {
        void writePage(response, 404, 'Nothing here', 'This address waits for one sign-in.')
        return
      }
      signal.removeEventListener('abort', stop)
      resolve({ answer, reply: (title, text) => writePage(response, 200, title, text) })
    }
    for (const listener of listeners) listener.on('request', take)
  })
}

/** Listens on both loopback addresses where both exist: `localhost` may mean either. */
async function listen(): Promise<{ listeners: readonly Server[]; port: number }> {
  const first = await listenOn('127.0.0.1', 0)
  const { port } = first.address() as AddressInfo
  const second = await listenOn('::1', port).catch(() => null)
  return { listeners: second === null ? [first] : [first, second], port }
}

function listenOn(host: string, port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer({ requestTimeout: 10_000, headersTimeout: 10_000 })
    server.once('error', reject)
    server.listen(port, host, () => resolve(server))
  })
}

/** Both texts are our own. Resolves when the page has been sent, so that the listener may close. */
function writePage(response: ServerResponse, status: number, title: string, text: string): Promise<void> {
  const page = `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><title>${title} · Gatehouse</title>
<main><h1>${title}</h1><p>${text}</p></main></html>
`
  response.writeHead(status, {
    'content-type': 'text/html; charset=utf-8',
    'content-length': Buffer.byteLength(page),
    'content-security-policy': "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cache-control': 'no-store',
    connection: 'close',
  })
  return new Promise(resolve => {
    response.once('close', resolve)
    response.end(page)
  })
}
