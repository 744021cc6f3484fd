/**
 * The configurations of nginx and Caddy in `deploy/`, run by the real programs in front of a gateway. A proxy that
 * buffers, that has limits of its own, or that hides the client, changes what every client and every record sees.
 */
import assert from 'node:assert/strict'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { answerOf, clientAddress, proxyKinds, startProxy, type TlsProxy } from '../support/proxies.ts'
import { settled } from '../support/records.ts'
import { chatOn, startUpstream, type Upstream } from '../support/upstream.ts'
import { eventually, soon } from '../support/wait.ts'
import { ask } from '../support/world.ts'

const bodyBytesMax = 2_097_152
const event = (content: string): string =>
  `data: ${JSON.stringify({ id: 'c1', model: 'gpt-4o', choices: [{ index: 0, delta: { content } }] })}\n\n`
const ending =
  'data: {"id":"c1","model":"gpt-4o","choices":[],"usage":{"prompt_tokens":5,"completion_tokens":7,"total_tokens":12}}\n\ndata: [DONE]\n\n'

interface Setting {
  readonly upstream: Upstream
  readonly proxy: TlsProxy
  readonly authorization: string
}

/** Begins a chat of hr-bot; the body is sent whole. */
function chat({ proxy, authorization }: Setting, body: object): ReturnType<TlsProxy['begin']> {
  const text = JSON.stringify({ messages: ask('Hello'), ...body })
  const begun = proxy.begin(`/dev-openai-instance-1/hr-bot${chatOn('gpt-4o')}`, {
    method: 'POST',
    // A client can write any address here.
    headers: { authorization, 'content-type': 'application/json', 'x-forwarded-for': '203.0.113.9' },
  })
  begun.end(text)
  return begun
}

/** The backend begins a stream; the test sends the rest. */
function beginsStream({ upstream }: Setting): Promise<ServerResponse> {
  const { promise, resolve } = Promise.withResolvers<ServerResponse>()
  upstream.backend.answer = (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).write(event('first'))
    resolve(response)
  }
  return promise
}

/** Resolves when this text has arrived. */
async function arrived(answer: IncomingMessage, wanted: string): Promise<void> {
  let seen = ''
  const { promise, resolve } = Promise.withResolvers<void>()
  answer.on('data', (chunk: Buffer) => {
    seen += chunk.toString()
    if (seen.includes(wanted)) resolve()
  })
  answer.on('error', () => {})
  await soon(`"${wanted}" arrives`, promise)
}

const promises: Readonly<Record<string, (setting: Setting) => Promise<void>>> = {
  'passes each event on when it comes, and the record has the address of the client': async setting => {
    const begins = beginsStream(setting)
    const answer = await answerOf(chat(setting, { stream: true }))
    await arrived(answer, 'first')
    const response = await begins
    response.end(event('second') + ending)
    await arrived(answer, '[DONE]')
    const record = await settled(setting.upstream.world.house)
    assert.equal(record?.outcome, 'completed')
    assert.equal(record.clientAddress, clientAddress)
  },

  'lets the gateway know that a client has left': async setting => {
    const { house } = setting.upstream.world
    const begins = beginsStream(setting)
    const begun = chat(setting, { stream: true })
    await arrived(await answerOf(begun), 'first')
    begun.destroy()
    await eventually('the client is gone', () => (house.gateway.readingOn === 1 ? true : null))
    const response = await begins
    response.end(ending)
    assert.equal((await settled(house))?.outcome, 'aborted')
  },

  'passes an answer of megabytes on whole': async setting => {
    const content = 'word '.repeat(2_000_000)
    setting.upstream.backend.answer = (_request, response) => {
      const choices = [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }]
      const usage = { prompt_tokens: 5, completion_tokens: 7, total_tokens: 12 }
      response.writeHead(200, { 'content-type': 'application/json' })
      response.end(JSON.stringify({ id: 'c1', model: 'gpt-4o', choices, usage }))
    }
    const answer = await answerOf(chat(setting, {}))
    const { choices } = JSON.parse(await text(answer)) as { choices: { message: { content: string } }[] }
    assert.equal(choices[0]?.message.content, content)
  },

  'passes an upload on while it comes': async ({ upstream, proxy, authorization }) => {
    const { house } = upstream.world
    const content = Buffer.alloc(8_000_000, 'one line of a file\n')
    const head =
      '--boundary\r\ncontent-disposition: form-data; name="purpose"\r\n\r\nassistants\r\n' +
      '--boundary\r\ncontent-disposition: form-data; name="file"; filename="file.txt"\r\n\r\n'
    const tail = '\r\n--boundary--\r\n'
    const begun = proxy.begin('/dev-openai-instance-2/hr-bot/openai/v1/files', {
      method: 'POST',
      headers: {
        authorization,
        'content-type': 'multipart/form-data; boundary=boundary',
        'content-length': head.length + content.length + tail.length,
      },
    })
    begun.write(head)
    begun.write(content.subarray(0, 4_000_000))
    await eventually('the gateway has the call', () => (house.gateway.inFlight === 1 ? true : null))
    begun.write(content.subarray(4_000_000))
    begun.end(tail)
    const answer = await answerOf(begun)
    const { bytes } = JSON.parse(await text(answer)) as { bytes: number }
    assert.equal(answer.statusCode, 200)
    assert.equal(bytes, content.length)
    assert.equal((await settled(house))?.clientAddress, clientAddress)
  },

  'leaves it to the gateway to refuse a body that is too large': async setting => {
    const answer = await answerOf(chat(setting, { padding: 'x'.repeat(bodyBytesMax) }))
    answer.resume()
    assert.equal(answer.statusCode, 413)
    assert.equal(answer.headers['x-gatehouse-refusal'], 'body_too_large')
  },

  'passes a token of 40 KiB on': async setting => {
    const answer = await answerOf(chat({ ...setting, authorization: `Bearer ${'x'.repeat(40_960)}` }, {}))
    answer.resume()
    assert.equal(answer.statusCode, 401)
    assert.match(String(answer.headers['x-gatehouse-refusal']), /^token_/)
  },
}

for (const kind of proxyKinds) {
  test(kind, async t => {
    const upstream = await startUpstream(t, {
      change: config => ({ ...config, gateway: { ...config.gateway, trustForwardedFor: true, bodyBytesMax } }),
    })
    const proxy = await startProxy(t, kind, upstream.world.url)
    const setting = { upstream, proxy, authorization: `Bearer ${await upstream.world.token('alice')}` }
    for (const [name, keep] of Object.entries(promises)) {
      await t.test(`${kind} ${name}`, () => keep(setting))
    }
  })
}
