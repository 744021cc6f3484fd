import assert from 'node:assert/strict'
import { EventEmitter, once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { startAzure } from '@gatehouse/simulator'
import { type RunOptions, run } from '../run.fixture.ts'

const requestId = '0199c0de-0000-7000-8000-000000000001'
const seen = { 'x-gatehouse-request-id': requestId }

interface Received {
  readonly url: string
  readonly headers: IncomingMessage['headers']
  readonly body: { model: string; stream: boolean; messages: { role: string; content: string }[] }
}

/** A gateway as the command sees it: keeps what it was sent, answers as the test says. */
async function startGateway(t: TestContext, answer: (response: ServerResponse) => void | Promise<void>) {
  const received: Received[] = []
  const server = createServer(async (request, response) => {
    const body = JSON.parse(Buffer.concat(await request.toArray()).toString())
    received.push({ url: request.url ?? '', headers: request.headers, body })
    await answer(response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  const gateway = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const chat = (args: readonly string[], options?: RunOptions) => run(['chat', ...args], { gateway, ...options })
  return { received, chat }
}

function piece(content: string, finish: string | null = null): string {
  return `data: ${JSON.stringify({ model: 'gpt-4o-2024-11-20', choices: [{ index: 0, delta: { content }, finish_reason: finish }] })}\n\n`
}

function stream(response: ServerResponse, ...frames: readonly string[]): void {
  response.writeHead(200, { 'content-type': 'text/event-stream', ...seen })
  response.end(frames.join(''))
}

// A chat that waits for the whole answer loses the purpose of streaming: the first words at once.
test('the answer is printed piece by piece as it arrives', async t => {
  const watch = new EventEmitter()
  const { chat, received } = await startGateway(t, async response => {
    response.writeHead(200, { 'content-type': 'text/event-stream', ...seen })
    response.write(`: comment\n\n${piece('Book it ')}`)
    // The rest is only sent once the beginning has been printed.
    await once(watch, 'write')
    response.end(`${piece('in the portal.', 'stop')}data: [DONE]\n\n`)
  })
  const { code, out, err } = await chat(['How', 'do', 'I', 'book leave?'], { watch })
  assert.deepEqual([code, out, err], [0, 'Book it in the portal.\n', ''])
  const [sent] = received
  assert.equal(sent?.url, '/openai/v1/chat/completions')
  assert.equal(sent?.headers.authorization, 'Bearer a.b.c')
  assert.equal(sent?.headers['x-gatehouse-workload'], undefined)
  assert.deepEqual(sent?.body, {
    model: 'gpt-4o',
    messages: [{ role: 'user', content: 'How do I book leave?' }],
    stream: true,
  })
})

test('workload, target, deployment and instructions go where the gateway looks for them', async t => {
  const { chat, received } = await startGateway(t, response =>
    stream(response, piece('ok', 'stop'), 'data: [DONE]\n\n'),
  )
  await chat(['hi', '--workload', 'hr-bot', '--deployment', 'gpt-4o-mini', '--system', 'Be brief.'])
  await chat(['hi', '--workload', 'hr-bot', '--target', 'main'], { env: { GATEHOUSE_DEPLOYMENT: 'other' } })
  assert.equal(received[0]?.headers['x-gatehouse-workload'], 'hr-bot')
  assert.equal(received[0]?.body.model, 'gpt-4o-mini')
  assert.deepEqual(received[0]?.body.messages[0], { role: 'system', content: 'Be brief.' })
  assert.equal(received[1]?.url, '/main/hr-bot/openai/v1/chat/completions')
  assert.equal(received[1]?.body.model, 'other')
})

test('standard input is the question, or is added to it', async t => {
  const { chat, received } = await startGateway(t, response =>
    stream(response, piece('ok', 'stop'), 'data: [DONE]\n\n'),
  )
  await chat([], { input: 'Wie viel Urlaub? 🌴\n' })
  await chat(['Review this.'], { input: 'diff --git a b\n' })
  assert.deepEqual(
    received.map(({ body }) => body.messages[0]?.content),
    ['Wie viel Urlaub? 🌴', 'Review this.\n\ndiff --git a b'],
  )
})

test('without streaming, and with --json, the answer is printed as a whole', async t => {
  const message = { role: 'assistant', content: 'Yes.' }
  const { chat, received } = await startGateway(t, response => {
    response.writeHead(200, { 'content-type': 'application/json', ...seen })
    response.end(JSON.stringify({ model: 'gpt-4o-x', choices: [{ index: 0, message, finish_reason: 'length' }] }))
  })
  const plain = await chat(['Is it?', '--no-stream'])
  assert.deepEqual([plain.out, plain.code], ['Yes.\n', 0])
  assert.match(plain.err, /reached its longest length/)
  const json = await chat(['Is it?'], { json: true })
  assert.deepEqual(JSON.parse(json.out), { text: 'Yes.', model: 'gpt-4o-x', finishReason: 'length', requestId })
  assert.deepEqual(
    received.map(({ body }) => body.stream),
    [false, false],
  )
})

// A person who is refused must see by which rule, and what to do; not a stack or a status alone.
test('a refusal shows its code, its reason and when to try again', async t => {
  const { chat } = await startGateway(t, response => {
    response.writeHead(429, { 'content-type': 'application/json', 'retry-after': '7', ...seen })
    response.end(
      JSON.stringify({
        error: { code: 'token_limit_reached', message: 'Used up for this minute.', type: 't', param: null },
      }),
    )
  })
  const { code, out, err } = await chat(['hi'])
  assert.deepEqual([code, out], [1, ''])
  assert.equal(
    err,
    `✗ token_limit_reached  Used up for this minute.\n  HTTP 429. It is in the ledger as ${requestId}.\n  Try: again in 7 s\n`,
  )
})

// Half an answer that looks whole is a wrong answer.
test('an answer that breaks off or fails is an error, printed after the part that arrived', async t => {
  const endings: readonly (readonly [(response: ServerResponse) => void, RegExp])[] = [
    [
      response => response.end(),
      /^✗ answer_broken_off {2}The answer broke off\.\n {2}Its end never came\.\n {2}Try: gatehouse records show 0199/,
    ],
    [response => response.destroy(), /^✗ answer_broken_off {2}The answer broke off\.\n {2}The connection/],
    [
      response => response.end('data: {"error":{"code":"429","message":"Too \\u001b[31mmany."}}\n\n'),
      /^✗ 429 {2}Too ·\[31mmany\.\n/,
    ],
  ]
  for (const [end, says] of endings) {
    const watch = new EventEmitter()
    const { chat } = await startGateway(t, async response => {
      response.writeHead(200, { 'content-type': 'text/event-stream', ...seen })
      response.write(piece('Half an'))
      await once(watch, 'write')
      end(response)
    })
    const { code, out, err } = await chat(['hi'], { watch })
    assert.deepEqual([code, out], [1, 'Half an\n'])
    assert.match(err, says)
  }
})

// A model can repeat an escape sequence from its prompt. It must not rewrite the reader's screen.
test('an answer cannot control the terminal; written to a file it stays unchanged', async t => {
  const { chat } = await startGateway(t, response =>
    stream(response, piece('\u001b[2Jred\ttab\n', 'stop'), 'data: [DONE]\n\n'),
  )
  assert.equal((await chat(['hi'], { columns: 80 })).out, '·[2Jred\ttab\n\n')
  assert.equal((await chat(['hi'])).out, '\u001b[2Jred\ttab\n\n')
})

// A word that is broken at the edge of the window cannot be read.
test('on a terminal an answer is broken between words, and nowhere in a pipe', async t => {
  const { chat } = await startGateway(t, response =>
    stream(response, piece('Annual leave is tw'), piece('enty-five days a year.', 'stop'), 'data: [DONE]\n\n'),
  )
  assert.equal((await chat(['hi'], { columns: 20 })).out, 'Annual leave is\ntwenty-five days a\nyear.\n')
  assert.equal((await chat(['hi'])).out, 'Annual leave is twenty-five days a year.\n')
})

test('a call that makes no sense exits 2 before anything is sent', async t => {
  const { chat, received } = await startGateway(t, response => stream(response))
  const wrong = [
    await chat([]),
    await chat([], { input: '  \n' }),
    await chat(['hi', '--target', 'main']),
    await chat([], { input: Buffer.from([0xff, 0xfe]) }),
  ]
  assert.deepEqual(
    wrong.map(({ code }) => code),
    [2, 2, 2, 2],
  )
  assert.deepEqual(
    wrong.map(({ err }) => /✗ (\w+)/.exec(err)?.[1]),
    ['question_empty', 'question_empty', 'workload_needed', 'question_not_text'],
  )
  assert.equal(received.length, 0)
})

// The frames above are made by the test. A stream of Azure contains more: filter results before the first word, usage
// after the last.
test('a whole stream of the simulated Azure OpenAI is understood', async t => {
  const azure = await startAzure({ name: 'one', deployments: { 'gpt-4o': { model: 'gpt-4o' } }, seed: 1 })
  t.after(() => azure.close())
  const streamed = await run(['chat', 'What is annual leave?'], { gateway: azure.url })
  const whole = await run(['chat', 'What is annual leave?', '--no-stream'], { gateway: azure.url })
  assert.deepEqual([streamed.code, streamed.err], [0, ''])
  assert.ok(streamed.out.trim().length > 20)
  assert.equal(streamed.out, whole.out)
  const unknown = await run(['chat', 'hi', '--deployment', 'nowhere'], { gateway: azure.url })
  assert.match(unknown.err, /^✗ DeploymentNotFound /)
})
