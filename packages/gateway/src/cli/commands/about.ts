import { Command } from 'commander'
import type { AboutAnswer } from '../../admin/about-schemas.ts'
import type { CliContext } from '../context.ts'
import { askAdmin } from '../reach/admin-client.ts'
import { spoken } from '../terminal/durations.ts'
import { forPeople } from '../terminal/people.ts'
import { jsonText, printableLine } from '../terminal/printable.ts'

/** `gatehouse about`: version, how the running gateway is, what it is made of. */
export function aboutCommand(context: CliContext): Command {
  return new Command('about')
    .summary('version and health of the running gateway, and its licences')
    .description(
      'Version, commit, platform and uptime of the running gateway; for viewers the state of its parts and replicas. ' +
        'With --json also the packages of an installation and their licences.',
    )
    .option('--as <name>', 'read as this account (in the demonstration: carol, unless named)')
    .action(async ({ as }: { readonly as?: string }) => {
      const answer = await askAdmin<AboutAnswer>(context, { path: '/api/v1/about', as })
      context.stdout.write(
        context.json ? `${jsonText(answer, 2)}\n` : forPeople(textOf(answer, context.clock()), context),
      )
    })
}

function textOf({ version, commit, node, platform, startedAtMs, health }: AboutAnswer, nowMs: number): string {
  const since = startedAtMs === null ? '' : `, running for ${spoken(Math.max(0, nowMs - startedAtMs))}`
  const head = `Gatehouse ${version}${commit === null ? '' : ` (${commit})`}, Node.js ${node}, ${platform}${since}\n`
  if (health === null) return head
  const parts = health.parts.map(({ name, state, what, next }) => {
    const said = what === null ? '' : `  ${printableLine(what)}\n    → ${printableLine(next ?? '')}`
    return `${marks[state]} ${names[name]}${said}\n`
  })
  const replicas = health.replicas.map(({ name, version: its, status }) => {
    return `  ${printableLine(name)}  ${its ?? 'version not known'}${status === 'alive' ? '' : '  silent'}\n`
  })
  return `${head}\n${parts.join('')}\nReplicas\n${replicas.join('')}`
}

type State = NonNullable<AboutAnswer['health']>['parts'][number]['state']
const marks: Readonly<Record<State, string>> = { ok: '✓', note: '·', warning: '!', critical: '✗' }

const names = {
  ledger: 'ledger',
  limits: 'limits',
  instances: 'instances',
  feeds: 'feeds',
  sources: 'sources',
  replicas: 'replicas',
  signIn: 'sign-in',
} as const
