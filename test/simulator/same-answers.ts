/**
 * Digests of the models' answers to a question. `test/simulator/answers.json` keeps them, so that a change of the
 * answers fails a test.
 */
import { createHash } from 'node:crypto'
import {
  answerJson,
  answerText,
  chooseToolCall,
  describeImage,
  embed,
  pngBytes,
  speechBytes,
  speechFormats,
  type Turn,
  transcript,
} from '../../packages/simulator/src/azure/answers/index.ts'

const systems: readonly Turn[][] = [
  [],
  [{ role: 'system', text: 'You are a concise assistant. Answer in German.' }],
  [{ role: 'system', text: 'Answer formally, in bullets, with at most two sentences.' }],
]
const followUps = ['Why?', 'And in Go?', 'shorter please', 'What did I ask before?']
const schema = {
  type: 'object',
  properties: {
    title: { type: 'string' },
    city: { type: 'string' },
    count: { type: 'integer' },
    price: { type: 'number' },
    tags: { type: 'array', items: { type: 'string' } },
    author_mail: { type: 'string', format: 'email' },
    author_name: { type: 'string' },
    code: { type: 'string', pattern: String.raw`^[A-Z]{2}\d{3}$` },
  },
  required: ['title'],
}

/**
 * Answers to the question with three seeds, three system messages and two variants, to four follow-ups, as JSON and as
 * a tool call.
 */
function answersTo(question: string): string[] {
  const asked = { role: 'user', text: question }
  const texts = [1, 7, 42].flatMap(seed =>
    systems.flatMap(system =>
      [0, 1].map(variant => answerText({ model: 'gpt-4o', messages: [...system, asked], seed, variant })),
    ),
  )
  const [first = ''] = texts
  const later = followUps.map(text => {
    const messages = [asked, { role: 'assistant', text: first }, { role: 'user', text }]
    return answerText({ model: 'gpt-4o', messages, seed: 1, variant: 0 })
  })
  const tools = [{ type: 'function', function: { name: 'look_up', description: question, parameters: schema } }]
  return [
    ...texts,
    ...later,
    answerJson({ messages: [asked], schema, seed: 3 }),
    answerJson({ messages: [asked], schema: null, seed: 3 }),
    JSON.stringify(chooseToolCall({ messages: [asked], tools, toolChoice: 'required', seed: 1 })),
  ]
}

function digest(parts: readonly (string | Uint8Array)[]): string {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part).update('\0')
  return hash.digest('hex').slice(0, 16)
}

export const digestOf = (question: string): string => digest(answersTo(question))

/**
 * Digests of other media: speech in each format, a recording's transcript, an embedding, a picture and its description.
 */
export function otherDigests(): Record<string, string> {
  const text = 'Where are my two invoices from March?'
  const picture = pngBytes({ width: 64, height: 48, seed: 9 })
  const images = [`data:image/png;base64,${picture.toString('base64')}`]
  const described = [1, 2, 3].map(seed => describeImage({ images, question: text, seed, variant: 0 }) ?? '')
  return {
    ...Object.fromEntries(
      speechFormats.map(format => [`speech as ${format}`, digest([speechBytes({ text, format, seed: 5 })])]),
    ),
    transcript: digest([1, 2, 3].map(seed => transcript(picture, seed))),
    embedding: digest([embed(text, 64).toString()]),
    picture: digest([picture, ...described]),
  }
}
