import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'

const main = fileURLToPath(new URL('../main.ts', import.meta.url))

async function simulate(t: TestContext, options: readonly string[]) {
  const child = spawn(process.execPath, [main, 'simulate', ...options, '--json'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(child, 'close')
  t.after(async () => {
    child.kill('SIGKILL')
    await ended
  })
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string]
  return { child, ended, url: (JSON.parse(line) as { url: string }).url }
}

// The commands of docs/simulator.md, which a tester pastes first.
test('gatehouse simulate takes deployments, models and keys, and rejects every other key', async t => {
  const options = ['--port', '0', '--key', 'some-key-of-16-characters', '--deployment', 'chat=gpt-4o', 'gpt-4o-mini']
  const { child, ended, url } = await simulate(t, options)
  const ask = async (deployment: string, key: string): Promise<Response> =>
    fetch(`${url}/openai/deployments/${deployment}/chat/completions?api-version=2024-10-21`, {
      method: 'POST',
      headers: { 'api-key': key, 'content-type': 'application/json' },
      body: '{"messages":[{"role":"user","content":"What is a mutex?"}]}',
    })
  const answer = await ask('chat', 'some-key-of-16-characters')
  assert.equal(answer.status, 200)
  assert.match(((await answer.json()) as { model: string }).model, /^gpt-4o-\d/)
  assert.equal((await ask('gpt-4o-mini', 'some-key-of-16-characters')).status, 200)
  assert.equal((await ask('gpt-4o', 'some-key-of-16-characters')).status, 404)
  assert.equal((await ask('chat', 'another-key-of-no-value')).status, 401)
  child.kill('SIGTERM')
  await ended
  assert.equal(child.exitCode, 0)
})

// Limits of provisioned capacity can be tried here before paying for it.
test('gatehouse simulate runs a provisioned deployment that spills over, under the given names', async t => {
  const deployments = ['--deployment', 'ptu=gpt-4o', 'gpt-4o']
  const options = [
    '--port',
    '0',
    ...deployments,
    '--provisioned',
    'ptu',
    '--tokens-per-minute',
    '60',
    '--spillover',
    'gpt-4o',
  ]
  const { url } = await simulate(t, options)
  const served: (string | null)[] = []
  for (let round = 0; round < 2; round += 1) {
    const { headers } = await fetch(`${url}/openai/deployments/ptu/chat/completions?api-version=2024-10-21`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"messages":[{"role":"user","content":"What is a mutex? And explain at length what a semaphore is for."}]}',
    })
    served.push(headers.get('x-ms-deployment-name'), headers.get('x-ms-spillover-from-deployment'))
  }
  assert.deepEqual(served, ['ptu', null, 'gpt-4o', 'ptu'])
  const wrong = spawn(process.execPath, [main, 'simulate', ...deployments, '--spillover', 'gpt'])
  t.after(() => wrong.kill('SIGKILL'))
  const wrongEnded = once(wrong, 'close')
  let said = ''
  for await (const chunk of wrong.stderr) said += String(chunk)
  assert.match(said, /^✗ usage {2}--spillover: "gpt" is not a deployment of the instance\.\n {2}It has ptu, gpt-4o\.\n/)
  assert.match(said, /\n {2}Try: gatehouse simulate --deployment gpt=gpt-4o --spillover gpt\n$/)
  await wrongEnded
  assert.equal(wrong.exitCode, 2)
})

// Silence while a model thinks, and refusals of other makers' models, are what time limits and gateways are tried
// against.
test('gatehouse simulate gives resets in milliseconds, and refuses stream_options on request', async t => {
  const named = ['--deployment', 'mistral', 'gpt-5', '--refuse-stream-options', 'mistral']
  const speeds = [
    '--rate-limit-resets',
    'milliseconds',
    '--requests-per-minute',
    '120',
    '--reasoning-tokens-per-second',
    '100000',
  ]
  const { url } = await simulate(t, ['--port', '0', ...named, ...speeds])
  const ask = (model: string): Promise<Response> =>
    fetch(`${url}/openai/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: `{"model":"${model}","messages":[{"role":"user","content":"Hi"}],"stream":true,"stream_options":{"include_usage":true}}`,
    })
  assert.equal((await ask('mistral')).status, 422)
  const answer = await ask('gpt-5')
  assert.equal(answer.status, 200)
  assert.match(answer.headers.get('x-ratelimit-reset-requests') ?? '', /^[1-9]\d\d$/)
  assert.match(await answer.text(), /"reasoning_tokens":[1-9]/)
})
