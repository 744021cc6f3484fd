/** A console over real sockets with a real sign-in service, and a browser that keeps cookies and posts forms. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { consoleClientId, demoDirectory, type EntraSimulator, startEntra } from '@gatehouse/simulator'
import { testTrail } from '../../audit/trail.fixture.ts'
import { type Config, type ConfigInput, configSchema } from '../../config/schema/index.ts'
import { createVerifier } from '../../identity/verifier.ts'
import { type LogLine, logTo } from '../../log.fixture.ts'
import type { RedisStore } from '../../redis/index.ts'
import { type Answer, configInput, type Sending, sendTo } from '../house.fixture.ts'
import type { Admin } from '../index.ts'
import { TestLedger } from '../ledger.fixture.ts'
import { startAdmin } from '../open.ts'
import { runningHouse } from '../running.fixture.ts'
import { sessionCookie } from './cookies.ts'

export interface TestConsole {
  readonly admin: Admin
  readonly entra: EntraSimulator
  readonly ledger: TestLedger
  readonly logged: readonly LogLine[]
  /** Where the built page would be. */
  readonly directory: string
  config: Config
  /** Moves the clock of gateway and sign-in service. */
  advance(ms: number): void
}

type WrittenAdmin = NonNullable<ConfigInput['admin']>

export interface ConsoleChanges {
  readonly admin?: { readonly [Name in keyof WrittenAdmin]?: WrittenAdmin[Name] | undefined }
  readonly directory?: Parameters<typeof startEntra>[0]['directory']
  readonly redis?: RedisStore
  /** A running service: for another replica of the same gateway. */
  readonly entra?: EntraSimulator
}

export async function startConsole(t: TestContext, changes: ConsoleChanges = {}): Promise<TestConsole> {
  let nowMs = Date.now()
  const clock = (): number => nowMs
  const entra = changes.entra ?? (await startEntra({ directory: changes.directory ?? demoDirectory, clock }))
  if (changes.entra === undefined) t.after(() => entra.close())
  const { entra: accepted } = configInput.identity
  const config = configSchema.parse({
    ...configInput,
    identity: { entra: { ...accepted, authority: entra.url } },
    admin: { ...configInput.admin, signIn: { clientId: consoleClientId }, ...changes.admin },
  })
  const { tenants, audiences } = config.identity.entra
  const verifier = createVerifier({ authority: entra.url, tenants, audiences, clients: null, clockSkewMs: 0, clock })
  t.after(() => verifier.close())
  const ledger = new TestLedger()
  t.after(() => ledger.remove())
  const directory = await mkdtemp(join(tmpdir(), 'gatehouse-console-'))
  t.after(() => rm(directory, { recursive: true }))
  const logged: LogLine[] = []
  const console: Omit<TestConsole, 'admin'> = {
    ...{ entra, ledger, logged, directory, config },
    advance(ms) {
      nowMs += ms
    },
  }
  const { trail: audit } = await testTrail()
  t.after(() => audit.close())
  const admin = await startAdmin({
    audit,
    listen: { host: '127.0.0.1', port: 0 },
    ...{ verifier, ledger, clock, house: runningHouse(config), tailPollMs: 5 },
    access: () => console.config.admin,
    console: { directory, redis: changes.redis ?? null, entra: () => console.config.identity.entra },
    log: logTo(line => void logged.push(line)),
  })
  t.after(() => admin.close())
  return Object.assign(console, { admin })
}

/** One browser: its cookies, without their attributes, which tests read from `setCookies`. */
export class Browser {
  readonly cookies = new Map<string, string>()
  /** Every `Set-Cookie` field so far. */
  readonly setCookies: string[] = []
  readonly #origin: string

  constructor({ admin }: Pick<TestConsole, 'admin'>) {
    this.#origin = admin.url
  }

  get session(): string | null {
    return this.cookies.get(sessionCookie) ?? null
  }

  /** A request of the console's own page. */
  async send(path: string, options: Sending = {}): Promise<Answer> {
    const own = ['origin', this.#origin, 'x-gatehouse-console', '1', 'sec-fetch-site', 'same-origin']
    return this.sendAs(path, options.method === undefined ? own.slice(4) : own, options)
  }

  /** A request with exactly these fields, and the cookies. */
  async sendAs(path: string, headers: readonly string[], options: Sending = {}): Promise<Answer> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const all = [...headers, ...(cookie === '' ? [] : ['cookie', cookie]), ...(options.headers ?? [])]
    const answer = await sendTo(this.#origin, path, { ...options, headers: all })
    for (const field of [answer.headers['set-cookie'] ?? []].flat()) this.#keep(field)
    return answer
  }

  /** Opens `/signin` and goes to the sign-in service. @returns its page's address. */
  async begin(returnTo = '/'): Promise<URL> {
    const answer = await this.send(`/signin?return=${encodeURIComponent(returnTo)}`)
    return new URL(String(answer.headers['location']))
  }

  /** Chooses a person on the service's page. @returns path and query to which the service sends the browser back. */
  async choose(page: URL, choice: Readonly<Record<string, string>>): Promise<string> {
    const form = new URLSearchParams([...page.searchParams, ...Object.entries(choice)])
    const answer = await fetch(`${page.origin}${page.pathname}`, { method: 'POST', body: form, redirect: 'manual' })
    const back = new URL(answer.headers.get('location') ?? 'no redirect')
    return `${back.pathname}${back.search}`
  }

  /** The whole way, as a person goes it. @returns the answer to the last step. */
  async signIn(person: string, returnTo = '/'): Promise<Answer> {
    const path = await this.choose(await this.begin(returnTo), { person })
    return this.sendAs(path, ['sec-fetch-site', 'cross-site'])
  }

  #keep(field: string): void {
    this.setCookies.push(field)
    const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(field) ?? []
    if (/; Max-Age=0$/.test(field)) this.cookies.delete(name)
    else this.cookies.set(name, value)
  }
}
