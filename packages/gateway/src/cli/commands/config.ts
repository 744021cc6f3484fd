/** `gatehouse config`: a configuration before it is used, and the one that a running gateway uses. */
import { Command } from 'commander'
import type { CliContext } from '../context.ts'
import { checkCommand } from './config-check.ts'
import { type Explain, explainCommand } from './config-explain.ts'
import { configFileDefault } from './config-file.ts'
import { initCommand } from './config-init.ts'
import { applyCommand, historyCommand, showCommand } from './config-running.ts'
import { schemaCommand } from './config-schema.ts'
import { tryCommand } from './config-try.ts'

/** @param explain Default: the data plane's own. */
export function configCommand(context: CliContext, explain: Explain | null = null): Command {
  return new Command('config')
    .description('check, write and explain a configuration; show and change that of a running gateway')
    .addCommand(checkCommand(context))
    .addCommand(initCommand(context))
    .addCommand(schemaCommand(context))
    .addCommand(explainCommand(context, explain))
    .addCommand(tryCommand(context, configFileDefault))
    .addCommand(showCommand(context))
    .addCommand(historyCommand(context))
    .addCommand(applyCommand(context))
}
