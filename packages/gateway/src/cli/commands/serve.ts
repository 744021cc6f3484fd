/** `gatehouse serve`: the gateway and its management API, from a configuration file, until a signal. */
import { Command } from 'commander'
import type { Config } from '../../config/schema/index.ts'
import { startReloading } from '../../house/reloading.ts'
import type { CliContext } from '../context.ts'
import { CliError } from '../errors.ts'
import { listenPorts, startFailure, stopSignal } from '../lifetime.ts'
import { configFileDefault, readConfig } from './config-file.ts'

interface ServeOptions {
  readonly config: string
  readonly watch: boolean
}

export function serveCommand(context: CliContext): Command {
  return new Command('serve')
    .description('run the gateway from a configuration file')
    .option('-c, --config <file>', 'configuration file', configFileDefault)
    .option('--no-watch', 'reload on SIGHUP only, not when a configuration file changes')
    .addHelpText('after', '\nSIGHUP reloads the configuration. SIGTERM finishes what is in flight, then ends.')
    .action(async (options: ServeOptions) => serveFrom(context, options))
}

async function serveFrom(context: CliContext, options: ServeOptions): Promise<void> {
  const stopped = stopSignal()
  const loaded = await readConfig(context, options.config)
  if (loaded.config.collect !== undefined) throw collectorsFile(options.config)
  const [{ buildHouse }, { Connections }, { consoleDirectory }, { createLog }] = await Promise.all([
    import('../../house/open.ts'),
    import('../../doctor/connections.ts'),
    import('../../house/console-directory.ts'),
    import('../../telemetry/log/open.ts'),
  ])
  const log = createLog(loaded.config.log)
  const ledgerLost = (directory: string): void => {
    // At once: what is written from now on is in no ledger.
    context.stderr.write(
      `✗ ledger_lost  Another replica has taken the ledger in ${directory}.\n  This process showed no sign of life for 20 s. Start it again: it takes a free directory.\n`,
    )
    process.exit(1)
  }
  const source = { loaded, env: context.env }
  let connections: InstanceType<typeof Connections> | null = null
  const taken = (config: Config): void => connections?.use(config)
  const parts = { log, ledgerLost, taken, consoleDirectory: consoleDirectory(), source }
  const house = await buildHouse(loaded.config, parts).catch(error => {
    const { gateway, admin } = loaded.config
    throw startFailure(error, listenPorts({ 'gateway.listen': gateway.listen, 'admin.listen': admin.listen }))
  })
  // In the background: the gateway takes calls meanwhile.
  connections = new Connections({ house, loaded, log })
  const reloading = startReloading(house, loaded, { log, env: context.env, watching: options.watch })
  log.info({ signal: await stopped, inFlight: house.gateway.inFlight }, 'stopping')
  reloading.stop()
  connections.stop()
  await house.close()
  log.info({}, 'stopped')
  log.close()
}

function collectorsFile(path: string): CliError {
  return new CliError(
    'config_of_collector',
    `${path} is the configuration of a collector: it has a section collect.`,
    'A collector serves no calls; a gateway has a configuration and a ledger of its own.',
    `gatehouse collect --config ${path}`,
  )
}
