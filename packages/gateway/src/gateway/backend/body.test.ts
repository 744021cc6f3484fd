import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { testInstance, testPool } from '../../instances/instance.fixture.ts'
import { candidatesFor } from '../../instances/pool.ts'
import { digestOf } from '../../wire/encrypted.ts'
import { scanObject } from '../../wire/json-scan.ts'
import { LooseBody } from '../../wire/loose.ts'
import { callOf, samplePlan } from '../exchange.fixture.ts'
import { findRoute } from '../stages/1-resolve/route.ts'
import { factsOfForm } from '../stages/4-receive/form.ts'
import { type ReceivedRequest, requestWithoutBody } from '../stages/4-receive/request.ts'
import { bodyFor, formWith } from './body.ts'
import { noCuts, type Sending } from './sending.ts'

const azure = testInstance('azure', ['gpt-4o', 'painter'])
const other = testInstance('other', ['llama', 'gpt-image-1'], { kind: 'openai' })
const aliases = { 'gpt-4o': 'llama', painter: 'gpt-image-1' }
const mixed = testPool([{ instance: azure }, { instance: other, aliases }])
const dated = '/main/people/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21'
const v1 = '/main/people/openai/v1/responses'

/** The body that each member gets, by name. */
function bodies(url: string, body: Buffer, more: Partial<ReceivedRequest> = {}, loose: LooseBody | null = null) {
  const scan = scanObject(body, new Set(['model', 'stream_options', 'max_tokens']))
  const request: ReceivedRequest = {
    ...{ ...requestWithoutBody('gpt-4o'), requestedModel: 'gpt-4o', send: body },
    json: { body, scan, named: [] },
    ...more,
  }
  const sending: Sending = {
    ...{ call: callOf({ url }), route: findRoute('POST', url), request, target: mixed },
    ...{ forwards: samplePlan.forwards, workload: null, cuts: noCuts, trace: null },
  }
  return Object.fromEntries(
    (candidatesFor(mixed, 'gpt-4o')?.all ?? []).map(candidate => {
      const { name } = candidate.instance
      return [name, bodyFor({ ...sending, cuts: loose?.cutsFor(name) ?? noCuts }, candidate)]
    }),
  )
}

// Everything else in a body must reach the instance as it came.
test('a member gets its own name of the model where its kind reads the body, and every other member is unchanged', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.option(fc.jsonValue()), (more, model) => {
      const document: unknown = JSON.parse(JSON.stringify({ ...more, ...(model === null ? {} : { model }) }))
      const body = Buffer.from(JSON.stringify(document))
      const sent = bodies(dated, body)
      assert.equal(sent['azure'], body, 'its address has the name')
      assert.deepEqual(JSON.parse(String(sent['other'])), { ...(document as object), model: 'llama' })
    }),
  )
})

// A body of megabytes that is already right is not copied for each attempt.
test('a body that a member can take as it came is not copied', () => {
  const named = Buffer.from('{"model":"llama","messages":[]}')
  const sent = bodies(dated, named)
  assert.deepEqual([sent['azure'] === named, sent['other'] === named], [true, true])
})

test('what the gateway adds and what a member names otherwise go into one body', () => {
  const text = '{"tools":[{"type":"image_generation","model":"painter"}], "model" : "gpt-4o","input":"x"}'
  const body = Buffer.from(text)
  const start = text.indexOf('"painter"')
  const named = [{ name: 'painter', start, end: start + '"painter"'.length }]
  const scan = scanObject(body, new Set(['model', 'stream_options']))
  const asking = { hideUsage: true, usageOptions: '{"include_usage":true}', json: { body, scan, named } }
  const sent = bodies(v1, body, { ...asking, addedMaximum: { tokens: 9, as: 'usual' } })
  const added = '{"stream_options":{"include_usage":true},"max_output_tokens":9,'
  assert.equal(String(sent['azure']), text.replace('{', added))
  assert.equal(
    String(sent['other']),
    text.replace('{', added).replace('"painter"', '"gpt-image-1"').replace('"gpt-4o"', '"llama"'),
  )
})

// With positions of the body before the cut, the names would be written into the middle of other texts.
test('a body without the reasoning of another instance still names the deployments of its tools rightly', () => {
  const tools = '"tools":[{"type":"image_generation","model":"painter"}]'
  const items =
    '{"type":"reasoning","id":"rs_1","encrypted_content":"of azure","summary":[]},{"role":"user","content":"x"}'
  for (const text of [
    `{"model":"gpt-4o",${tools},"input":[${items}]}`,
    `{"model":"gpt-4o","input":[${items}],${tools}}`,
  ]) {
    const body = Buffer.from(text)
    const start = text.indexOf('"painter"')
    const named = [{ name: 'painter', start, end: start + '"painter"'.length }]
    const loose = LooseBody.of(body, new Map([[digestOf(Buffer.from('of azure')), 'azure']]))
    const json = { body, scan: scanObject(body, new Set(['model'])), named }
    const sent = bodies(v1, body, { json }, loose)
    assert.equal(sent['azure'], body)
    assert.deepEqual(JSON.parse(String(sent['other'])), {
      model: 'llama',
      tools: [{ type: 'image_generation', model: 'gpt-image-1' }],
      input: [{ role: 'user', content: 'x' }],
    })
  }
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
    const changed = formWith('whisper-eu', send, { modelAt }, callOf().req)
    assert.equal(
      String(changed),
      form.replace('form-data; name="model"\r\n\r\nears', 'form-data; name="model"\r\n\r\nwhisper-eu'),
    )
  }
})
