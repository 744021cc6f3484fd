/** All commands of the program: a noun per file. Modules that start servers are loaded on demand. */
import { Command } from 'commander'
import { version } from '../version.ts'
import { aboutCommand } from './commands/about.ts'
import { attentionCommand } from './commands/attention.ts'
import { auditCommand } from './commands/audit.ts'
import { chatCommand } from './commands/chat.ts'
import { collectCommand } from './commands/collect.ts'
import { completeCommand, completionCommand } from './commands/completion.ts'
import { configCommand } from './commands/config.ts'
import { connectCommand } from './commands/connect.ts'
import { demoCommand } from './commands/demo.ts'
import { doctorCommand } from './commands/doctor.ts'
import { feedsCommand } from './commands/feeds.ts'
import { instancesCommand } from './commands/instances.ts'
import { ledgerCommand } from './commands/ledger.ts'
import { limitsCommand } from './commands/limits.ts'
import { logCommand } from './commands/log.ts'
import { loginCommand, logoutCommand } from './commands/login.ts'
import { peopleCommand } from './commands/people.ts'
import { pricesCommand } from './commands/prices.ts'
import { queryCommand } from './commands/query.ts'
import { recordsCommand } from './commands/records.ts'
import { serveCommand } from './commands/serve.ts'
import { simulateCommand } from './commands/simulate.ts'
import { smokeCommand } from './commands/smoke.ts'
import { sourcesCommand } from './commands/sources.ts'
import { tokenCommand } from './commands/token.ts'
import { usageCommand } from './commands/usage.ts'
import { whoamiCommand } from './commands/whoami.ts'
import { workloadsCommand } from './commands/workloads.ts'
import { type ContextOptions, createContext, type SignInContext } from './context.ts'
import type { GlobalOptions } from './options.ts'
import { prepareProgram } from './prepare.ts'
import { standardName } from './started.ts'

export interface BuiltProgram {
  readonly program: Command
  readonly context: SignInContext
}

/** The program, ready to parse a command line. @param given as for `createContext`. */
export function buildProgram(given: Omit<ContextOptions, 'options'> = {}): BuiltProgram {
  const program = new Command(standardName)
    .description('The one governed door to Azure OpenAI.')
    .version(version, '-V, --version', 'print the version')
  const context = createContext({ ...given, options: () => program.opts<GlobalOptions>() })
  for (const command of [
    demoCommand(context),
    serveCommand(context),
    collectCommand(context),
    configCommand(context),
    doctorCommand(context),
    loginCommand(context),
    logoutCommand(context),
    tokenCommand(context),
    whoamiCommand(context),
    chatCommand(context),
    connectCommand(context),
    smokeCommand(context),
    attentionCommand(context),
    usageCommand(context),
    recordsCommand(context),
    queryCommand(context),
    workloadsCommand(context),
    peopleCommand(context),
    limitsCommand(context),
    instancesCommand(context),
    feedsCommand(context),
    sourcesCommand(context),
    logCommand(context),
    auditCommand(context),
    ledgerCommand(context),
    pricesCommand(context),
    aboutCommand(context),
    simulateCommand(context),
    completionCommand(context),
  ]) {
    program.addCommand(command)
  }
  program.addCommand(completeCommand(context), { hidden: true })
  prepareProgram(program, context)
  return { program, context }
}
