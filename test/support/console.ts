/** The built console in a real Chromium, in front of a gateway's management API. */
import { accessSync, constants, readFileSync } from 'node:fs'
import { delimiter, extname, join } from 'node:path'
import { type Browser, type BrowserContext, chromium, type Page, type Route } from 'playwright-core'
import { buildConsole } from '../../packages/console/scripts/build.ts'
import type { Scope } from './world.ts'

export const builtConsole = join(import.meta.dirname, '../../packages/console/dist')

/** The policy under which the gateway serves the page. */
const policy = (nonce: string): string =>
  [
    "default-src 'none'",
    "script-src 'self'",
    `style-src 'self' 'nonce-${nonce}'`,
    "img-src 'self' data: blob:",
    'media-src blob:',
    "font-src 'self'",
    "connect-src 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
    "form-action 'self'",
  ].join('; ')

export interface Console {
  readonly page: Page
  readonly context: BrowserContext
  /** What must not happen: scripts' errors, dialogs, violations of the policy, requests to other hosts. */
  readonly faults: readonly string[]
}

export interface ConsoleOptions {
  /** The management API, `http://127.0.0.1:PORT`. */
  readonly admin: string
  readonly token: () => Promise<string>
  readonly width?: number
  readonly height?: number
  readonly dark?: boolean
}

/** Debian's Chromium, which is closed after the test. */
export async function startBrowser(t: Scope): Promise<Browser> {
  await buildConsole(builtConsole)
  const browser = await chromium.launch({
    executablePath: chromiumPath(),
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-background-networking',
      '--disable-component-update',
      '--no-proxy-server',
    ],
  })
  t.after(() => browser.close())
  return browser
}

/** The console as one person sees it. Its files come from the build, its answers from the management API. */
export async function openConsole(browser: Browser, options: ConsoleOptions): Promise<Console> {
  const { admin, token, width = 1_440, height = 900, dark = false } = options
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme: dark ? 'dark' : 'light',
    locale: 'en-GB',
    timezoneId: 'Europe/Berlin',
    reducedMotion: 'reduce',
  })
  const faults: string[] = []
  await context.route('**/*', route => answer(route, admin, token, faults))
  const page = await context.newPage()
  page.on('dialog', dialog => {
    faults.push(`dialog: ${dialog.message()}`)
    void dialog.dismiss()
  })
  page.on('pageerror', error => faults.push(`error: ${error.message}`))
  page.on('console', message => {
    if (/Content Security Policy|Refused to/i.test(message.text())) faults.push(`policy: ${message.text()}`)
  })
  await page.goto(`${admin}/`)
  return { page, context, faults }
}

const types: Readonly<Record<string, string>> = {
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
}

async function answer(route: Route, admin: string, token: () => Promise<string>, faults: string[]): Promise<void> {
  const url = new URL(route.request().url())
  if (url.origin !== admin) {
    faults.push(`request to ${url.origin}`)
    return route.abort()
  }
  if (url.pathname.startsWith('/api/')) {
    const headers = { ...(await route.request().allHeaders()), authorization: `Bearer ${await token()}` }
    return route.continue({ headers })
  }
  if (url.pathname.startsWith('/assets/')) {
    const body = readFileSync(join(builtConsole, url.pathname))
    return route.fulfill({ body, contentType: types[extname(url.pathname)] ?? 'application/octet-stream' })
  }
  const nonce = Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString('base64')
  const body = readFileSync(join(builtConsole, 'index.html'), 'utf8').replaceAll('__CSP_NONCE__', nonce)
  return route.fulfill({ body, contentType: 'text/html', headers: { 'content-security-policy': policy(nonce) } })
}

function chromiumPath(): string {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    const path = join(folder, 'chromium')
    try {
      accessSync(path, constants.X_OK)
      return path
    } catch {
      // It is in another folder, or nowhere.
    }
  }
  throw new Error('chromium, of Debian’s package chromium, is not on the path')
}
