/**
 * A management API over real sockets with real tokens, for tests: a tenant, a verifier, and a ledger that the test
 * fills.
 */
import { request as httpRequest } from 'node:http'
import type { TestContext } from 'node:test'
import { type Directory, demoAudience, demoDirectory, type EntraSimulator, startEntra } from '@gatehouse/simulator'
import { temporaryDirectory } from '../../../../test/support/directory.ts'
import type { AuditTrail } from '../audit/index.ts'
import { testTrail } from '../audit/trail.fixture.ts'
import { systemClock } from '../clock.ts'
import { type ConfigInput, configSchema } from '../config/schema/index.ts'
import { createVerifier } from '../identity/verifier.ts'
import { type LogLine, logTo } from '../log.fixture.ts'
import type { Log } from '../log.ts'
import type { Admin, AdminOptions } from './index.ts'
import { TestLedger } from './ledger.fixture.ts'
import { startAdmin } from './open.ts'
import { type Running, runningHouse } from './running.fixture.ts'

export const instanceKey = 'canary-key-of-an-instance-0123456789'
export const idOf = (name: string): string => demoDirectory.people.find(person => person.name === name)?.objectId ?? ''

export const configInput = {
  admin: {
    roles: {
      viewer: [{ user: idOf('bob') }],
      auditor: [{ role: 'Gatehouse.Auditor' }],
      operator: [{ user: idOf('alice') }],
    },
  },
  identity: { entra: { tenants: [demoDirectory.tenantId], audiences: [demoAudience] } },
  instances: {
    east: {
      endpoint: 'https://east.openai.azure.com',
      region: 'eastus2',
      credential: { key: instanceKey },
      deployments: { 'gpt-4o': { model: 'gpt-4o', kind: 'provisioned' } },
    },
    west: { endpoint: 'https://west.openai.azure.com', deployments: { 'gpt-4o': { model: 'gpt-4o' } } },
  },
  pools: {
    main: {
      members: [
        { instance: 'east', spillAtUtilization: 0.9 },
        { instance: 'west', priority: 2 },
      ],
    },
  },
  workloads: {
    'hr-bot': { callers: [{ user: idOf('carol') }], targets: ['main'], deployments: ['gpt-4o'] },
    'code-assistant': { callers: [{ user: idOf('bob') }], targets: ['main'], deployments: ['gpt-4o'] },
  },
} as const satisfies ConfigInput

/** Bob is a viewer, Carol an auditor, Alice an operator, Dave has no role. */
export interface House {
  readonly admin: Admin
  readonly entra: EntraSimulator
  readonly ledger: TestLedger
  readonly audit: AuditTrail
  /** The directory in which the audit trail is. */
  readonly auditLedger: string
  readonly running: Running
  readonly logged: readonly LogLine[]
  readonly log: Log
  token(name: string): Promise<string>
  /** Sends a request exactly as given: nothing normalises its path. */
  send(path: string, options?: Sending): Promise<Answer>
}

export interface Sending {
  /** Name of the person whose token is sent, by `House.send` with a reason. */
  readonly as?: string
  readonly method?: string
  /** Names and values in turn, duplicates allowed. */
  readonly headers?: readonly string[]
  readonly body?: string
}

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
  /** The body as JSON; null when it is not JSON. */
  readonly json: unknown
}

/** Starts a house that ends with the test. */
export async function startHouse(
  t: Pick<TestContext, 'after'>,
  changes: Partial<AdminOptions> = {},
  directory: Directory = demoDirectory,
): Promise<House> {
  const entra = await startEntra({ directory })
  t.after(() => entra.close())
  const config = configSchema.parse(configInput)
  const running = runningHouse(config)
  const { tenants, audiences } = config.identity.entra
  const verifier = createVerifier({
    authority: entra.url,
    tenants,
    audiences,
    clients: null,
    clockSkewMs: 0,
    clock: systemClock,
  })
  t.after(() => verifier.close())
  const ledger = new TestLedger()
  t.after(() => ledger.remove())
  const { logged, log } = memoryLog()
  const auditLedger = temporaryDirectory('audit')
  const { trail: audit } = await testTrail({ ledger: auditLedger, log })
  t.after(() => audit.close())
  const admin = await startAdmin({
    audit,
    listen: { host: '127.0.0.1', port: 0 },
    verifier,
    ledger,
    house: running,
    access: () => config.admin,
    clock: systemClock,
    log,
    tailPollMs: 5,
    ...changes,
  })
  t.after(() => admin.close())
  const token = (name: string): Promise<string> => entra.token({ as: name })
  const send = async (path: string, options: Sending = {}): Promise<Answer> => {
    const bearer = options.as === undefined ? [] : ['authorization', `Bearer ${await token(options.as)}`]
    const given = options.headers ?? []
    const reason = given.includes('x-gatehouse-reason') ? [] : ['x-gatehouse-reason', 'a%20test']
    return sendTo(admin.url, path, { ...options, headers: [...bearer, ...reason, ...given] })
  }
  return { admin, entra, ledger, audit, auditLedger, running, logged, log, token, send }
}

function memoryLog(): { logged: LogLine[]; log: Log } {
  const logged: LogLine[] = []
  return { logged, log: logTo(line => void logged.push(line)) }
}

export function sendTo(url: string, path: string, sending: Sending): Promise<Answer> {
  const { hostname, port, host } = new URL(url)
  const headers = [...(sending.headers ?? [])]
  if (!headers.some((name, at) => at % 2 === 0 && name.toLowerCase() === 'host')) headers.unshift('host', host)
  // For a POST, Node announces a body of unknown length unless the request says otherwise.
  if (sending.method === 'POST' && sending.body === undefined && !headers.includes('content-length')) {
    headers.push('content-length', '0')
  }
  const { promise, resolve, reject } = Promise.withResolvers<Answer>()
  const outgoing = httpRequest({ hostname, port, path, method: sending.method ?? 'GET', headers, agent: false })
  outgoing.on('error', reject)
  outgoing.on('response', async incoming => {
    try {
      const text = Buffer.concat(await incoming.toArray()).toString('utf8')
      resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, text, json: jsonOf(text) })
    } catch (error) {
      reject(error)
    }
  })
  outgoing.end(sending.body)
  return promise
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

/** `error` of an answer. Throws when the answer is not an error in OpenAI's form. */
export function errorIn(answer: Answer): { code: string; message: string; param: string | null; type: string } {
  const { error } = answer.json as { error: { code: string; message: string; param: string | null; type: string } }
  if (typeof error.code !== 'string' || typeof error.message !== 'string' || error.message === '') {
    throw new TypeError(`no error in OpenAI's shape: ${answer.text}`)
  }
  return error
}
