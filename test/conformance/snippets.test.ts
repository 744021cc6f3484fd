/**
 * The programs that the console gives people to connect with, run as they are: nothing of them is changed, and the
 * libraries are those that the repository has.
 */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, mock, test } from 'node:test'
import { promisify } from 'node:util'
import {
  type Connection,
  type Sdk,
  snippetOf,
  type TokenSource,
} from '../../packages/console/src/parts/connect/snippets.ts'
import { demoAudience, demoDirectory } from '../../packages/simulator/src/directory.ts'
import { startWorld, type World } from '../support/world.ts'

const gatewayApp = demoDirectory.applications.find(({ name }) => name === 'gatehouse-gateway')
const world = await startWorld(
  { after },
  {
    change(config) {
      const { 'hr-bot': hrBot, ...others } = config.workloads
      assert.ok(hrBot)
      // The identity that Azure's credential chain finds here, as on a machine of Azure.
      const callers = [...hrBot.callers, { app: gatewayApp?.appId ?? '' }]
      return { ...config, workloads: { ...others, 'hr-bot': { ...hrBot, callers } } }
    },
  },
)

// Programs find their libraries from the folder in which they are.
const cache = join(import.meta.dirname, '../../node_modules/.cache')
await mkdir(cache, { recursive: true })
const folder = await mkdtemp(join(cache, 'snippets-'))
after(() => rm(folder, { recursive: true, force: true }))

function connectionTo({ url }: World, deployment: string, token: TokenSource): Connection {
  return { endpoint: `${url}/main/hr-bot`, deployment, model: null, audience: demoAudience, token }
}

/** Runs a program of JavaScript in this process. @returns what it printed. */
async function printed(program: string): Promise<string> {
  const file = join(folder, `${crypto.randomUUID()}.mjs`)
  await writeFile(file, program)
  const log = mock.method(console, 'log', () => {})
  try {
    await import(file)
    return log.mock.calls.map(({ arguments: values }) => values.join(' ')).join('\n')
  } finally {
    log.mock.restore()
  }
}

async function inShell(program: string, environment: Readonly<Record<string, string>>): Promise<string> {
  const env = { PATH: process.env['PATH'], ...environment }
  const { stdout } = await promisify(execFile)('sh', ['-c', `${program}`], { env })
  return stdout
}

async function withVariables<T>(variables: Readonly<Record<string, string>>, work: () => Promise<T>): Promise<T> {
  Object.assign(process.env, variables)
  try {
    return await work()
  } finally {
    for (const name of Object.keys(variables)) delete process.env[name]
  }
}

async function callsOf(): Promise<number> {
  const headers = { authorization: `Bearer ${await world.token('frank')}` }
  const response = await fetch(`${world.house.admin?.url}/api/v1/usage?outcome=completed&workload=hr-bot`, { headers })
  return ((await response.json()) as { readonly total: { readonly calls: number } }).total.calls
}

const programs: readonly Sdk[] = ['Node', 'AI SDK', 'LangChain']

// The first thing that a new user does with the gateway is to paste one of these.
for (const sdk of programs) {
  test(`the program for ${sdk} chats and embeds with a token from a variable`, async () => {
    const before = await callsOf()
    await withVariables({ GATEHOUSE_TOKEN: await world.token('alice') }, async () => {
      const text = await printed(snippetOf(sdk, connectionTo(world, 'gpt-4o', 'variable')))
      assert.match(text, /\w/)
      const length = await printed(snippetOf(sdk, connectionTo(world, 'text-embedding-3-small', 'variable')))
      assert.ok(Number(length) > 100, length)
    })
    assert.equal(await callsOf(), before + 2)
  })

  test(`the program for ${sdk} signs in with Azure's credential chain`, async () => {
    const before = await callsOf()
    await withVariables(world.entra.managedIdentity, async () => {
      assert.match(await printed(snippetOf(sdk, connectionTo(world, 'gpt-4o', 'identity'))), /\w/)
    })
    assert.equal(await callsOf(), before + 1)
  })
}

test('the command for curl chats and embeds with a token from a variable', async () => {
  const environment = { GATEHOUSE_TOKEN: await world.token('alice') }
  const chat = await inShell(snippetOf('curl', connectionTo(world, 'gpt-4o', 'variable')), environment)
  assert.equal((JSON.parse(chat) as { object: string }).object, 'chat.completion')
  const vectors = await inShell(
    snippetOf('curl', connectionTo(world, 'text-embedding-3-small', 'variable')),
    environment,
  )
  assert.equal((JSON.parse(vectors) as { object: string }).object, 'list')
})

test('the command for curl takes its token from the Azure CLI', async () => {
  const program = snippetOf('curl', connectionTo(world, 'gpt-4o', 'identity'))
  // A command of this name, which prints what the Azure CLI would print for the arguments.
  const az = join(folder, 'az')
  const wanted = `account get-access-token --scope ${demoAudience}/.default --query accessToken --output tsv`
  await writeFile(az, `#!/bin/sh\n[ "$*" = "${wanted}" ] && echo "${await world.token('alice')}"\n`, { mode: 0o755 })
  const answer = await inShell(program, { PATH: `${folder}:${process.env['PATH']}` })
  assert.equal((JSON.parse(answer) as { object: string }).object, 'chat.completion')
})
