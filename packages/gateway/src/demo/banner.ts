import { demoAudience, demoDirectory } from '@gatehouse/simulator'
import type { Config } from '../config/schema/index.ts'
import { shellQuoted } from '../shell.ts'

interface Addresses {
  readonly gateway: string
  readonly admin: string
  readonly authority: string
  readonly instance1: string
  readonly instance2: string
  /** Path of the file with the gateway's log. */
  readonly log: string
  /** Path of the sign-in service's TLS certificate; absent without TLS. */
  readonly certificate?: string
  /** Where the feed ships records; absent without one. */
  readonly feed?: string
}

/**
 * The banner: addresses, people and their rights, and commands that work when pasted unchanged. The console serves the
 * management API too.
 * @param pasteFirst Command that makes later commands find this demonstration; null where they find it anyway.
 */
export function demoBanner(at: Addresses, config: Config, pasteFirst: string | null): string {
  // One column for what each is: the usual path of the log fits, a longer one stands out.
  const values = [at.gateway, at.admin, at.authority, at.instance1, at.instance2, at.log]
  const width = Math.max(...values.map(({ length }) => length).filter(length => length <= 24))
  const shown = (value: string): string => value.padEnd(width)
  return [
    '',
    '  Gatehouse, the demonstration',
    '',
    `  console         ${shown(at.admin)}   open this; sign in as anybody below`,
    `  gateway         ${shown(at.gateway)}   what programs call`,
    `  sign-in         ${shown(at.authority)}   a simulated Entra tenant; tokens are for ${demoAudience}`,
    ...(at.certificate === undefined ? [] : [`  certificate     ${at.certificate}   for NODE_EXTRA_CA_CERTS`]),
    `  instances       ${shown(at.instance1)}   dev-openai-instance-1; gpt-4o is provisioned there`,
    `                  ${shown(at.instance2)}   dev-openai-instance-2; pool "main" spills over to it`,
    `  log             ${shown(at.log)}   what the gateway refused, and what went wrong`,
    ...(at.feed === undefined ? [] : [`  feed            ${at.feed}   where records are shipped`]),
    `  deployments     ${Object.keys(config.instances['dev-openai-instance-1']?.deployments ?? {}).join(', ')}`,
    '',
    '  who can sign in     what for',
    ...people(),
    '',
    '  Paste in another terminal, in this folder:',
    '',
    ...pasteLines(at, pasteFirst).flatMap(({ title, line }) => [`  # ${title}`, line, '']),
    '  Next: your own Azure, docs/deploy.md; your own programs, docs/clients/README.md;',
    '  figures and audits, docs/reports.md. All pages: docs/README.md.',
    '',
  ].join('\n')
}

function people(): string[] {
  const applications = demoDirectory.applications.filter(one => one.secret !== null)
  return [...demoDirectory.people, ...applications].map(({ name, about }) => `  ${name.padEnd(18)}  ${about}`)
}

interface PasteLine {
  readonly title: string
  /** Commands for a shell; `\\` at the end of a line continues it. */
  readonly line: string
}

/** A test runs them as printed. */
export function pasteLines(
  { gateway, authority, certificate }: Addresses,
  pasteFirst: string | null,
): readonly PasteLine[] {
  const endpoint = `${gateway}/main/hr-bot`
  const curl = [
    `curl -sS ${endpoint}/openai/v1/chat/completions`,
    `-H "Authorization: Bearer $(./gatehouse token --as alice)"`,
    `-H 'Content-Type: application/json'`,
    `-d '{"model":"gpt-4o","messages":[{"role":"user","content":"How many days of leave do I have?"}]}'`,
  ]
  return [
    ...(pasteFirst === null
      ? []
      : [{ title: 'first: tells the commands where this demonstration keeps its state', line: pasteFirst }]),
    { title: 'a question', line: './gatehouse chat --as bob "What is a mutex?"' },
    { title: 'the same with curl', line: curl.join(' \\\n  ') },
    {
      title: 'a program of yours: only the endpoint differs (examples/ has more)',
      line: `TOKEN=$(./gatehouse token --as alice) node examples/stream.mjs ${endpoint}`,
    },
    ...(certificate === undefined ? [] : [signInLine(gateway, authority, certificate)]),
    {
      title: 'who used what, and what is left of the limits',
      line: './gatehouse usage --by workload,caller\n./gatehouse limits',
    },
    {
      title: 'the instances, and whether one accepts its credential',
      line: './gatehouse instances\n./gatehouse instances probe dev-openai-instance-1',
    },
    { title: 'the last calls', line: './gatehouse records list --limit 5' },
  ]
}

const finder = demoDirectory.applications.find(one => one.name === 'expert-finder-app')

function signInLine(gateway: string, authority: string, certificate: string): PasteLine {
  const line = [
    `NODE_EXTRA_CA_CERTS=${shellQuoted(certificate)}`,
    `AZURE_TENANT_ID=${demoDirectory.tenantId}`,
    `AZURE_CLIENT_ID=${finder?.appId}`,
    `AZURE_CLIENT_SECRET=${shellQuoted(finder?.secret ?? '')}`,
    `node examples/sign-in.mjs ${gateway}/main/expert-finder`,
    `${demoAudience} ${authority}`,
  ]
  return { title: "an application that signs in with Microsoft's own library", line: line.join(' \\\n  ') }
}
