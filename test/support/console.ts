/** The built console in a real Chromium, in front of a gateway's management API. */
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { type Browser, type BrowserContext, chromium, type Locator, type Page } from 'playwright-core'
import { buildConsole } from '../../packages/console/scripts/build.ts'
import type { Scope } from './world.ts'

export const builtConsole = join(import.meta.dirname, '../../packages/console/dist')

export interface Console {
  readonly page: Page
  readonly context: BrowserContext
  /** What must not happen: scripts' errors, dialogs, violations of the policy, requests to other hosts. */
  readonly faults: readonly string[]
}

export interface ConsoleOptions {
  /** The management API, `http://127.0.0.1:PORT`, with the built console. */
  readonly admin: string
  /** Who signs in, by name. */
  readonly person: string
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

/** The console as one person sees it after signing in. */
export async function openConsole(browser: Browser, options: ConsoleOptions): Promise<Console> {
  const { admin, person, width = 1_440, height = 900, dark = false } = options
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme: dark ? 'dark' : 'light',
    locale: 'en-GB',
    timezoneId: 'Europe/Berlin',
    reducedMotion: 'reduce',
  })
  // As long as tests wait for everything else, where cores are busy.
  context.setDefaultTimeout(60_000)
  const page = await context.newPage()
  await signIn(page, admin, person)
  const faults: string[] = []
  watch(page, admin, faults)
  return { page, context, faults }
}

/**
 * True where something is shown within two seconds, by a clock that stands still with the machine: twenty looks, 100 ms
 * apart, of which each takes longer where the cores are busy.
 */
export async function isShownWithinTwoSeconds(place: Locator): Promise<boolean> {
  for (let looks = 0; looks < 20; looks += 1) {
    if (await place.isVisible()) return true
    await delay(100)
  }
  return false
}

/** The whole way, as a person goes it: the console, the sign-in service, and back. */
async function signIn(page: Page, admin: string, person: string): Promise<void> {
  await page.goto(`${admin}/`)
  await page.getByRole('link', { name: 'Sign in', exact: true }).click()
  await page.locator(`button[name=person][value="${person}"]`).click()
  await page.getByRole('button', { name: /^Signed in as/ }).waitFor()
}

function watch(page: Page, admin: string, faults: string[]): void {
  page.on('dialog', dialog => {
    faults.push(`dialog: ${dialog.message()}`)
    void dialog.dismiss()
  })
  page.on('pageerror', error => faults.push(`error: ${error.message}`))
  page.on('console', message => {
    if (/Content Security Policy|Refused to/i.test(message.text())) faults.push(`policy: ${message.text()}`)
  })
  page.on('request', request => {
    const { origin, protocol } = new URL(request.url())
    if (origin !== admin && protocol !== 'blob:' && protocol !== 'data:') faults.push(`request to ${request.url()}`)
  })
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
