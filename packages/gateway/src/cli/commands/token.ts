import { Command } from 'commander'
import type { CliContext } from '../context.ts'
import { jsonText } from '../terminal/printable.ts'

/** `gatehouse token`: prints only an access token on standard output, for `$(...)`. */
export function tokenCommand(context: CliContext): Command {
  return new Command('token')
    .description('print an access token, for scripts')
    .option(
      '--as <name>',
      "a person or application of the demonstration, as alice; or one's own account, as alice@contoso.com",
    )
    .option('--scope <scope>', 'scope to ask for instead of the gateway’s own')
    .addHelpText(
      'after',
      `
The token is the first of these: --as; the managed identity that GATEHOUSE_MANAGED_IDENTITY names (system, or a client id); the application of GATEHOUSE_CLIENT_ID and GATEHOUSE_CLIENT_SECRET, when both are set; the person who signed in with gatehouse login.
A token is renewed when it is near its end: let tools run this command each time. GATEHOUSE_TENANT, GATEHOUSE_AUTHORITY and GATEHOUSE_SCOPE replace what the gateway says of itself. See docs/clients/README.md.`,
    )
    .action(async (options: { readonly as?: string; readonly scope?: string }) => {
      const token = await context.token(options)
      context.stdout.write(context.json ? `${jsonText({ token })}\n` : `${token}\n`)
    })
}
