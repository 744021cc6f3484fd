/** A healthy set-up for tests: the demonstration's configuration in a file, with what it names running on loopback. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import {
  type AzureSimulator,
  demoDirectory,
  type EntraSimulator,
  selfMadeCertificate,
  startAzure,
  startEntra,
} from '@gatehouse/simulator'
import { closedPort } from '../../../../test/support/ports.ts'
import { fastDeployments, instanceKey, type Scope } from '../../../../test/support/world.ts'
import type { ConfigInput } from '../config/schema/index.ts'
import { demoConfig } from '../demo/configuration.ts'
import { type DiagnoseOptions, diagnose } from './diagnose.ts'
import type { CheckedFinding, CheckName, Level } from './index.ts'

export interface Surroundings {
  readonly entra: EntraSimulator
  readonly one: AzureSimulator
  readonly two: AzureSimulator
  /** Holds the configuration, its secrets and the ledger. */
  readonly directory: string
  readonly ledger: string
  readonly file: string
  readonly env: NodeJS.ProcessEnv
  readonly healthy: ConfigInput
  /** Writes the configuration and runs one check, or all. */
  examine(only: CheckName | null, change?: Change, options?: ExamineOptions): Promise<readonly CheckedFinding[]>
}

/** `mode`: of the configuration file; default 0600. */
export type ExamineOptions = Partial<DiagnoseOptions> & { readonly mode?: number }

export type Change = (config: ConfigInput) => ConfigInput

const keyVariable = 'KEY_OF_INSTANCE_2'

export async function startSurroundings(t: Scope): Promise<Surroundings> {
  const directory = await mkdtemp(join(tmpdir(), 'gatehouse-doctor-'))
  const entra = await startEntra({ directory: demoDirectory })
  const simulated = (name: string): Promise<AzureSimulator> =>
    startAzure({
      name,
      deployments: fastDeployments,
      keys: [instanceKey],
      entra: { authority: entra.url, tenantId: demoDirectory.tenantId, allowedObjectIds: 'all' },
    })
  const [one, two] = await Promise.all([simulated('one'), simulated('two')])
  t.after(async () => {
    await Promise.all([one.close(), two.close(), entra.close()])
    await rm(directory, { recursive: true, force: true })
  })
  const ledger = join(directory, 'ledger')
  await mkdir(ledger, { mode: 0o700 })
  const file = join(directory, 'gatehouse.yaml')
  const env = { [keyVariable]: instanceKey }
  const healthy = demoConfig({
    gatewayListen: `127.0.0.1:${await closedPort()}`,
    adminListen: `127.0.0.1:${await closedPort()}`,
    authority: entra.url,
    ...{ instance1: one.url, instance2: two.url, instance2Key: `\${env:${keyVariable}}` },
    ledgerDirectory: ledger,
  })
  return {
    ...{ entra, one, two, directory, ledger, file, env, healthy },
    async examine(only, change = config => config, options = {}) {
      await writeFile(file, JSON.stringify(change(healthy)))
      const { mode = 0o600, ...rest } = options
      await chmod(file, mode)
      const { findings } = await diagnose({
        ...{ file, env, only, appService: entra.managedIdentity },
        // How fast this machine is at the moment is no fault.
        slow: { fsyncMs: Number.POSITIVE_INFINITY, redisMs: Number.POSITIVE_INFINITY },
        ...rest,
      })
      return findings
    },
  }
}

const authorities = getCACertificates('default')

/** An instance over TLS. @param agoMs how long ago its certificate was made; it is valid for 365 days. */
export async function startTls(t: Scope, agoMs: number, isTrusted: boolean): Promise<string> {
  const { certificate, privateKey } = selfMadeCertificate(Date.now() - agoMs)
  // All have one subject, so only one of them can be looked up at a time.
  if (isTrusted) setDefaultCACertificates([...authorities, certificate])
  const server = createTlsServer({ cert: certificate, key: privateKey }, (_, response) => response.writeHead(404).end())
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return `https://localhost:${(server.address() as AddressInfo).port}`
}

/** The configuration with changes to its first instance. */
export function withInstance(changes: Partial<ConfigInput['instances'][string]>): Change {
  return config => {
    const [[name, written] = ['', undefined], ...others] = Object.entries(config.instances)
    if (written === undefined) throw new TypeError('the demonstration has no instances')
    return { ...config, instances: { [name]: { ...written, ...changes }, ...Object.fromEntries(others) } }
  }
}

export function ofLevel(findings: readonly CheckedFinding[], level: Level): CheckedFinding {
  const found = findings.find(finding => finding.level === level)
  assert.ok(found !== undefined, `no ${level} in ${JSON.stringify(findings)}`)
  return found
}

/** Everything that is not as it should be, as `level found`. */
export function faultsIn(findings: readonly CheckedFinding[]): readonly string[] {
  return findings.filter(({ level }) => level !== 'ok').map(({ level, found }) => `${level} ${found}`)
}
