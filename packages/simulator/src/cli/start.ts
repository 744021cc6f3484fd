/** Starts the services that the command line names. */
import { writeFile } from 'node:fs/promises'
import nodeTls from 'node:tls'
import { startAzure } from '../azure/index.ts'
import { demoDirectory } from '../directory.ts'
import { selfMadeCertificate } from '../entra/certificate.ts'
import { startEntra } from '../entra/index.ts'
import type { AzureSimulator, AzureSimulatorOptions, EntraSimulator, SimulatedDeployment } from '../types.ts'
import { CommandError, startFailure, usage } from './errors.ts'
import type { Given } from './options.ts'
import type { Started } from './paste.ts'

export interface Running extends Started {
  close(): Promise<void>
}

const standardDeployments = ['gpt-4o', 'gpt-4o-mini', 'text-embedding-3-small']

/**
 * @throws CommandError when the command line or a port is wrong; services that were already started are closed first.
 */
export async function start(given: Given): Promise<Running> {
  const deployments = given.services.has('azure') ? deploymentsOf(given) : {}
  const azure: AzureSimulator[] = []
  let entra: EntraSimulator | null = null
  const close = async (): Promise<void> => {
    await Promise.all([...azure, ...(entra === null ? [] : [entra])].map(service => service.close()))
  }
  try {
    if (given.services.has('entra')) entra = await startTenant(given)
    const count = given.services.has('azure') ? (given.number('instances') ?? 1) : 0
    for (let at = 0; at < count; at += 1) azure.push(await startInstance(given, deployments, entra, at, count))
  } catch (error) {
    await close()
    throw error
  }
  const [key = entra === null ? 'any' : null] = given.list('key')
  return { azure, entra, deployments, key, close }
}

async function startTenant(given: Given): Promise<EntraSimulator> {
  const path = given.text('tls-certificate')
  const keysDirectory = given.text('keys-folder')
  const tls = path === null ? null : selfMadeCertificate(Date.now())
  try {
    if (path !== null && tls !== null) {
      await writeFile(path, tls.certificate)
      if (given.services.has('azure')) trust(tls.certificate)
    }
    return await startEntra({
      directory: demoDirectory,
      port: given.number('entra-port') ?? 0,
      ...(tls === null ? {} : { tls }),
      ...(keysDirectory === null ? {} : { keysDirectory }),
    })
  } catch (error) {
    throw startFailure(error, 'entra --entra-port')
  }
}

/** Lets the instances of this process read the tenant's keys over TLS. */
function trust(certificate: string): void {
  if (typeof nodeTls.setDefaultCACertificates !== 'function') {
    const what = `Node ${process.versions.node} cannot trust the tenant's certificate.`
    const next = 'gatehouse-simulator entra --tls-certificate FILE, without azure'
    throw new CommandError('node_too_old', what, 'With --tls-certificate, azure needs Node 22.19, 24.5 or newer.', next)
  }
  nodeTls.setDefaultCACertificates([...nodeTls.getCACertificates('default'), certificate])
}

async function startInstance(
  given: Given,
  deployments: Readonly<Record<string, SimulatedDeployment>>,
  entra: EntraSimulator | null,
  at: number,
  count: number,
): Promise<AzureSimulator> {
  const name = given.text('name') ?? ''
  const port = given.number('port') ?? 0
  try {
    return await startAzure({
      ...instanceOptions(given),
      deployments,
      name: count === 1 ? name : `${name}-${at + 1}`,
      port: port === 0 ? 0 : port + at,
      ...(entra === null ? {} : { entra: authorityOf(entra) }),
    })
  } catch (error) {
    throw startFailure(error, 'azure --port')
  }
}

function authorityOf({ url, directory }: EntraSimulator): NonNullable<AzureSimulatorOptions['entra']> {
  return { authority: url, tenantId: directory.tenantId, allowedObjectIds: 'all' }
}

type Writable<Type> = { -readonly [Field in keyof Type]: Type[Field] }

/**
 * The common options of the instances. Options that were not typed are absent, so that the package's own defaults
 * apply.
 */
function instanceOptions(given: Given): Omit<AzureSimulatorOptions, 'name' | 'deployments'> {
  const options: Writable<Partial<AzureSimulatorOptions>> = {
    filter: given.text('filter') === 'asynchronous' ? 'asynchronous' : 'default',
    rateLimitResets: given.text('rate-limit-resets') === 'milliseconds' ? 'milliseconds' : 'seconds',
    responsesHideLimits: given.flag('responses-hide-limits'),
  }
  const keys = given.list('key')
  if (keys.length > 0) options.keys = keys
  const region = given.text('region')
  if (region !== null) options.region = region
  const seed = given.number('seed')
  if (seed !== null) options.seed = seed
  const backgroundMs = given.number('background-ms')
  if (backgroundMs !== null) options.backgroundMs = backgroundMs
  const batchMs = given.number('batch-ms')
  if (batchMs !== null) options.batchMs = batchMs
  const pictureBytes = given.number('picture-bytes')
  if (pictureBytes !== null) options.pictureBytes = pictureBytes
  return options
}

function deploymentsOf(given: Given): Readonly<Record<string, SimulatedDeployment>> {
  const typed = given.list('deployment')
  const names = typed.length > 0 ? typed : standardDeployments
  const deployments = Object.fromEntries(names.map(text => deploymentOf(text, given)))
  for (const option of ['provisioned', 'refuse-stream-options', 'spillover'] as const) {
    const spillover = given.text('spillover')
    const named = option !== 'spillover' ? given.list(option) : spillover === null ? [] : [spillover]
    const odd = named.find(name => !Object.hasOwn(deployments, name))
    if (odd === undefined) continue
    throw usage(
      `--${option}: "${odd}" is not a deployment of the instance.`,
      `It has ${Object.keys(deployments).join(', ')}.`,
      `gatehouse-simulator azure --deployment ${odd}=gpt-4o --${option} ${odd}`,
    )
  }
  return deployments
}

function deploymentOf(text: string, given: Given): [string, SimulatedDeployment] {
  const [name = '', model = name] = text.split('=', 2)
  if (name === '' || model === '') {
    const next = 'gatehouse-simulator azure --deployment chat=gpt-4o'
    throw usage(`--deployment: "${text}" is not a deployment.`, 'It takes NAME or NAME=MODEL.', next)
  }
  const deployment: Writable<SimulatedDeployment> = {
    model,
    timeToFirstTokenMs: given.number('time-to-first-token') ?? 0,
    jitter: given.number('jitter') ?? 0,
    refusesStreamOptions: given.list('refuse-stream-options').includes(name),
  }
  const tokensPerSecond = given.number('tokens-per-second')
  if (tokensPerSecond !== null) deployment.tokensPerSecond = tokensPerSecond
  const reasoning = given.number('reasoning-tokens-per-second')
  if (reasoning !== null) deployment.reasoningTokensPerSecond = reasoning
  const tokensPerMinute = given.number('tokens-per-minute')
  if (tokensPerMinute !== null) deployment.tokensPerMinute = tokensPerMinute
  const requestsPerMinute = given.number('requests-per-minute')
  if (requestsPerMinute !== null) deployment.requestsPerMinute = requestsPerMinute
  if (given.list('provisioned').includes(name)) {
    deployment.kind = 'provisioned'
    const burstSeconds = given.number('burst-seconds')
    if (burstSeconds !== null) deployment.burstSeconds = burstSeconds
    const spillover = given.text('spillover')
    if (spillover !== null) deployment.spillover = spillover
  }
  return [name, deployment]
}
