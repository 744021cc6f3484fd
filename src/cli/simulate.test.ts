import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const main = fileURLToPath(new URL('./main.ts', import.meta.url))

// The lines of docs/simulator.md: whoever tests a client pastes them before anything else.
test('gatehouse simulate takes deployments, models and keys, and lets in nobody else', async t => {
  const options = ['--port', '0', '--key', 'some-key-of-16-characters', '--deployment', 'chat=gpt-4o', 'gpt-4o-mini']
  const child = spawn(process.execPath, [main, 'simulate', ...options, '--json'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.after(async () => {
    child.kill('SIGKILL')
    await ended
  })
  const ended = once(child, 'close')
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string]
  const { url } = JSON.parse(line) as { url: string }
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
