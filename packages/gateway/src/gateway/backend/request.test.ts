import assert from 'node:assert/strict'
import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { test } from 'node:test'
import fc from 'fast-check'
import { backends } from '../../wire/backends.ts'
import { findRoute } from '../stages/1-resolve/route.ts'
import { factsOfForm } from '../stages/4-receive/form.ts'
import { bodyWith } from './request.ts'

const backend = backends['azure-openai']
const req = new IncomingMessage(new Socket())

test('an alias replaces only the deployment in the path', () => {
  const route = findRoute('POST', '/main/hr-bot/openai/deployments/gpt%204o/chat/completions?api-version=2024-10-21')
  const path = backend.path(route.address, 'a/b')
  assert.equal(path, '/openai/deployments/a%2Fb/chat/completions?api-version=2024-10-21')
  const v1 = findRoute('POST', '/main/hr-bot/openai/v1/chat/completions')
  assert.equal(backend.path(v1.address, 'other'), '/openai/v1/chat/completions')
})

// Everything else in a body must reach the instance as it came.
test('an alias replaces the model in the body, and every other member is unchanged', () => {
  const name = fc.string({ minLength: 1, maxLength: 64 })
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), name, name, (more, model, alias) => {
      const document = { ...more, model }
      const send = Buffer.from(JSON.stringify(document))
      const body = bodyWith(
        alias,
        {
          send,
          json: { body: send, scan: { openEnd: 1, empty: false, members: new Map() }, named: [] },
          modelAt: null,
        },
        req,
      )
      assert.deepEqual(JSON.parse(String(body)), JSON.parse(JSON.stringify({ ...document, model: alias })))
    }),
  )
})

test('an alias replaces only the field in a form, wherever else its words occur', async () => {
  const part = (head: string, value: string): string =>
    `--b\r\nContent-Disposition: form-data; ${head}\r\n\r\n${value}\r\n`
  const file = part('name="file"; filename="name=\\"model\\".wav"', 'RIFF name="model"\r\n\r\nears')
  for (const parts of [
    [file, part('name="model"', 'ears')],
    [part('name="model"', 'ears'), file],
  ]) {
    const form = `${parts.join('')}--b--\r\n`
    const send = Buffer.from(form)
    const { modelAt } = await factsOfForm(send, 'b')
    const changed = bodyWith('whisper-eu', { send, json: null, modelAt }, req)
    assert.equal(
      String(changed),
      form.replace('form-data; name="model"\r\n\r\nears', 'form-data; name="model"\r\n\r\nwhisper-eu'),
    )
  }
})
