/**
 * The rehearsal of a deployment: the configuration that Terraform generates for an example, a gateway that runs it in
 * simulated surroundings of the same names, and the smoke test of a deployment against it.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { parse, stringify } from 'yaml'
import { writeDemoState } from '../../packages/gateway/src/cli/context.ts'
import { findingLines, type NamedFinding } from '../../packages/gateway/src/cli/terminal/findings.ts'
import type { ConfigInput } from '../../packages/gateway/src/config/schema/index.ts'
import { compileCache } from '../../test/support/compile-cache.ts'
import { type Served, serveFile } from '../../test/support/served.ts'
import type { Scope } from '../../test/support/world.ts'
import { arrivals } from './arrived.ts'
import { clusterFor } from './cluster.ts'
import { type Replacement, replacements, withSurroundings } from './replace.ts'
import { type Started, startSurroundings } from './surroundings.ts'
import { type Tenant, tenantFor } from './tenant.ts'

const main = join(import.meta.dirname, '../../packages/gateway/src/cli/main.ts')
const scopeSuffix = '/.default'

export interface Rehearsed {
  readonly replaced: readonly Replacement[]
  /** Of the smoke test, and of what the surroundings have received. */
  readonly findings: readonly NamedFinding[]
  readonly served: Served
}

/**
 * Everything that it starts is ended by `scope`.
 * @param yaml as the output `gateway_yaml`.
 * @param directory for all files of the rehearsal.
 * @param said called with each line of the report.
 * @throws Error where the gateway does not start, or the configuration names what is not simulated.
 */
export async function rehearse(
  scope: Scope,
  yaml: string,
  directory: string,
  said: (line: string) => void,
): Promise<Rehearsed> {
  const config: ConfigInput = parse(yaml)
  const [workload, deployment] = calledIn(config)
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const cluster = await clusterFor(config, directory)
  const tenant = tenantFor(config, workload, clientIdsIn(config), cluster?.credential ?? null)
  const started = await startSurroundings(scope, config, tenant, cluster, directory)
  const own = withSurroundings(config, started.at)
  const replaced = replacements(config, own)
  for (const { path, from, to } of replaced) said(`  replaced  ${path}: ${from ?? 'unset'} → ${to}`)
  const file = join(directory, 'gateway.yaml')
  await writeFile(file, stringify(own), { mode: 0o600 })
  const served = await serveFile(scope, file, directory, { env: started.env, readyMsMax: 120_000 })
  await writeDemoState(directory, stateOf(served, started, tenant))
  said(`  serving   ${Object.keys(config.instances).join(', ')}; workload ${workload}, deployment ${deployment}`)
  const findings: NamedFinding[] = []
  const keep = (finding: NamedFinding): void => {
    findings.push(finding)
    for (const line of findingLines(finding, nameWidth)) said(`  ${line}`)
  }
  const who = ['--as', tenant.caller, '--reader', tenant.reader]
  const smoke = await runSmoke(directory, [...who, '--workload', workload, '--deployment', deployment])
  for (const { step, ...finding } of smoke.findings) keep({ ...finding, of: step })
  for (const finding of arrivals(started, smoke.requestIds)) keep({ ...finding, of: 'arrived' })
  return { replaced, findings, served }
}

const nameWidth = 'records'.length

/** The first workload, and the first of its deployments that can chat. */
function calledIn({ workloads }: ConfigInput): readonly [workload: string, deployment: string] {
  for (const [workload, { deployments }] of Object.entries(workloads)) {
    const deployment = deployments.find(name => !/embedding|whisper|tts|image|dall-e|sora/.test(name))
    if (deployment !== undefined) return [workload, deployment]
  }
  throw new Error('no workload has a deployment that can chat')
}

/** Client ids of the managed identities, wherever the configuration names one. */
function clientIdsIn(value: unknown): readonly string[] {
  if (typeof value !== 'object' || value === null) return []
  const found = Object.entries(value).flatMap(([name, member]) =>
    name === 'managedIdentity' && typeof member === 'string' && !member.startsWith('/')
      ? [member]
      : clientIdsIn(member),
  )
  return [...new Set(found)]
}

/** With it, commands that are typed in the directory find the gateway and the tenant. */
function stateOf(served: Served, { entra, certificate }: Started, { directory, audience }: Tenant) {
  const { people, applications } = directory
  const [signInClient] = applications
  return {
    ...{ gateway: served.url, admin: served.adminUrl, authority: entra.url, tenantId: directory.tenantId },
    clientId: signInClient?.appId ?? '',
    scope: `${audience.replace(/\/$/, '')}${scopeSuffix}`,
    ...{ certificate, pid: process.pid },
    people: people.map(({ name, userPrincipalName, password }) => ({ name, userPrincipalName, password })),
    applications: applications.flatMap(({ name, appId, secret }) => (secret === null ? [] : [{ name, appId, secret }])),
  }
}

interface SmokeAnswer {
  readonly findings: readonly (Omit<NamedFinding, 'of'> & { readonly step: string })[]
  readonly requestIds: Readonly<Record<string, string>>
}

/** `gatehouse smoke` as a process of its own, as an operator runs it. @throws Error where it says nothing of use. */
async function runSmoke(directory: string, args: readonly string[]): Promise<SmokeAnswer> {
  const child = spawn(process.execPath, [main, 'smoke', '--json', ...args], {
    cwd: directory,
    env: { ...compileCache, PATH: process.env['PATH'], HOME: directory, TMPDIR: directory },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  try {
    return JSON.parse(out)
  } catch (cause) {
    throw new Error(`gatehouse smoke ended with ${child.exitCode}:\n${out}${err}`, { cause })
  }
}
