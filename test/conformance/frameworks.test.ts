/** The unmodified `@langchain/openai` and `ai` with `@ai-sdk/azure`, set up as docs/clients/README.md says. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { createAzure } from '@ai-sdk/azure'
import { HumanMessage, ToolMessage } from '@langchain/core/messages'
import { tool as langchainTool } from '@langchain/core/tools'
import { AzureChatOpenAI, AzureOpenAIEmbeddings } from '@langchain/openai'
import { embedMany, generateText, isStepCount, jsonSchema, streamText, tool } from 'ai'
import { type Running, runTwins } from '../support/file-world.ts'
import type { Door, TwinWorld } from '../support/twin.ts'
import { collect } from '../support/wait.ts'
import { apiVersion } from '../support/world.ts'

let twins: TwinWorld & Running
before(async () => {
  twins = await runTwins()
})
after(() => twins.close())

const question = 'How do I hand in a sick note?'
const citySchema = {
  type: 'object',
  properties: { city: { type: 'string' } },
  required: ['city'],
  additionalProperties: false,
} as const

function langchain(door: Door, more: { streamUsage?: boolean } = {}): AzureChatOpenAI {
  return new AzureChatOpenAI({
    azureOpenAIBasePath: `${door.endpoint}/openai/deployments`,
    azureOpenAIApiDeploymentName: 'gpt-4o',
    azureOpenAIApiVersion: apiVersion,
    azureADTokenProvider: door.token,
    maxRetries: 0,
    configuration: { fetch: door.fetch },
    ...more,
  })
}

test('LangChain: a chat is the same', async () => {
  const text = await twins.same(async door => (await langchain(door).invoke(question)).text)
  assert.ok(text.length > 0)
})

for (const streamUsage of [true, false]) {
  test(`LangChain: a streamed chat is the same (streamUsage: ${streamUsage})`, async () => {
    const parts = await twins.same(async door => {
      const stream = await langchain(door, { streamUsage }).stream(question)
      return (await collect(stream)).map(part => ({ text: part.text, usage: part.usage_metadata ?? null }))
    })
    assert.equal(
      parts.some(part => part.usage !== null),
      streamUsage,
    )
  })
}

test('LangChain: a tool is called and its result is answered', async () => {
  await twins.same(async door => {
    const weather = langchainTool(async () => '-3', {
      name: 'get_weather',
      description: 'The current weather of a city',
      schema: citySchema,
    })
    const model = langchain(door).bindTools([weather], { tool_choice: 'any' })
    const asked = new HumanMessage('What is the weather in Oslo?')
    const first = await model.invoke([asked])
    const [call] = first.tool_calls ?? []
    assert.equal(call?.name, 'get_weather')
    const result = new ToolMessage({ content: '-3', tool_call_id: call?.id ?? '' })
    const last = await langchain(door).bindTools([weather]).invoke([asked, first, result])
    return { args: call?.args, text: last.text }
  })
})

test('LangChain: embeddings are the same', async () => {
  const vectors = await twins.same(door =>
    new AzureOpenAIEmbeddings({
      azureOpenAIBasePath: `${door.endpoint}/openai/deployments`,
      azureOpenAIApiDeploymentName: 'text-embedding-3-small',
      azureOpenAIApiVersion: apiVersion,
      azureADTokenProvider: door.token,
      maxRetries: 0,
      configuration: { fetch: door.fetch },
    }).embedDocuments(['sick note', 'payroll']),
  )
  assert.equal(vectors.length, 2)
})

function azure(door: Door) {
  return createAzure({ baseURL: door.v1, tokenProvider: door.token, fetch: door.fetch })
}

test('AI SDK: dated addresses with the deployment in the path are the same', async () => {
  const text = await twins.same(async door => {
    const options = { tokenProvider: door.token, fetch: door.fetch, apiVersion, useDeploymentBasedUrls: true }
    const provider = createAzure({ baseURL: `${door.endpoint}/openai`, ...options })
    return (await generateText({ model: provider.chat('gpt-4o'), prompt: question, maxRetries: 0 })).text
  })
  assert.ok(text.length > 0)
})

test('AI SDK: a text by chat and by Responses is the same', async () => {
  const texts = await twins.same(async door => {
    const provider = azure(door)
    const chat = await generateText({ model: provider.chat('gpt-4o'), prompt: question, maxRetries: 0 })
    const responses = await generateText({ model: provider.responses('gpt-4o'), prompt: question, maxRetries: 0 })
    assert.ok((chat.usage.totalTokens ?? 0) > 0)
    return [chat.text, responses.text]
  })
  assert.ok(texts.every(text => text.length > 0))
})

test('AI SDK: a streamed text by chat and by Responses is the same, usage included', async () => {
  await twins.same(async door => {
    const provider = azure(door)
    const read: unknown[] = []
    for (const model of [provider.chat('gpt-4o'), provider.responses('gpt-4o')]) {
      const stream = streamText({ model, prompt: question, maxRetries: 0 })
      const parts = await collect(stream.textStream)
      const usage = await stream.usage
      assert.ok((usage.totalTokens ?? 0) > 0)
      read.push({ parts, usage })
    }
    return read
  })
})

test('AI SDK: a tool is called and its result is answered in one run', async () => {
  await twins.same(async door => {
    const { text, steps } = await generateText({
      model: azure(door).chat('gpt-4o'),
      prompt: 'What is the weather in Oslo?',
      maxRetries: 0,
      stopWhen: isStepCount(2),
      tools: {
        get_weather: tool({
          description: 'The current weather of a city',
          inputSchema: jsonSchema<{ city: string }>(citySchema),
          execute: async ({ city }) => `${city}: -3 degrees`,
        }),
      },
    })
    return { text, calls: steps.flatMap(step => step.toolCalls.map(call => call.input)) }
  })
})

test('AI SDK: embeddings and an error are the same', async () => {
  await twins.same(async door => {
    const provider = azure(door)
    const { embeddings } = await embedMany({
      model: provider.textEmbeddingModel('text-embedding-3-small'),
      values: ['sick note', 'payroll'],
      maxRetries: 0,
    })
    const error = await generateText({
      model: provider.chat('gpt-4o'),
      prompt: question,
      maxRetries: 0,
      headers: { 'x-simulator-fault': '429;retry-after-ms=900' },
    }).then(
      () => null,
      (thrown: { statusCode?: number; responseBody?: string }) => [thrown.statusCode, thrown.responseBody],
    )
    assert.equal(error?.[0], 429)
    return { embeddings: embeddings.length, error }
  })
})
