/** The `gatehouse` command: a noun per file. What starts servers is loaded only when it is asked for. */
import { Command } from 'commander'
import { version } from '../version.ts'
import { chatCommand } from './chat.ts'
import { configCommand } from './config.ts'
import { createContext, type GlobalOptions, prepareProgram } from './context.ts'
import { demoCommand } from './demo.ts'
import { reportError } from './errors.ts'
import { instancesCommand } from './instances.ts'
import { limitsCommand } from './limits.ts'
import { loginCommand, logoutCommand } from './login.ts'
import { pricesCommand } from './prices.ts'
import { recordsCommand } from './records.ts'
import { serveCommand } from './serve.ts'
import { simulateCommand } from './simulate.ts'
import { tokenCommand } from './token.ts'
import { usageCommand } from './usage.ts'
import { whoamiCommand } from './whoami.ts'

const program = new Command('gatehouse')
  .description('The one governed door to Azure OpenAI.')
  .version(version, '-V, --version')
const context = createContext({ options: () => program.opts<GlobalOptions>() })

for (const command of [
  demoCommand(context),
  serveCommand(context),
  configCommand(context),
  loginCommand(context),
  logoutCommand(context),
  tokenCommand(context),
  whoamiCommand(context),
  chatCommand(context),
  usageCommand(context),
  recordsCommand(context),
  limitsCommand(context),
  instancesCommand(context),
  pricesCommand(context),
  simulateCommand(context),
]) {
  program.addCommand(command)
}
prepareProgram(program)

// A pipe that closes early (`gatehouse records list | head`) is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
  process.exit(0)
})

try {
  await program.parseAsync()
} catch (error) {
  const debug = process.env['GATEHOUSE_DEBUG'] === '1'
  process.exitCode = reportError(error, { json: context.json, stderr: process.stderr, debug })
}
