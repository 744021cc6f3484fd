import { demoAudience, demoDirectory } from '@gatehouse/simulator'
import type { Config } from '../config/schema/index.ts'

interface Addresses {
  readonly gateway: string
  readonly admin: string
  readonly authority: string
  readonly instance1: string
  readonly instance2: string
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
  return [
    '',
    '  Gatehouse, the demonstration',
    '',
    `  console         ${at.admin}   open this; sign in as anybody below`,
    `  gateway         ${at.gateway}   what programs call`,
    `  sign-in         ${at.authority}   a simulated Entra tenant; tokens are for ${demoAudience}`,
    ...(at.certificate === undefined ? [] : [`  certificate     ${at.certificate}   for NODE_EXTRA_CA_CERTS`]),
    `  instances       ${at.instance1}   dev-openai-instance-1; gpt-4o is provisioned there`,
    `                  ${at.instance2}   dev-openai-instance-2; pool "main" spills over to it`,
    ...(at.feed === undefined ? [] : [`  feed            ${at.feed}   where records are shipped`]),
    `  deployments     ${Object.keys(config.instances['dev-openai-instance-1']?.deployments ?? {}).join(', ')}`,
    '',
    '  who can sign in     what for',
    ...people(),
    '',
    '  Paste in another terminal, in this folder:',
    '',
    ...pasteLines(at, pasteFirst).flatMap(({ title, line }) => [`  # ${title}`, line, '']),
  ].join('\n')
}

function people(): string[] {
  const applications = demoDirectory.applications.filter(one => one.secret !== null)
  return [...demoDirectory.people, ...applications].map(({ name, about }) => `  ${name.padEnd(18)}  ${about}`)
}

interface PasteLine {
  readonly title: string
  readonly line: string
}

/** One line each; a test runs them as printed. */
export function pasteLines(
  { gateway, authority, certificate }: Addresses,
  pasteFirst: string | null,
): readonly PasteLine[] {
  const endpoint = `${gateway}/main/hr-bot`
  const url = `${endpoint}/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21`
  const body = '{"messages":[{"role":"user","content":"How many days of leave do I have?"}]}'
  const node = [
    `import { AzureOpenAI } from 'openai'`,
    `const client = new AzureOpenAI({ endpoint: '${endpoint}', apiKey: process.env.TOKEN, apiVersion: '2024-10-21' })`,
    `const messages = [{ role: 'user', content: 'Draft a mail that welcomes a colleague.' }]`,
    `const stream = await client.chat.completions.create({ model: 'gpt-4o', messages, stream: true })`,
    `for await (const chunk of stream) process.stdout.write(chunk.choices[0]?.delta?.content ?? '')`,
    `console.log()`,
  ].join('; ')
  const python = [
    'import json, os, urllib.request as web',
    `headers = {'Authorization': 'Bearer ' + os.environ['TOKEN'], 'Content-Type': 'application/json'}`,
    `body = json.dumps({'messages': [{'role': 'user', 'content': 'What is parental leave?'}]}).encode()`,
    `answer = json.load(web.urlopen(web.Request('${url}', body, headers)))`,
    `print(answer['choices'][0]['message']['content'])`,
  ].join('; ')
  return [
    ...(pasteFirst === null
      ? []
      : [{ title: 'first: tells the commands where this demonstration keeps its state', line: pasteFirst }]),
    {
      title: 'curl',
      line: `curl -sS '${url}' -H "Authorization: Bearer $(npx gatehouse token --as alice)" -H 'Content-Type: application/json' -d '${body}'`,
    },
    {
      title: "Node: OpenAI's own SDK, streaming; only the endpoint differs",
      line: `TOKEN=$(npx gatehouse token --as alice) npx node --input-type=module -e "${node}"`,
    },
    { title: 'Python', line: `TOKEN=$(npx gatehouse token --as alice) python3 -c "${python}"` },
    ownAudienceLine(url, body),
    ...(certificate === undefined ? [] : [azureIdentityLine(gateway, authority, certificate)]),
    { title: 'what the ledger says', line: 'npx gatehouse usage --by workload,caller' },
    { title: 'what is left of the limits', line: 'npx gatehouse limits' },
    {
      title: 'how the instances fare, and whether one accepts its credential',
      line: 'npx gatehouse instances && npx gatehouse instances probe dev-openai-instance-1',
    },
    {
      title: 'the last calls, and a question of your own',
      line: 'npx gatehouse records list --limit 5 && npx gatehouse chat --as bob "What is a mutex?"',
    },
  ]
}

const finder = demoDirectory.applications.find(one => one.name === 'expert-finder-app')

function finderUrl(gateway: string): string {
  return `${gateway}/main/expert-finder/openai/deployments/gpt-4o-mini/chat/completions?api-version=2024-10-21`
}

/** Such a token lists no groups; the gateway looks them up in the simulated Microsoft Graph. */
function ownAudienceLine(url: string, body: string): PasteLine {
  const token = 'npx gatehouse token --as alice --scope https://ai.azure.com/.default'
  return {
    title: "with a token for Azure's own audience, which lists no groups: the gateway asks Microsoft Graph for them",
    line: `curl -sS '${url}' -H "Authorization: Bearer $(${token})" -H 'Content-Type: application/json' -d '${body}'`,
  }
}

function azureIdentityLine(gateway: string, authority: string, certificate: string): PasteLine {
  const program = [
    `import { ClientSecretCredential } from '@azure/identity'`,
    `const options = { authorityHost: '${authority}', disableInstanceDiscovery: true }`,
    `const credential = new ClientSecretCredential('${demoDirectory.tenantId}', '${finder?.appId}', '${finder?.secret}', options)`,
    `const { token } = await credential.getToken('${demoAudience}/.default')`,
    `const headers = { authorization: 'Bearer ' + token, 'content-type': 'application/json' }`,
    `const body = JSON.stringify({ messages: [{ role: 'user', content: 'Who can explain our pricing model to a customer in Japan?' }] })`,
    `const answer = await fetch('${finderUrl(gateway)}', { method: 'POST', headers, body })`,
    `console.log((await answer.json()).choices[0].message.content)`,
  ].join('; ')
  return {
    title: "Microsoft's own library signs an application in",
    line: `NODE_EXTRA_CA_CERTS=${shellQuoted(certificate)} npx node --input-type=module -e "${program}"`,
  }
}

/** For a POSIX shell. */
export function shellQuoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
}
