// A streamed answer through the gateway, with OpenAI's own library. Only the endpoint differs from a program that calls
// Azure itself. In a checkout of Gatehouse the library is there; elsewhere: npm install openai
//   TOKEN=$(./gatehouse token --as alice) node examples/stream.mjs ENDPOINT
import { AzureOpenAI } from 'openai'

const [, , endpoint = 'http://127.0.0.1:8080/main/hr-bot'] = process.argv
const client = new AzureOpenAI({ endpoint, apiKey: process.env.TOKEN, apiVersion: '2024-10-21' })
const stream = await client.chat.completions.create({
  model: 'gpt-4o',
  messages: [{ role: 'user', content: 'Draft a mail that welcomes a colleague.' }],
  stream: true,
})
for await (const chunk of stream) process.stdout.write(chunk.choices[0]?.delta?.content ?? '')
process.stdout.write('\n')
