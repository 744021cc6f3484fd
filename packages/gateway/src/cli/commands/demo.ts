/** `gatehouse demo`: a whole working Gateway with everything around it, on this machine, with one command. */
import { join, resolve } from 'node:path'
import { Command, InvalidArgumentError, Option } from 'commander'
import { type DemoFeedKind, demoFeedKinds } from '../../demo/feeds/kinds.ts'
import { shellQuoted } from '../../shell.ts'
import { type CliContext, demoVariable, removeDemoState, writeDemoState } from '../context.ts'
import { type PortOption, startFailure, stopSignal } from '../lifetime.ts'
import { jsonText } from '../terminal/printable.ts'
import { columnsIn, wrapMeanings } from '../terminal/wrap.ts'
import { type DemoPorts, demoPorts, requireFreePorts } from './demo-ports.ts'

export interface DemoOptions extends Partial<DemoPorts> {
  readonly basePort: number
  readonly directory: string
  readonly traffic: boolean
  readonly history: boolean
  readonly tls?: boolean
  readonly feed?: DemoFeedKind
}

export function demoCommand(context: CliContext): Command {
  return new Command('demo')
    .description('run a gateway with simulated instances, people and traffic')
    .option('--base-port <port>', 'first of five ports in a row, for what the next five options name', basePort, 8080)
    .option('--gateway-port <port>', 'port of the gateway', port)
    .option('--admin-port <port>', 'port of the management API and its console', port)
    .option('--sign-in-port <port>', 'port of the simulated sign-in service', port)
    .option('--instance-1-port <port>', 'port of dev-openai-instance-1', port)
    .option('--instance-2-port <port>', 'port of dev-openai-instance-2', port)
    .option('--directory <path>', 'where the ledger and the keys are kept', '.')
    .option(
      '--tls',
      'let the sign-in service speak TLS, as the Azure SDKs ask for, with a certificate made at the start',
    )
    .addOption(
      new Option('--feed <kind>', 'ship records with a feed of this kind (docs/feeds.md)').choices(demoFeedKinds),
    )
    .option('--no-traffic', 'send no calls')
    .option('--no-history', 'write no month of history on the first start')
    .action(async (options: DemoOptions) => run(context, options))
}

async function run(context: CliContext, options: DemoOptions): Promise<void> {
  const startedAt = performance.now()
  const stopped = stopSignal()
  const directory = resolve(context.cwd, options.directory)
  const ports = demoPorts(options.basePort, options)
  await requireFreePorts(ports, directory)
  const { startDemo } = await import('../../demo/index.ts')
  const demo = await startDemo({
    ...options,
    ...ports,
    tls: options.tls === true,
    feed: options.feed ?? null,
    stateDirectory: join(directory, '.gatehouse'),
    pasteFirst: directory === context.cwd ? null : `export ${demoVariable}=${shellQuoted(directory)}`,
    say: text => void context.stderr.write(text),
  }).catch(error => {
    throw startFailure(error, portOptions(ports))
  })
  await writeDemoState(directory, { ...demo.state, pid: process.pid })
  const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1)
  context.stdout.write(
    context.json
      ? `${jsonText(demo.summary)}\n`
      : `${wrapMeanings(demo.banner, columnsIn(context.stdout))}\n  Ready after ${seconds} s. Ctrl-C stops everything; records are kept.\n`,
  )
  await stopped
  context.stderr.write('\nStopping: finishing what is in flight ...\n')
  await removeDemoState(directory, process.pid)
  await demo.close()
}

function portOptions(options: DemoPorts): readonly PortOption[] {
  const rows = [
    [options.gatewayPort, 'gateway', '--gateway-port'],
    [options.adminPort, 'management API', '--admin-port'],
    [options.signInPort, 'sign-in service', '--sign-in-port'],
    [options.instance1Port, 'dev-openai-instance-1', '--instance-1-port'],
    [options.instance2Port, 'dev-openai-instance-2', '--instance-2-port'],
  ] as const
  return rows.map(([at, use, option]) => ({ port: at, use, option: `npm start -- ${option}` }))
}

function port(text: string): number {
  const value = Number(text)
  if (/^\d+$/.test(text) && value <= 65_535) return value
  throw new InvalidArgumentError('a port, 0 to 65535; 0 takes a free one')
}

function basePort(text: string): number {
  const value = Number(text)
  if (/^\d+$/.test(text) && value <= 65_531) return value
  throw new InvalidArgumentError('a port, 0 to 65531; 0 takes free ones')
}
