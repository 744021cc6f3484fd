/** `gatehouse simulate`: one simulated Azure OpenAI instance, for testing any client against it. */

import type { SimulatedDeployment } from '@gatehouse/simulator'
import { Command, InvalidArgumentError } from 'commander'
import type { CliContext } from '../context.ts'
import { CliError } from '../errors.ts'
import { startFailure, stopSignal } from '../lifetime.ts'
import { jsonText } from '../terminal/printable.ts'

interface SimulateOptions {
  readonly port: number
  readonly name: string
  readonly region: string
  readonly key: readonly string[]
  readonly deployment: readonly string[]
  readonly seed?: number
  readonly timeToFirstToken: number
  readonly tokensPerSecond?: number
  readonly reasoningTokensPerSecond?: number
  readonly tokensPerMinute?: number
  readonly requestsPerMinute?: number
  readonly provisioned: readonly string[]
  readonly burstSeconds?: number
  readonly spillover?: string
  readonly responsesHideLimits: boolean
  readonly rateLimitResets: 'seconds' | 'milliseconds'
  readonly refuseStreamOptions: readonly string[]
  readonly jitter: number
  readonly filter: 'default' | 'asynchronous'
  readonly backgroundMs?: number
  readonly batchMs?: number
  readonly pictureBytes?: number
}

const standardDeployments = ['gpt-4o', 'gpt-4o-mini', 'text-embedding-3-small']

export function simulateCommand(context: CliContext): Command {
  return new Command('simulate')
    .description('run a simulated Azure OpenAI instance')
    .option('-p, --port <port>', 'port on 127.0.0.1; 0 takes a free one', wholeNumber(0, 65_535), 8083)
    .option('--name <name>', 'name of the instance', 'simulated-instance')
    .option('--region <region>', 'its region', 'swedencentral')
    .option('--key <key...>', 'API keys that are accepted; without one every call is let in', [])
    .option('--deployment <name...>', 'deployments, each NAME or NAME=MODEL, as chat=gpt-4o', standardDeployments)
    .option('--seed <number>', 'equal questions get equal bytes', wholeNumber(0, 4_294_967_295))
    .option('--time-to-first-token <ms>', 'mean, milliseconds', wholeNumber(0, 600_000), 0)
    .option('--tokens-per-second <n>', 'speed of generation; as fast as it goes without', wholeNumber(1, 1_000_000))
    .option('--reasoning-tokens-per-second <n>', 'speed of hidden reasoning', wholeNumber(1, 1_000_000))
    .option('--tokens-per-minute <n>', 'limit of each deployment; 429 beyond it', wholeNumber(1, 1_000_000_000))
    .option('--requests-per-minute <n>', 'limit of each deployment; 429 beyond it', wholeNumber(1, 1_000_000_000))
    .option('--provisioned <name...>', 'deployments that are provisioned: tokens per minute are their capacity', [])
    .option('--burst-seconds <n>', 'seconds of capacity that are 100 % of a provisioned one', wholeNumber(1, 3_600))
    .option('--spillover <name>', 'deployment that serves what a full provisioned one cannot')
    .option('--responses-hide-limits', 'the Responses API tells -1 for its rate limits, as Azure did', false)
    .option('--rate-limit-resets <unit>', 'seconds or milliseconds', resetUnit, 'seconds')
    .option('--refuse-stream-options <name...>', 'deployments that answer 422 to stream_options', [])
    .option('--jitter <share>', 'by which share both vary, 0 to 1', share, 0)
    .option('--filter <mode>', 'content filter of streams: default or asynchronous', filterMode, 'default')
    .option('--background-ms <ms>', 'how long a response in the background takes', wholeNumber(0, 86_400_000))
    .option('--batch-ms <ms>', 'how long a batch takes at least', wholeNumber(0, 86_400_000))
    .option('--picture-bytes <n>', 'least bytes of a drawn picture', wholeNumber(0, 50_000_000))
    .addHelpText(
      'after',
      '\nFaults: send the header x-simulator-fault, as "429;retry-after=2", or POST /_simulator/faults.\nThe bill: GET /_simulator/bill.',
    )
    .action(async (options: SimulateOptions) => simulate(context, options))
}

async function simulate(context: CliContext, options: SimulateOptions): Promise<void> {
  const deployments = Object.fromEntries(options.deployment.map(text => deploymentOf(text, options)))
  checkNamed('--provisioned', options.provisioned, deployments)
  checkNamed('--refuse-stream-options', options.refuseStreamOptions, deployments)
  checkNamed('--spillover', options.spillover === undefined ? [] : [options.spillover], deployments)
  const stopped = stopSignal()
  const { startAzure } = await import('@gatehouse/simulator')
  const instance = await startAzure({
    name: options.name,
    region: options.region,
    port: options.port,
    ...(options.key.length === 0 ? {} : { keys: options.key }),
    deployments,
    filter: options.filter,
    responsesHideLimits: options.responsesHideLimits,
    rateLimitResets: options.rateLimitResets,
    ...(options.seed === undefined ? {} : { seed: options.seed }),
    ...(options.backgroundMs === undefined ? {} : { backgroundMs: options.backgroundMs }),
    ...(options.batchMs === undefined ? {} : { batchMs: options.batchMs }),
    ...(options.pictureBytes === undefined ? {} : { pictureBytes: options.pictureBytes }),
  }).catch(error => {
    throw startFailure(error, [{ port: options.port, use: 'simulated instance', option: 'gatehouse simulate --port' }])
  })
  if (context.json) context.stdout.write(`${jsonText({ name: instance.name, url: instance.url })}\n`)
  else context.stdout.write(`${instance.name} answers on ${instance.url} (Ctrl-C ends it)\n`)
  await stopped
  await instance.close()
}

function deploymentOf(text: string, options: SimulateOptions): [string, SimulatedDeployment] {
  const [name = '', model = name] = text.split('=', 2)
  if (name === '' || model === '') {
    const what = `"${text}" is no deployment.`
    throw new CliError('deployment_invalid', what, null, 'gatehouse simulate --deployment chat=gpt-4o', { exitCode: 2 })
  }
  const { tokensPerSecond, reasoningTokensPerSecond, tokensPerMinute, requestsPerMinute, burstSeconds, spillover } =
    options
  const isProvisioned = options.provisioned.includes(name)
  return [
    name,
    {
      model,
      timeToFirstTokenMs: options.timeToFirstToken,
      jitter: options.jitter,
      ...(tokensPerSecond === undefined ? {} : { tokensPerSecond }),
      ...(reasoningTokensPerSecond === undefined ? {} : { reasoningTokensPerSecond }),
      ...(options.refuseStreamOptions.includes(name) ? { refusesStreamOptions: true } : {}),
      ...(tokensPerMinute === undefined ? {} : { tokensPerMinute }),
      ...(requestsPerMinute === undefined ? {} : { requestsPerMinute }),
      ...(isProvisioned ? { kind: 'provisioned' } : {}),
      ...(isProvisioned && burstSeconds !== undefined ? { burstSeconds } : {}),
      ...(isProvisioned && spillover !== undefined ? { spillover } : {}),
    },
  ]
}

function checkNamed(option: string, names: readonly string[], deployments: Readonly<Record<string, unknown>>): void {
  const odd = names.find(name => !Object.hasOwn(deployments, name))
  if (odd === undefined) return
  const what = `${option}: "${odd}" is no deployment of this instance; it has ${Object.keys(deployments).join(', ')}.`
  throw new CliError('deployment_invalid', what, null, 'gatehouse simulate --deployment NAME', { exitCode: 2 })
}

function wholeNumber(least: number, most: number): (text: string) => number {
  return text => {
    const value = Number(text)
    if (/^\d+$/.test(text) && value >= least && value <= most) return value
    throw new InvalidArgumentError(`a whole number between ${least} and ${most}`)
  }
}

function share(text: string): number {
  const value = Number(text)
  if (text.trim() !== '' && value >= 0 && value <= 1) return value
  throw new InvalidArgumentError('a number between 0 and 1')
}

function resetUnit(text: string): string {
  if (text === 'seconds' || text === 'milliseconds') return text
  throw new InvalidArgumentError('seconds or milliseconds')
}

function filterMode(text: string): string {
  if (text === 'default' || text === 'asynchronous') return text
  throw new InvalidArgumentError('default or asynchronous')
}
