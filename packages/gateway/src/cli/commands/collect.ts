/** `gatehouse collect`: the records of all replicas in one ledger, and its management API, until a signal. */
import { Command } from 'commander'
import { problemLine } from '../../config/messages.ts'
import { startReloading } from '../../house/reloading.ts'
import type { CliContext } from '../context.ts'
import { CliError } from '../errors.ts'
import { listenPorts, startFailure, stopSignal } from '../lifetime.ts'
import { configFileDefault, readConfig } from './config-file.ts'

interface CollectOptions {
  readonly config: string
  readonly watch: boolean
  readonly fromBeginning?: true
}

export function collectCommand(context: CliContext): Command {
  return new Command('collect')
    .description('collect the records of all replicas into one ledger, and answer questions about them')
    .option('-c, --config <file>', 'configuration file with a section collect', configFileDefault)
    .option('--from-beginning', 'read every source from its beginning again; records that are there stay')
    .option('--no-watch', 'reload on SIGHUP only, not when a configuration file changes')
    .addHelpText('after', '\nSIGHUP reloads the configuration. SIGTERM finishes what is being written, then ends.')
    .action(async (options: CollectOptions) => collectFrom(context, options))
}

async function collectFrom(context: CliContext, options: CollectOptions): Promise<void> {
  const stopped = stopSignal()
  const loaded = await readConfig(context, options.config)
  if (loaded.config.collect === undefined) throw gatewaysFile(options.config)
  for (const warning of loaded.warnings) context.stderr.write(`! ${problemLine(warning)}\n`)
  const [{ buildCollector }, { consoleDirectory }, { createLog }] = await Promise.all([
    import('../../house/collector.ts'),
    import('../../house/console-directory.ts'),
    import('../../telemetry/log/open.ts'),
  ])
  const log = createLog(loaded.config.log)
  const fromBeginning = options.fromBeginning === true
  const source = { loaded, env: context.env }
  const parts = { log, fromBeginning, consoleDirectory: consoleDirectory(), source }
  const collector = await buildCollector(loaded.config, parts).catch(error => {
    throw startFailure(error, listenPorts({ 'admin.listen': loaded.config.admin.listen }))
  })
  const reloading = startReloading(collector, loaded, { log, env: context.env, watching: options.watch })
  log.info({ signal: await stopped }, 'stopping')
  reloading.stop()
  await collector.close()
  log.info({}, 'stopped')
  log.close()
}

function gatewaysFile(path: string): CliError {
  return new CliError(
    'config_without_collect',
    `${path} has no section collect, so there is nothing to collect.`,
    'A collector has a configuration of its own: docs/replicas.md.',
    `gatehouse serve --config ${path}`,
  )
}
