import assert from 'node:assert/strict'
import { test } from 'node:test'
import { answerOf, type Message } from './messages.ts'
import { obstacleTo } from './obstacle.ts'
import { noTexts, settingsOf } from './settings.ts'

const asked = [{ workload: 'hr-bot', target: 'main', deployment: 'gpt-4o', settings: settingsOf({}) }]
const question = (text: string, images: readonly string[] = []): Message => ({ role: 'user', text, images })
const next = (messages: readonly Message[], texts = noTexts) =>
  obstacleTo({ asked, sides: [messages], texts, bodyBytesMax: 10_000 })

test('a conversation that is too long, or texts with a fault, are named before they are sent', () => {
  assert.equal(next([question('Hello')]), null)
  assert.equal(next([question('x'.repeat(9_000))]), null)
  assert.deepEqual(next([question('\u20ac'.repeat(4_000))]), { kind: 'length' })
  assert.deepEqual(next([question('Look', ['data:image/png;base64,'.padEnd(11_000, 'A')])]), { kind: 'length' })
  assert.deepEqual(next([question('Hello')], { ...noTexts, tools: '{' }), {
    kind: 'fault',
    where: 'tools',
    fault: 'json',
  })
})

test('nothing else is sent while the model waits for the results of its tools', () => {
  const calls = [{ id: 'a', name: 'f', input: '{}' }]
  assert.deepEqual(next([question('Hello'), { ...answerOf('gpt-4o'), state: 'done', calls }, question('And?')]), {
    kind: 'results',
  })
})
