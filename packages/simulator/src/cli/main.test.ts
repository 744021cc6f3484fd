import assert from 'node:assert/strict'
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { type TestContext, test } from 'node:test'
import OpenAI, { AuthenticationError, AzureOpenAI, RateLimitError } from 'openai'
import { temporaryDirectory } from '../../../../test/support/directory.ts'
import { isRecord, type JsonRecord, listOf, textOf } from '../json.ts'
import { reportError } from './errors.ts'
import { helpText } from './help.ts'
import { optionRows, readArguments } from './options.ts'
import { start } from './start.ts'

const main = join(import.meta.dirname, 'main.ts')
const messages = [{ role: 'user' as const, content: 'How many days of leave do I have?' }]

/** Starts the command and reads the first `lines` lines of its output. */
async function started(t: TestContext, args: readonly string[], lines = 1) {
  const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  t.after(() => child.kill('SIGKILL'))
  const output: string[] = []
  for await (const line of createInterface({ input: child.stdout })) if (output.push(line) >= lines) break
  return { child, output }
}

async function startedAsJson(t: TestContext, args: readonly string[]): Promise<JsonRecord & { child: ChildProcess }> {
  const { child, output } = await started(t, [...args, '--json'])
  const value: unknown = JSON.parse(output[0] ?? '')
  assert.ok(isRecord(value))
  return { ...value, child }
}

function addresses(value: JsonRecord): string[] {
  return listOf(value.azure).map(each => textOf(isRecord(each) ? each.url : null))
}

async function exitCode(child: ChildProcess, signal: NodeJS.Signals): Promise<unknown> {
  const exited = once(child, 'exit')
  child.kill(signal)
  return (await exited)[0]
}

function failure(args: readonly string[]): { readonly status: number | null; readonly stderr: string } {
  return spawnSync(process.execPath, [main, ...args], { encoding: 'utf8', timeout: 60_000 })
}

/** Same as `failure`, but in this process. Nothing is started: all of these fail before. */
async function failureHere(args: readonly string[]): Promise<{ readonly status: number; readonly stderr: string }> {
  let stderr = ''
  const write = (text: string): unknown => (stderr += text)
  try {
    await start(readArguments(args))
  } catch (error) {
    return { status: reportError(error, args.includes('--json'), { write }), stderr }
  }
  throw new Error(`${args.join(' ')} started`)
}

test('the unmodified client of OpenAI calls an instance by the dated API and by v1, and the bill has both calls', async t => {
  const running = await startedAsJson(t, ['azure', '--port', '0', '--key', 'key-of-the-test', '--seed', '7'])
  const [url = ''] = addresses(running)
  const dated = new AzureOpenAI({ endpoint: url, apiKey: 'key-of-the-test', apiVersion: '2024-10-21' })
  const v1 = new OpenAI({ baseURL: `${url}/openai/v1`, apiKey: 'key-of-the-test' })
  const answers = [dated, v1].map(client => client.chat.completions.create({ model: 'gpt-4o', messages }))
  const [first, second] = await Promise.all(answers)
  assert.match(first?.choices[0]?.message.content ?? '', /28 days/)
  assert.ok((first?.usage?.completion_tokens ?? 0) > 0)
  const bill: unknown = await (await fetch(`${url}/_simulator/bill`)).json()
  assert.deepEqual(
    listOf(bill).map(line => isRecord(line) && line.completionTokens),
    [first?.usage?.completion_tokens, second?.usage?.completion_tokens],
  )
  const wrong = new AzureOpenAI({ endpoint: url, apiKey: 'another', apiVersion: '2024-10-21', maxRetries: 0 })
  await assert.rejects(wrong.chat.completions.create({ model: 'gpt-4o', messages }), AuthenticationError)
})

test('the printed line for Node runs as it is, and SIGTERM ends the command with 0', async t => {
  const { child, output } = await started(t, ['azure', '--port', '0', '--deployment', 'chat=gpt-4o'], 8)
  const line = output.find(each => each.startsWith('node ')) ?? ''
  assert.match(line, /model: 'chat'/)
  const environment = { ...process.env, PATH: `${join(process.execPath, '..')}:${process.env.PATH}` }
  const said = execFileSync('sh', ['-c', line], { encoding: 'utf8', env: environment })
  assert.match(said, /mutex/i)
  assert.equal(await exitCode(child, 'SIGTERM'), 0)
})

test('an instance that is started with the tenant accepts its tokens and nothing else, and SIGINT ends both with 0', async t => {
  const running = await startedAsJson(t, ['azure', 'entra', '--port', '0', '--entra-port', '0'])
  const { entra } = running
  assert.ok(isRecord(entra))
  const [application] = listOf(entra.applications).filter(each => isRecord(each) && typeof each.secret === 'string')
  assert.ok(isRecord(application))
  const answer = await fetch(`${textOf(entra.url)}/${textOf(entra.tenantId)}/oauth2/v2.0/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: textOf(application.appId),
      client_secret: textOf(application.secret),
      scope: 'https://cognitiveservices.azure.com/.default',
    }),
  })
  const token: unknown = await answer.json()
  assert.ok(isRecord(token))
  const [endpoint = ''] = addresses(running)
  const options = { endpoint, apiVersion: '2024-10-21', maxRetries: 0 }
  const client = new AzureOpenAI({ ...options, azureADTokenProvider: async () => textOf(token.access_token) })
  const { usage } = await client.chat.completions.create({ model: 'gpt-4o', messages })
  assert.ok((usage?.total_tokens ?? 0) > 0)
  const other = new AzureOpenAI({ ...options, apiKey: 'any' })
  await assert.rejects(other.chat.completions.create({ model: 'gpt-4o', messages }), AuthenticationError)
  assert.equal(await exitCode(running.child, 'SIGINT'), 0)
})

test('the printed lines for a token, Node and Python name the tenant, the instance and its deployment', async t => {
  const { output } = await started(t, ['azure', 'entra', '--port', '0', '--entra-port', '0'], 15)
  const text = output.join('\n')
  const [, instance = '', tenant = ''] = /answers on (http:\S+), [\s\S]* answers on (http:\S+)/.exec(text) ?? []
  const [token = '', node = '', python = ''] = output.filter(line => /^(?:export|node|python3) /.test(line))
  assert.ok(token.includes(`${tenant}/`) && node.includes(instance) && python.includes(instance))
  const environment = { ...process.env, PATH: `${join(process.execPath, '..')}:${process.env.PATH}` }
  const said = execFileSync('sh', ['-c', `${token}\n${node}`], { encoding: 'utf8', env: environment })
  assert.match(said, /mutex/i)
  // Python compiles the line. Its client need not be installed here.
  const [, program = ''] = /^python3 -c "(.*)"$/.exec(python) ?? []
  const compiled = spawnSync('python3', ['-c', 'import sys; compile(sys.argv[1], "line", "exec")', program])
  assert.ok(compiled.error !== undefined || compiled.status === 0, String(compiled.stderr))
})

test('several instances have numbered names, and limits of their own', async t => {
  const args = ['azure', '--instances', '2', '--port', '0', '--deployment', 'gpt-4o', '--tokens-per-minute', '100']
  const running = await startedAsJson(t, args)
  assert.deepEqual(
    listOf(running.azure).map(each => isRecord(each) && each.name),
    ['simulated-instance-1', 'simulated-instance-2'],
  )
  const call = (endpoint: string) =>
    new AzureOpenAI({ endpoint, apiKey: 'any', apiVersion: '2024-10-21', maxRetries: 0 }).chat.completions.create({
      model: 'gpt-4o',
      messages,
      max_tokens: 60,
    })
  const [first = '', second = ''] = addresses(running)
  await call(first)
  await assert.rejects(call(first), RateLimitError)
  await call(second)
})

test('with --tls-certificate the tenant speaks TLS, and the instances trust it', async t => {
  const folder = temporaryDirectory('simulator-cli')
  const file = join(folder, 'tenant.pem')
  const args = ['azure', 'entra', '--port', '0', '--entra-port', '0', '--tls-certificate', file]
  const { output } = await started(t, args, 15)
  assert.match(readFileSync(file, 'utf8'), /BEGIN CERTIFICATE/)
  assert.match(output.join('\n'), /answers on https:\/\/127/)
  const lines = output.filter(line => /^(?:export|node) /.test(line))
  const environment = { ...process.env, PATH: `${join(process.execPath, '..')}:${process.env.PATH}` }
  assert.match(execFileSync('sh', ['-c', lines.join('\n')], { encoding: 'utf8', env: environment }), /mutex/i)
})

test('a port that is taken is an error in three lines with exit code 1', async t => {
  const server = createServer().listen(0, '127.0.0.1')
  t.after(() => server.close())
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : null
  const { status, stderr } = failure(['entra', '--entra-port', String(port)])
  assert.equal(status, 1)
  assert.match(
    stderr,
    /^✗ port_taken {2}Port \d+ on 127\.0\.0\.1 is taken\.\n {2}Another .*\n {2}Try: gatehouse-simulator entra --entra-port \d+\n$/,
  )
})

test('a file that cannot be written is an error with exit code 1', async () => {
  const args = ['entra', '--entra-port', '0', '--tls-certificate', join(import.meta.dirname, 'nowhere', 'tenant.pem')]
  const { status, stderr } = await failureHere(args)
  assert.equal(status, 1)
  assert.match(stderr, /^✗ file_refused {2}.*tenant\.pem cannot be used\.\n {2}.*\n {2}Try: another path\n$/)
})

test('a wrong command line is an error in three lines, or one JSON object, with exit code 2', async () => {
  const wrong = [
    [],
    ['gcp'],
    ['azure', '--prot', '1'],
    ['azure', '--port', '70000'],
    ['azure', '--port'],
    ['azure', '--jitter', '2'],
    ['azure', '--filter', 'none'],
    ['azure', '--deployment', '=gpt-4o'],
    ['azure', '--spillover', 'nowhere'],
    ['azure', '--entra-port', '0'],
    ['entra', '--seed', '1'],
    ['azure', '--port', '65535', '--instances', '2'],
  ]
  for (const args of wrong) {
    const { status, stderr } = await failureHere(args)
    assert.equal(status, 2, args.join(' '))
    assert.match(stderr, /^✗ usage {2}.+\n(?: {2}.+\n)? {2}Try: gatehouse-simulator .+\n$/, args.join(' '))
  }
  const { status, stderr } = failure(['azure', '--port', 'x', '--json'])
  assert.equal(status, 2)
  assert.deepEqual(JSON.parse(stderr), {
    error: {
      code: 'usage',
      what: '--port is "x".',
      why: 'It takes a whole number from 0 to 65535.',
      next: 'gatehouse-simulator --help',
    },
  })
})

test('the help names every option and every service', () => {
  const text = helpText()
  for (const name of Object.keys(optionRows)) assert.ok(text.includes(`--${name}`), name)
  for (const line of text.split('\n')) assert.ok(line.length <= 160, line)
  assert.equal(execFileSync(process.execPath, [main, '--help'], { encoding: 'utf8' }), text)
  assert.match(execFileSync(process.execPath, [main, '-V'], { encoding: 'utf8' }), /^\d+\.\d+\.\d+\n$/)
})
