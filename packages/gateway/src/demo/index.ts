/**
 * The demonstration: sign-in service, two instances, the gateway, history and traffic, started in order, closed in
 * reverse.
 */
import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import {
  azureCliClientId,
  type Certificate,
  demoAudience,
  demoDirectory,
  type EntraSimulator,
  selfMadeCertificate,
  startAzure,
  startEntra,
} from '@gatehouse/simulator'
import type { Config, ConfigInput } from '../config/schema/index.ts'
import { consoleDirectory } from '../house/console-directory.ts'
import type { House } from '../house/index.ts'
import { buildHouse } from '../house/open.ts'
import { startReloading } from '../house/reloading.ts'
import { LineWriter } from '../telemetry/log/lines.ts'
import { createLog } from '../telemetry/log/open.ts'
import { demoBanner } from './banner.ts'
import { demoConfig, demoInstances } from './configuration.ts'
import { writeConfiguration } from './configuration-file.ts'
import { buildConsole } from './console-build.ts'
import { demoFeeds } from './feeds/index.ts'
import type { DemoFeedKind } from './feeds/kinds.ts'
import { writeHistory } from './history.ts'
import { showcase, showcaseDeployments } from './showcase.ts'
import { startTraffic } from './traffic.ts'

export interface DemoParts {
  readonly gatewayPort: number
  readonly adminPort: number
  readonly signInPort: number
  readonly instance1Port: number
  readonly instance2Port: number
  readonly traffic: boolean
  readonly history: boolean
  /**
   * The sign-in service speaks TLS, as Microsoft's own libraries ask for. Trusts its certificate in this whole process.
   */
  readonly tls: boolean
  /** Kind of the feed that ships records into the state's directory; null for none. */
  readonly feed: DemoFeedKind | null
  /** Ledger and keys are kept here. */
  readonly stateDirectory: string
  /** Command to paste first, so that later ones find this demonstration; null where they find it anyway. */
  readonly pasteFirst: string | null
  /** Output for progress. */
  readonly say: (text: string) => void
}

export interface Demo {
  readonly banner: string
  readonly summary: Readonly<Record<string, unknown>>
  readonly house: House
  /** State that commands typed beside it need to find this demonstration. */
  readonly state: DemoFacts
  close(): Promise<void>
}

export interface DemoFacts {
  readonly gateway: string
  readonly admin: string
  readonly authority: string
  readonly tenantId: string
  readonly clientId: string
  readonly scope: string
  /** PEM of the sign-in service's certificate; null without TLS. */
  readonly certificate: string | null
  readonly people: { readonly name: string; readonly userPrincipalName: string; readonly password: string }[]
  readonly applications: { readonly name: string; readonly appId: string; readonly secret: string }[]
}

const host = '127.0.0.1'
/** API key of the second simulated instance. It opens nothing else. */
const instanceKey = 'key-of-dev-openai-instance-2'

/** Rejects with the error of `listen` when a port is taken, and with LedgerError; nothing is left running then. */
export async function startDemo(parts: DemoParts): Promise<Demo> {
  const closers: (() => Promise<void>)[] = []
  const close = async (): Promise<void> => {
    for (const one of closers.splice(0).reverse()) await one()
  }
  try {
    return await start(parts, closers, close)
  } catch (error) {
    await close()
    throw error
  }
}

async function start(parts: DemoParts, closers: (() => Promise<void>)[], close: () => Promise<void>): Promise<Demo> {
  await mkdir(parts.stateDirectory, { recursive: true, mode: 0o700 })
  const keysDirectory = join(parts.stateDirectory, 'keys')
  const tls = parts.tls ? await ownCertificate(parts.stateDirectory) : null
  const entra = await startEntra({
    host,
    port: parts.signInPort,
    directory: demoDirectory,
    keysDirectory,
    ...(tls === null ? {} : { tls }),
  })
  closers.push(() => entra.close())
  const [instance1, instance2] = await startInstances(parts, entra, closers)
  const shipped = parts.feed === null ? null : await demoFeeds[parts.feed]({ host, ...parts })
  if (shipped !== null) closers.push(() => shipped.close())
  const written: ConfigInput = {
    ...showcase(
      demoConfig({
        gatewayListen: `${host}:${parts.gatewayPort}`,
        adminListen: `${host}:${parts.adminPort}`,
        authority: entra.url,
        instance1,
        instance2,
        instance2Key: instanceKey,
        ledgerDirectory: join(parts.stateDirectory, 'ledger'),
      }),
    ),
    ...(parts.feed === null || shipped === null ? {} : { feeds: { [parts.feed]: shipped.feed } }),
  }
  const source = { loaded: await writeConfiguration(parts.stateDirectory, written), env: process.env }
  const { config } = source.loaded
  // The terminal keeps the banner; what a gateway writes to standard error is in a file beside the ledger.
  const logPath = join(parts.stateDirectory, 'gateway.log')
  const log = createLog(config.log, { lines: new LineWriter(logPath) })
  closers.push(async () => log.close())
  // Written before the house is built: its limits then count this month's records.
  if (parts.history) await historyOnce(parts, config, entra)
  const house = await buildHouse(config, {
    ...{ log, appService: entra.managedIdentity, consoleDirectory: consoleDirectory(), source },
  })
  closers.push(() => house.close())
  const reloading = startReloading(house, source.loaded, { log, env: process.env, watching: true })
  closers.push(async () => reloading.stop())
  // After the gateway listens: its page says that it is being built, and opens when it is there.
  closers.push(buildConsole(log))
  if (parts.traffic) {
    const traffic = startTraffic({ url: house.gateway.url, token: freshTokens(entra) }, Math.random)
    closers.push(() => traffic.stop())
  }
  const admin = house.admin?.url ?? ''
  const addresses = {
    gateway: house.gateway.url,
    admin,
    authority: entra.url,
    instance1,
    instance2,
    log: relative(process.cwd(), logPath),
    ...(tls === null ? {} : { certificate: tls.path }),
    ...(shipped === null ? {} : { feed: shipped.where }),
  }
  return {
    banner: demoBanner(addresses, config, parts.pasteFirst),
    summary: { ...addresses, people: demoDirectory.people.map(person => person.name) },
    house,
    state: {
      gateway: house.gateway.url,
      admin,
      authority: entra.url,
      tenantId: demoDirectory.tenantId,
      clientId: azureCliClientId,
      scope: `${demoAudience}/.default`,
      certificate: tls?.certificate ?? null,
      people: demoDirectory.people.map(({ name, userPrincipalName, password }) => ({
        name,
        userPrincipalName,
        password,
      })),
      applications: demoDirectory.applications.flatMap(({ name, appId, secret }) =>
        secret === null ? [] : [{ name, appId, secret }],
      ),
    },
    close,
  }
}

/** Made at each start. The gateway, the instances and the commands of this process trust it from then on. */
async function ownCertificate(directory: string): Promise<Certificate & { readonly path: string }> {
  const made = selfMadeCertificate(Date.now())
  const path = join(directory, 'sign-in-certificate.pem')
  await writeFile(path, made.certificate)
  setDefaultCACertificates([...getCACertificates('default'), made.certificate])
  return { ...made, path }
}

async function startInstances(
  parts: DemoParts,
  entra: EntraSimulator,
  closers: (() => Promise<void>)[],
): Promise<[string, string]> {
  const urls: string[] = []
  for (const [index, [name, { region }]] of Object.entries(demoInstances).entries()) {
    const instance = await startAzure({
      name,
      host,
      port: index === 0 ? parts.instance1Port : parts.instance2Port,
      region,
      deployments: showcaseDeployments(name),
      keys: [instanceKey],
      entra: { authority: entra.url, tenantId: demoDirectory.tenantId, allowedObjectIds: 'all' },
    })
    closers.push(() => instance.close())
    urls.push(instance.url)
  }
  return [urls[0] ?? '', urls[1] ?? '']
}

/** The marker is written when the month is whole: a first start that was cut short begins again. */
async function historyOnce(parts: DemoParts, config: Config, entra: EntraSimulator): Promise<void> {
  const marker = join(parts.stateDirectory, 'history-written')
  if (existsSync(marker)) return
  const started = performance.now()
  const written = await writeHistory({
    config,
    entra,
    instanceKey,
    log: createLog({ level: 'error', format: 'json', access: false }),
    untilMs: Date.now(),
    progress: (done, all) => parts.say(`\rWriting a month of history (once) ... ${Math.floor((100 * done) / all)} %`),
  })
  await writeFile(marker, `${new Date().toISOString()}\n`)
  parts.say(
    `\rWrote a month of history: ${written} calls in ${((performance.now() - started) / 1_000).toFixed(0)} s.\n`,
  )
}

/** Tokens by name, renewed well before they expire. */
function freshTokens(entra: EntraSimulator): (as: string) => Promise<string> {
  const kept = new Map<string, { readonly token: Promise<string>; readonly untilMs: number }>()
  return as => {
    const known = kept.get(as)
    if (known !== undefined && Date.now() < known.untilMs) return known.token
    const token = entra.token({ as })
    kept.set(as, { token, untilMs: Date.now() + 1_800_000 })
    return token
  }
}
