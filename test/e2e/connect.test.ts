/** `gatehouse connect` as a user starts it: a process between a tool and a gateway. */
import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { constants } from 'node:os'
import { after, test } from 'node:test'
import OpenAI from 'openai'
import { startClientWorld } from '../support/client-pages.ts'
import { connect as connectIn, finished, folderOf, printed, type Run } from '../support/connected.ts'

const world = await startClientWorld({ after })
const folder = await folderOf(world)
const connect = (args: readonly string[], more: Readonly<Record<string, string>> = {}): Run =>
  connectIn({ after }, folder, ['connect', ...args], more)

const ownNode = (program: string): readonly string[] => [process.execPath, '--input-type=module', '--eval', program]
const hrBot = ['--as', 'alice', '--workload', 'hr-bot'] as const

test('a program that knows only a base URL and a key calls as its user, in both families, and its exit code is passed on', async () => {
  const library = JSON.stringify(import.meta.resolve('openai'))
  const program = `
    const { default: OpenAI, AzureOpenAI } = await import(${library})
    const messages = [{ role: 'user', content: 'How do I hand in a sick note?' }]
    const stream = await new OpenAI().chat.completions.create({ model: 'gpt-4o', stream: true, messages })
    let pieces = 0
    for await (const piece of stream) pieces += 1
    delete process.env.OPENAI_BASE_URL
    const answer = await new AzureOpenAI().chat.completions.create({ model: 'gpt-4o', messages })
    console.log(pieces > 3, answer.object, process.env.GATEHOUSE_CLIENT_SECRET)
    process.exit(7)`
  const run = connect([...hrBot, '--', ...ownNode(program)])
  assert.equal(await finished(run), 7, run.err())
  assert.equal(run.out(), 'true chat.completion undefined\n')
})

test('with --target, calls go to that instance', async () => {
  const before = world.two.bill().length
  const program = `
    const { default: OpenAI } = await import(${JSON.stringify(import.meta.resolve('openai'))})
    await new OpenAI().embeddings.create({ model: 'text-embedding-3-small', input: 'a' })`
  const run = connect([...hrBot, '--target', 'dev-openai-instance-2', '--', ...ownNode(program)])
  assert.equal(await finished(run), 0, run.err())
  assert.equal(world.two.bill().length, before + 1)
})

test('a signal is passed on to the program, and the code says which one ended it', async () => {
  const run = connect([...hrBot, '--', ...ownNode("console.log('up'); setInterval(() => {}, 1e6)")])
  await printed(run, /up/)
  run.child.kill('SIGTERM')
  assert.equal(await finished(run), 128 + constants.signals.SIGTERM)
  const ends = "process.on('SIGINT', () => process.exit(3)); console.log('up'); setInterval(() => {}, 1e6)"
  const caught = connect([...hrBot, '--', ...ownNode(ends)])
  await printed(caught, /up/)
  caught.child.kill('SIGINT')
  assert.equal(await finished(caught), 3)
})

test('a program that is not there, a workload that the caller may not use, and a target without a workload are said', async () => {
  const absent = connect([...hrBot, '--', 'no-such-program-of-gatehouse'])
  assert.equal(await finished(absent), 1)
  assert.match(absent.err(), /✗ command_not_started {2}no-such-program-of-gatehouse was not started/)
  const foreign = connect(['--as', 'dave', '--workload', 'hr-bot', '--', 'true'])
  assert.equal(await finished(foreign), 1)
  assert.match(foreign.err(), /✗ caller_not_bound/)
  const targeted = connect(['--target', 'main'])
  assert.equal(await finished(targeted), 2)
  assert.match(targeted.err(), /✗ workload_needed/)
})

// A key that is found tomorrow in a file or in a shell's history must open nothing.
test('without a program it prints what to paste, and the key ends with the process and is in no file', async () => {
  const run = connect([...hrBot, '--port', '0', '--json'])
  const text = await printed(run, /^\{.*\}\n/)
  const shown = JSON.parse(text) as { baseUrl: string; key: string; account: string; models: string[] }
  assert.equal(shown.account, 'alice@contoso.example')
  assert.deepEqual(shown.models.toSorted(), ['gpt-4o', 'gpt-4o-mini', 'text-embedding-3-small'])
  const client = new OpenAI({ baseURL: shown.baseUrl, apiKey: shown.key, maxRetries: 0 })
  const answer = await client.chat.completions.create({
    model: 'gpt-4o',
    messages: [{ role: 'user', content: 'Hello' }],
  })
  assert.equal(answer.object, 'chat.completion')
  run.child.kill('SIGTERM')
  assert.equal(await finished(run), 0, run.err())
  await assert.rejects(client.models.list(), OpenAI.APIConnectionError)
  assert.equal(run.err().includes(shown.key), false)
  const files = (await readdir(folder, { recursive: true, withFileTypes: true })).filter(entry => entry.isFile())
  assert.deepEqual(
    files.map(({ name }) => name),
    ['demo.json'],
  )
})

test('what is printed for people has the key where each tool wants it, and fits into 80 columns', async () => {
  const run = connect([...hrBot, '--port', '0'])
  const text = await printed(run, /[\s\S]*docs\/clients\/README\.md\n/)
  const key = /^export OPENAI_API_KEY=(sk-gatehouse-\S{43})$/m.exec(text)?.[1] ?? ''
  assert.equal(text.split(key).length, 5)
  const long = text.split('\n').filter(line => line.length > 80 && !line.includes(key))
  assert.deepEqual(long, [])
  run.child.kill('SIGINT')
  assert.equal(await finished(run), 0)
})

test('a machine with a managed identity needs no sign-in of a person and no secret', async () => {
  const identity = { ...world.entra.managedIdentity, GATEHOUSE_MANAGED_IDENTITY: 'system' }
  const args = ['connect', '--workload', 'hr-bot', '--', ...ownNode('process.exit(5)')]
  const run = connectIn({ after }, folder, args, identity)
  assert.equal(await finished(run), 1)
  assert.match(run.err(), /✗ gateway_unknown[\s\S]*GATEHOUSE_MANAGED_IDENTITY/)
  const named = connectIn({ after }, folder, ['--gateway', world.url, ...args], identity)
  assert.equal(await finished(named), 5, named.err())
})
