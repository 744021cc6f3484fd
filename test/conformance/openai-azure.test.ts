/**
 * The unmodified npm client `openai`, as AzureOpenAI, through the gateway and directly: same status, same headers, same
 * bytes, and the same objects in the client. Otherwise a team that changes only its endpoint would have to change more.
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { APIError, AzureOpenAI, toFile } from 'openai'
import type { ChatCompletionMessageParam, ChatCompletionTool } from 'openai/resources/chat/completions'
import { type Running, runTwins } from '../support/file-world.ts'
import type { Door, TwinWorld } from '../support/twin.ts'
import { collect } from '../support/wait.ts'
import { apiVersion, ask } from '../support/world.ts'

let twins: TwinWorld & Running
before(async () => {
  twins = await runTwins()
})
after(() => twins.close())

function client(door: Door, version: string = apiVersion, options: { maxRetries?: number } = {}): AzureOpenAI {
  return new AzureOpenAI({
    endpoint: door.endpoint,
    apiVersion: version,
    azureADTokenProvider: door.token,
    fetch: door.fetch,
    maxRetries: 0,
    ...options,
  })
}

const question = ask('How many days of leave do I have in my first year?')
const weatherTool: ChatCompletionTool = {
  type: 'function',
  function: {
    name: 'get_weather',
    description: 'The current weather of a city',
    parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
  },
}

test('a chat completion is the same', async () => {
  const answer = await twins.same(door => client(door).chat.completions.create({ model: 'gpt-4o', messages: question }))
  assert.ok((answer.choices[0]?.message.content?.length ?? 0) > 0)
  assert.ok((answer.usage?.total_tokens ?? 0) > 0)
})

test('a token in api-key works as well as one in Authorization', async () => {
  const answer = await twins.same(async door =>
    // Azure takes no token there: the direct call sends it as Azure wants it.
    door.direct
      ? client(door).chat.completions.create({ model: 'gpt-4o', messages: question })
      : new AzureOpenAI({
          endpoint: door.endpoint,
          apiVersion,
          apiKey: await door.token(),
          fetch: door.fetch,
        }).chat.completions.create({ model: 'gpt-4o', messages: question }),
  )
  assert.equal(answer.choices[0]?.finish_reason, 'stop')
})

// The gateway requests usage for itself; a client that did not must not see a trace of it.
for (const version of ['2024-10-21', '2024-06-01', '2023-05-15']) {
  test(`a streamed chat without usage is the same, chunk by chunk (${version})`, async () => {
    const chunks = await twins.same(async door =>
      collect(
        await client(door, version).chat.completions.create({ model: 'gpt-4o', messages: question, stream: true }),
      ),
    )
    assert.ok(chunks.length > 3)
    assert.ok(chunks.every(chunk => (chunk.usage ?? null) === null))
  })
}

test('a streamed chat with usage is the same, and usage comes last', async () => {
  const chunks = await twins.same(async door =>
    collect(
      await client(door, '2024-10-21').chat.completions.create({
        model: 'gpt-4o',
        messages: question,
        stream: true,
        stream_options: { include_usage: true },
      }),
    ),
  )
  assert.ok((chunks.at(-1)?.usage?.total_tokens ?? 0) > 0)
  assert.deepEqual(chunks.at(-1)?.choices, [])
})

test('a version that refuses include_usage refuses it through the gateway too', async () => {
  const error = await twins.same(door =>
    failure(
      client(door, '2024-06-01').chat.completions.create({
        model: 'gpt-4o',
        messages: question,
        stream: true,
        stream_options: { include_usage: true },
      }),
    ),
  )
  assert.equal(error.status, 400)
})

test("the client's stream options survive the gateway's request for usage", async () => {
  const chunks = await twins.same(async door =>
    collect(
      await client(door).chat.completions.create({
        model: 'gpt-4o',
        messages: question,
        stream: true,
        stream_options: { include_usage: false },
      }),
    ),
  )
  assert.ok(chunks.every(chunk => (chunk.usage ?? null) === null))
})

for (const stream of [false, true]) {
  test(`tools are called, and the second turn with their results is the same (stream: ${stream})`, async () => {
    const last = await twins.same(async door => {
      const openai = client(door)
      const messages: ChatCompletionMessageParam[] = [{ role: 'user', content: 'What is the weather in Oslo?' }]
      const asked = { model: 'gpt-4o', tools: [weatherTool], tool_choice: 'required' as const }
      const first = stream
        ? (await openai.chat.completions.stream({ ...asked, messages }).finalChatCompletion()).choices[0]?.message
        : (await openai.chat.completions.create({ ...asked, messages })).choices[0]?.message
      assert.ok(first)
      const [call] = first.tool_calls ?? []
      assert.equal(call?.type === 'function' ? call.function.name : null, 'get_weather')
      const turn: ChatCompletionMessageParam[] = [
        ...messages,
        { role: 'assistant', content: null, tool_calls: first.tool_calls ?? [] },
        { role: 'tool', tool_call_id: call?.id ?? '', content: '{"city":"Oslo","celsius":-3}' },
      ]
      return openai.chat.completions.create({ model: 'gpt-4o', messages: turn, tools: [weatherTool] })
    })
    assert.equal(last.choices[0]?.finish_reason, 'stop')
  })
}

test('JSON mode, a JSON schema, and n > 1 are the same', async () => {
  const [mode, schema, several] = await twins.same(async door => {
    const { completions } = client(door).chat
    const messages = ask('Name three cities as JSON.')
    const strict = {
      type: 'json_schema',
      json_schema: {
        name: 'cities',
        strict: true,
        schema: {
          type: 'object',
          properties: { cities: { type: 'array', items: { type: 'string' } } },
          required: ['cities'],
          additionalProperties: false,
        },
      },
    } as const
    return [
      await completions.create({ model: 'gpt-4o', messages, response_format: { type: 'json_object' } }),
      await completions.create({ model: 'gpt-4o', messages, response_format: strict }),
      await completions.create({ model: 'gpt-4o', messages, n: 3, logprobs: true }),
    ] as const
  })
  assert.ok(JSON.parse(mode.choices[0]?.message.content ?? ''))
  assert.ok(Array.isArray(JSON.parse(schema.choices[0]?.message.content ?? '').cities))
  assert.equal(several.choices.length, 3)
})

test('an image in a message is forwarded unchanged', async () => {
  const pixel = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='
  const answer = await twins.same(door =>
    client(door).chat.completions.create({
      model: 'gpt-4o',
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: 'What is this?' },
            { type: 'image_url', image_url: { url: `data:image/png;base64,${pixel}` } },
          ],
        },
      ],
    }),
  )
  assert.equal(answer.object, 'chat.completion')
})

test('embeddings are the same, as numbers and as base64', async () => {
  const vectors = await twins.same(door =>
    client(door).embeddings.create({ model: 'text-embedding-3-small', input: ['leave', 'payroll'], dimensions: 64 }),
  )
  assert.equal(vectors.data[1]?.embedding.length, 64)
  assert.ok(vectors.usage.total_tokens > 0)
})

for (const stream of [false, true]) {
  test(`legacy completions are the same (stream: ${stream})`, async () => {
    const asked = { model: 'instruct', prompt: 'Say hello.', max_tokens: 20 } as const
    await twins.same(async door => {
      const { completions } = client(door)
      if (stream) return collect(await completions.create({ ...asked, stream: true }))
      return completions.create(asked)
    })
  })
}

test('Responses are the same: create, get, input items, the next turn, streamed, delete', async () => {
  const through: Door[] = []
  const { first } = await twins.same(async door => {
    if (!door.direct) through.push(door)
    const { responses } = client(door)
    const first = await responses.create({ model: 'gpt-4o', input: 'How do I ask for parental leave?' })
    assert.ok(first.output_text.length > 0)
    const again = await responses.retrieve(first.id)
    const items = await responses.inputItems.list(first.id)
    const second = await responses.create({ model: 'gpt-4o', input: 'And how long?', previous_response_id: first.id })
    const events = await collect(await responses.create({ model: 'gpt-4o', input: 'Say hello.', stream: true }))
    assert.equal(events.at(-1)?.type, 'response.completed')
    await responses.delete(first.id)
    return { first, again, items: items.data, second, events }
  })
  // A deleted response has no owner: the gateway refuses it in words of its own, with Azure's status.
  const [door] = through
  assert.ok(door)
  const gone = await failure(client(door).responses.retrieve(first.id))
  assert.deepEqual([gone.status, gone.code], [404, 'object_unknown'])
})

test('a file goes through upload, list, read, content, batch and delete', async () => {
  const line = {
    custom_id: 'one',
    method: 'POST',
    url: '/chat/completions',
    body: { model: 'gpt-4o', messages: question },
  }
  await twins.same(async door => {
    const openai = client(door)
    const written = `${JSON.stringify(line)}\n`
    const file = await openai.files.create({ purpose: 'batch', file: await toFile(Buffer.from(written), 'in.jsonl') })
    const listed = await openai.files.list()
    const content = await (await openai.files.content(file.id)).text()
    assert.equal(content, written)
    const batch = await openai.batches.create({
      input_file_id: file.id,
      endpoint: '/v1/chat/completions',
      completion_window: '24h',
    })
    const later = await openai.batches.retrieve(batch.id)
    await openai.files.delete(file.id)
    return { read: file.bytes, listed: listed.data.length, content, batch: batch.object, later: later.id === batch.id }
  })
})

test('images and audio are the same', async () => {
  await twins.same(async door => {
    const openai = client(door)
    const picture = await openai.images.generate({ model: 'picture', prompt: 'a gatehouse', size: '1024x1024' })
    const speech = await openai.audio.speech.create({
      model: 'voice',
      voice: 'alloy',
      input: 'Good morning.',
      response_format: 'wav',
    })
    const sound = Buffer.from(await speech.arrayBuffer())
    assert.equal(sound.subarray(0, 4).toString(), 'RIFF')
    const heard = await openai.audio.transcriptions.create({ model: 'ears', file: await toFile(sound, 'a.wav') })
    const translated = await openai.audio.translations.create({ model: 'ears', file: await toFile(sound, 'a.wav') })
    return { picture, sound: sound.length, heard, translated }
  })
})

/** The error that a call ends with. */
async function failure(
  call: Promise<unknown>,
): Promise<{ status: number; code: string | null; message: string; type: string | null }> {
  try {
    await call
  } catch (error) {
    if (!(error instanceof APIError)) throw error
    const { status, code, message, type } = error
    return { status: Number(status), code: code ?? null, message, type: type ?? null }
  }
  throw new Error('the call succeeded')
}

// P3 in a client: it must decide by what Azure answered.
const errors: Readonly<Record<string, number>> = {
  'content-filter': 400,
  '404': 404,
  '408': 408,
  '429;retry-after=7;retry-after-ms=6500': 429,
  '500': 500,
  '503;retry-after=3': 503,
}
for (const [fault, status] of Object.entries(errors)) {
  test(`P3 a backend's error is the same: ${fault}`, async () => {
    const error = await twins.same(
      door =>
        failure(
          client(door).chat.completions.create(
            { model: 'gpt-4o', messages: question },
            { headers: { 'x-simulator-fault': fault } },
          ),
        ),
      // One instance, since the twin is one: a pool would try its other member, and then exclude both for a while.
      { target: 'dev-openai-instance-1' },
    )
    assert.equal(error.status, status)
    const [exchange] = twins.seen
    if (status === 429) {
      assert.equal(exchange?.headers['retry-after'], '7')
      assert.equal(exchange?.headers['retry-after-ms'], '6500')
    }
  })
}

test('P3 an error frame in a stream reaches the client unchanged', async () => {
  const error = await twins.same(async door => {
    const call = client(door).chat.completions.create(
      { model: 'gpt-4o', messages: question, stream: true },
      { headers: { 'x-simulator-fault': 'error-frame' } },
    )
    return failure(call.then(stream => collect(stream)))
  })
  assert.ok(error.message.length > 0)
})

for (const fault of ['malformed-frames', 'split-bytes', 'no-usage', 'content-filter;after=3']) {
  test(`P2 a stream with ${fault} passes unchanged`, async () => {
    await twins.same(async door => {
      const call = await client(door)
        .chat.completions.create(
          { model: 'gpt-4o', messages: question, stream: true },
          { headers: { 'x-simulator-fault': fault } },
        )
        .asResponse()
      return { text: await call.text() }
    })
  })
}

// A client's own retry must find the same facts: the number of attempts and the wait.
for (const fault of ['429;retry-after-ms=20', '500', '503']) {
  test(`the client's own retry after ${fault} succeeds as it does without a gateway`, async () => {
    const answer = await twins.same(
      door =>
        client(door, apiVersion, { maxRetries: 2 }).chat.completions.create(
          { model: 'gpt-4o', messages: question },
          { headers: { 'x-simulator-fault': `${fault};times=1;key=${fault}` } },
        ),
      // One instance, since the twin is one: a pool of two would count two failures.
      { target: 'dev-openai-instance-1' },
    )
    assert.equal(answer.choices[0]?.finish_reason, 'stop')
    assert.equal(twins.seen.length, 2)
  })
}
