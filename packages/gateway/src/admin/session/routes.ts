/**
 * `/signin`, `/signin/callback` and `/signout`: how a person gets a session with a browser, and ends it. A layer before
 * the one that asks for a token.
 */
import type { Context, MiddlewareHandler } from 'hono'
import { IdentityError } from '../../identity/errors.ts'
import { SignInError } from '../../identity/signin/index.ts'
import type { Desk } from '../desk.ts'
import { AdminError } from '../errors.ts'
import type { AdminOptions } from '../index.ts'
import type { AdminEnv } from '../parts.ts'
import { type Attempt, attemptMs, attemptOf, beginAttempt, endAttempt } from './attempts.ts'
import { sessionCookie, sessionSecretOf, setCookie } from './cookies.ts'
import type { SessionSettings, SessionStore } from './index.ts'
import { ownOrigin, requireOwnPage } from './origin.ts'
import { htmlOf, pagePolicy, type ServerPage } from './pages.ts'
import { returnPath } from './return-path.ts'
import type { Sessions } from './sessions.ts'
import type { SignInService } from './sign-in-service.ts'

export interface SessionParts extends Pick<AdminOptions, 'verifier' | 'clock' | 'log'> {
  readonly settings: () => SessionSettings
  readonly store: SessionStore
  readonly sessions: Sessions
  readonly service: SignInService
  readonly desk: Desk
}

/** Codes that are redeemed at once: strangers cannot make this process flood the sign-in service. */
const redemptionsMax = 16

export function sessionRoutes(parts: SessionParts): MiddlewareHandler<AdminEnv> {
  const routes: Readonly<Record<string, Handler>> = {
    'GET /signin': c => signIn(c, parts),
    'GET /signin/callback': callback(parts),
    'POST /signout': c => signOut(c, parts),
  }
  return async (c, next) => {
    const { path, method } = c.req
    const handler = routes[`${method} ${path}`]
    if (handler !== undefined) return handler(c)
    const allowed = Object.keys(routes)
      .find(route => route.endsWith(` ${path}`))
      ?.split(' ')[0]
    if (allowed === undefined) return next()
    throw new AdminError('method_not_allowed', `${method} is not taken here. Use ${allowed}.`, {
      headers: { allow: allowed },
    })
  }
}

type Handler = (c: Context<AdminEnv>) => Promise<Response>

async function signIn(c: Context<AdminEnv>, { settings, service, clock, log, desk }: SessionParts): Promise<Response> {
  const { signIn: configured, publicUrl } = settings()
  if (configured === null) return page(c, 404, notConfigured)
  const origin = ownOrigin(publicUrl, c.env.incoming.headers.host)
  if (origin === null) return page(c, 404, withoutAddress)
  const returnTo = returnPath(c.req.query('return') ?? '/')
  if (returnTo === null) return page(c, 400, foreignReturn)
  const attempt = beginAttempt(c.env.incoming.headers.cookie, returnTo, clock())
  try {
    const url = await service.authorizationUrl(`${origin}/signin/callback`, attempt.secrets)
    for (const cookie of attempt.cookies) c.header('set-cookie', cookie, { append: true })
    return c.redirect(url.href, 303)
  } catch (error) {
    return await failed(c, error, returnTo, { log, desk })
  }
}

/** The browser comes back from the sign-in service, with a code or an error. */
function callback(parts: SessionParts): Handler {
  let redemptions = 0
  return async c => {
    const { settings, store, clock, log, desk } = parts
    const { signIn: configured, publicUrl } = settings()
    const { cookie, host } = c.env.incoming.headers
    const origin = ownOrigin(publicUrl, host)
    if (configured === null || origin === null)
      return page(c, 404, configured === null ? notConfigured : withoutAddress)
    const state = c.req.query('state') ?? ''
    const attempt = attemptOf(cookie, state, clock())
    if (attempt === null) return page(c, 400, notBegunHere(origin))
    c.header('set-cookie', endAttempt(state), { append: true })
    if (redemptions >= redemptionsMax) return page(c, 503, busy(attempt.returnTo))
    redemptions += 1
    try {
      if (!(await store.isFirst(state, attemptMs))) return page(c, 400, alreadyUsed(attempt.returnTo))
      return await finish(c, parts, attempt, origin)
    } catch (error) {
      return await failed(c, error, attempt.returnTo, { log, desk })
    } finally {
      redemptions -= 1
    }
  }
}

async function finish(c: Context<AdminEnv>, parts: SessionParts, attempt: Attempt, origin: string): Promise<Response> {
  const { service, sessions, verifier, desk } = parts
  const query = new URL(c.req.url).search
  const signedIn = await service.redeem(`${origin}/signin/callback`, query, attempt.secrets)
  // The same check as for any other request: a token that is refused there opens no session.
  const caller = await verifier.verify(signedIn.accessToken)
  // The session that the browser had ends: nobody who knows its cookie is signed in by this.
  const former = sessionSecretOf(c.env.incoming.headers.cookie)
  if (former !== null) await sessions.end(former)
  const secret = await sessions.begin(signedIn)
  // Without its entry the browser does not get the session.
  await desk.note(c, 'signed_in', {}, caller)
  c.header('set-cookie', setCookie(sessionCookie, secret, 'Strict', null), { append: true })
  return c.redirect(attempt.returnTo, 303)
}

/** Ends the session everywhere. Answers also without one, so that a second tab can sign out too. */
async function signOut(c: Context<AdminEnv>, parts: SessionParts): Promise<Response> {
  const { settings, sessions, service, verifier, desk } = parts
  const { signIn: configured, publicUrl } = settings()
  const { headers } = c.env.incoming
  requireOwnPage('POST', headers, publicUrl)
  const secret = sessionSecretOf(headers.cookie)
  if (secret !== null) {
    const token = await sessions.find(secret).then(
      ({ accessToken }) => accessToken,
      () => null,
    )
    const caller = token === null ? null : verifier.remembered(token)
    await sessions.end(secret)
    await desk.note(c, 'signed_out', {}, caller ?? undefined)
  }
  c.header('set-cookie', setCookie(sessionCookie, '', 'Strict', 0), { append: true })
  const origin = ownOrigin(publicUrl, headers.host)
  const endSessionUrl = configured === null || origin === null ? null : await service.endSessionUrl(`${origin}/`)
  return c.json({ endSessionUrl }, 200)
}

/** A sign-in that did not come to its end. The person sees why; an unknown fault goes to the log alone. */
async function failed(
  c: Context<AdminEnv>,
  error: unknown,
  returnTo: string,
  { log, desk }: Pick<SessionParts, 'log' | 'desk'>,
): Promise<Response> {
  const link = { href: signInPath(returnTo), text: 'Try again' }
  if (error instanceof SignInError) {
    log.warn({ audit: true, code: error.code, requestId: c.get('requestId') }, 'sign_in_failed')
    await desk.refused(c, error.code)
    const isAway = error.code === 'sign_in_unreachable'
    const say = [error.message, isAway ? 'Try again in a moment.' : 'If it stays so, show this to an operator.']
    const status = isAway ? 503 : error.code === 'sign_in_refused' ? 403 : 502
    return page(c, status, { title: 'You are not signed in', say, link })
  }
  if (error instanceof IdentityError) {
    log.warn({ audit: true, code: error.code, requestId: c.get('requestId') }, 'sign_in_failed')
    await desk.refused(c, error.code)
    const say = ['The sign-in worked, and the gateway does not accept the token that came of it.', error.message]
    return page(c, error.code === 'keys_unavailable' ? 503 : 403, { title: 'You are not signed in', say, link })
  }
  if (error instanceof AdminError && error.code === 'sessions_unavailable') {
    log.error({ error, requestId: c.get('requestId') }, 'sign_in_failed')
    return page(c, 503, { title: 'You are not signed in', say: [error.message], link })
  }
  throw error
}

function page(c: Context<AdminEnv>, status: 400 | 403 | 404 | 502 | 503, content: ServerPage): Response {
  c.header('content-security-policy', pagePolicy)
  return c.html(htmlOf(content), status)
}

export function signInPath(returnTo: string): string {
  return `/signin?return=${encodeURIComponent(returnTo)}`
}

const notConfigured: ServerPage = {
  title: 'Sign-in is not set up',
  say: [
    'This gateway does not know yet how people sign in to its console.',
    'Register an application in Microsoft Entra ID with the redirect URI of this address and /signin/callback, give it the permission of the gateway’s own registration, and write its client id into the configuration:',
  ],
  lines: 'admin:\n  signIn: { clientId: 11111111-2222-3333-4444-555555555555 }',
}

const withoutAddress: ServerPage = {
  title: 'The address of the console is not known',
  say: ['Write the address under which people open the console into the configuration:'],
  lines: 'admin:\n  publicUrl: https://gatehouse.contoso.example',
}

const foreignReturn: ServerPage = {
  title: 'This link leads elsewhere',
  say: [
    'A sign-in ends at a page of this console. The link that you followed names another address, so it was not used.',
  ],
  link: { href: '/', text: 'Open the console' },
}

function notBegunHere(origin: string): ServerPage {
  return {
    title: 'This sign-in was not begun here',
    say: [
      'It was begun in another browser or under another address, it took longer than ten minutes, or it is finished already.',
      `The console is at ${origin}.`,
    ],
    link: { href: signInPath('/'), text: 'Sign in' },
  }
}

function alreadyUsed(returnTo: string): ServerPage {
  return {
    title: 'This sign-in is finished already',
    say: ['An answer of the sign-in service counts once.'],
    link: { href: signInPath(returnTo), text: 'Sign in again' },
  }
}

function busy(returnTo: string): ServerPage {
  return {
    title: 'Too many sign-ins at once',
    say: [`${redemptionsMax} sign-ins are being finished right now. Try again in a moment.`],
    link: { href: signInPath(returnTo), text: 'Try again' },
  }
}
