import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { countText } from '../../packages/gateway/src/tokens/count.ts'
import {
  answerJson,
  answerText,
  chooseToolCall,
  describeImage,
  pngBytes,
  type Turn,
} from '../../packages/simulator/src/azure/answers/index.ts'
import { clipped } from '../../packages/simulator/src/azure/answers/turns.ts'
import { oddQuestions } from './odd-questions.ts'

const questions = [
  'How many days of annual leave do I have?',
  'When is my salary paid, and where do I find the payslip?',
  'What does our health insurance cover?',
  'Prepare an onboarding plan for a new data engineer',
  'Why am I getting 429 errors from Azure OpenAI?',
  'Compare Redis and Kafka for a job queue',
  'What is the difference between TCP and UDP?',
  'Write a Python function to reverse a string',
  'Implement a rate limiter in Go',
  'Who can help me with Kubernetes networking?',
  'Find an expert for quantum chemistry',
  'Draft an email to Anna Schmidt about moving the budget meeting to next Tuesday',
  'Wie beantrage ich Elternzeit und was ist dabei zu beachten?',
  'Comment puis-je réserver une salle pour une réunion ?',
  'Tell me about the history of the bicycle',
  'How should I prepare for a difficult conversation with my landlord?',
  'Please review this:\n```js\nfunction add(a, b) { var c = a + b; return c }\n```',
]

function said(text: string, options: { seed?: number; variant?: number; before?: readonly Turn[] } = {}): string {
  const messages = [...(options.before ?? []), { role: 'user', text }]
  return answerText({ model: 'gpt-4o', messages, seed: options.seed ?? 1, variant: options.variant ?? 0 })
}

function systemMessage(text: string): Turn[] {
  return [{ role: 'system', text }]
}

// Conformance runs compare a direct call with one through the gateway byte by byte.
test('the same conversation, seed and variant give the same answer', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.record({
          role: fc.constantFrom('system', 'user', 'assistant', 'tool'),
          text: fc.string({ unit: 'grapheme' }),
        }),
      ),
      fc.nat(),
      fc.nat(3),
      (messages, seed, variant) => {
        const ask = { model: 'gpt-4o', messages, seed, variant }
        assert.equal(answerText(ask), answerText(structuredClone(ask)))
        assert.notEqual(answerText(ask), '')
      },
    ),
  )
})

// If answers were alike, a test that mixes up two streams would pass.
test('different questions get different answers', () => {
  assert.equal(new Set(questions.map(question => said(question))).size, questions.length)
})

test('variants of one question differ, for n > 1 and repeats without a seed', () => {
  for (const question of [
    'How should I plan the launch?',
    'What applies to parental leave?',
    'Tell me about bicycles',
  ]) {
    const answers = Array.from({ length: 8 }, (_, variant) => said(question, { variant }))
    assert.ok(new Set(answers).size >= 4, question)
  }
})

// Demonstrations and benchmarks need realistic lengths.
test('answers to ordinary questions are 20 to 250 tokens long', () => {
  for (const question of questions) {
    for (let seed = 0; seed < 10; seed += 1) {
      const tokens = countText('gpt-4o', said(question, { seed }))
      assert.ok(tokens >= 20 && tokens <= 250, `${tokens} tokens for ${question}`)
    }
  }
})

test('an answer is about the question’s subject', () => {
  const expected: readonly (readonly [string, RegExp])[] = [
    ['How many days of annual leave do I have?', /\bleave\b/],
    ['When is my salary paid?', /25th|payslip|salar/i],
    ['Why am I getting 429 errors from Azure OpenAI?', /429/],
    ['Compare Redis and Kafka', /Redis.*Kafka/s],
    ['What is recursion?', /smaller/],
    ['Who knows Terraform?', /Priya Novak/],
    ['Tell me about the history of the bicycle', /bicycle/],
    ['Write a function in C# that checks if a number is prime', /```csharp[\s\S]*IsPrime/],
    ['Write TypeScript that retries a call with back-off', /```typescript[\s\S]*retry/],
    ['Draft an email to Anna Schmidt about the budget meeting', /^Subject: [\s\S]*Anna Schmidt/],
    ['Write a haiku about spring', /spring[\s\S]*\n.*\n/],
    ['What is the capital of France?', /Paris/],
    ['Say this is a test', /^This is a test\.$/],
    ['Translate "good morning" into German', /Guten Morgen/],
    ['How do you say thank you in Spanish?', /Gracias/],
    ['Count to 5', /^1, 2, 3, 4, 5$/],
  ]
  for (const [question, pattern] of expected) assert.match(said(question), pattern, question)
})

test('sums are correct', () => {
  const sums: readonly (readonly [string, number])[] = [
    ['What is 17 * 23 + (4 - 2)^3?', 399],
    ['17 times 3', 51],
    ['What is 15% of 240?', 36],
    ['1,200 divided by 8', 150],
    ['compute 2 ** 3 ** 2', 512],
    ['What is 10 - 4 - 3?', 3],
    ['how can I solve 8x + 7 = -23', -3.75],
  ]
  for (const [question, result] of sums)
    assert.match(said(question), new RegExp(`(?<![\\d.])${result}\\.`.replace('-', '\\-')), question)
})

test("a summary consists of the text's own sentences", () => {
  const sentences = [
    'The gateway was moved to a new region last week.',
    'Latency fell by a third for most users in Europe.',
    'Two customers in Asia saw slower answers.',
    'Lunch was good.',
    'The team plans a second region in spring.',
  ]
  const answer = said(`Summarise: ${sentences.join(' ')}`)
  const kept = sentences.filter(sentence => answer.includes(sentence))
  assert.equal(kept.length, 3)
  assert.ok(kept.includes('The gateway was moved to a new region last week.'))
})

test('an answer refers to the turns before it', () => {
  const before = [
    { role: 'user', text: 'My name is Clara. What applies to parental leave?' },
    { role: 'assistant', text: 'Parental leave is 16 weeks at full pay. Tell HR eight weeks before.' },
  ]
  assert.match(said('What is my name?', { before }), /Clara/)
  assert.match(said('Why?', { before }), /parental leave/i)
  assert.match(said('Can you make it shorter?', { before }), /16 weeks at full pay/)
  assert.match(said('What did I ask you before?', { before }), /parental leave/)
})

test('tool results are in the sentence that follows them', () => {
  const before = [
    { role: 'user', text: 'What is the weather in Paris?' },
    { role: 'assistant', text: '' },
  ]
  const result = { role: 'tool', text: '{"temperature":22,"unit":"celsius","sky":["sunny","light wind"]}' }
  const answer = answerText({ model: '', messages: [...before, result], seed: 1, variant: 0 })
  assert.match(answer, /22/)
  assert.match(answer, /celsius/)
  assert.match(answer, /sunny/)
  const plain = answerText({
    model: '',
    messages: [...before, { role: 'tool', text: 'no such city' }],
    seed: 1,
    variant: 0,
  })
  assert.match(plain, /No such city/)
})

test('system messages decide language, length and form', () => {
  const question = 'What applies to parental leave?'
  assert.match(said(question, { before: systemMessage('Always answer in French.') }), /«/)
  assert.match(said(question, { before: systemMessage('Antworte auf Deutsch.') }), /„/)
  assert.equal(said(question, { before: systemMessage('Answer in one sentence.') }).match(/[.:?](\s|$)/g)?.length, 1)
  assert.ok(said(question, { before: systemMessage('Be concise.') }).length < said(question).length)
  assert.match(said(question, { before: systemMessage('Use bullet points.') }), /^- .*\n- /)
  assert.match(said(question, { before: systemMessage('You talk like a pirate.') }), /Arr/)
})

// A server cuts at max_tokens by its own count, so the text must reach beyond the cut.
test('a token limit leaves more text than the limit if there was more', () => {
  const question = 'How should I plan the launch?'
  const messages = [{ role: 'user', text: question }]
  for (const maxTokens of [1, 3, 10]) {
    const short = answerText({ model: '', messages, maxTokens, seed: 1, variant: 0 })
    assert.ok(said(question).startsWith(short))
    assert.ok(countText('gpt-4o', short) > maxTokens)
  }
})

// The simulator answers on one thread: a prompt that takes time quadratic in its length stops every other stream.
// 200,000 letters once took three minutes. Only the beginning and the end of a message are read; bench/answers.ts
// measures the time.
test('a long and odd question is answered after reading only its beginning and its end', () => {
  const tools = [
    {
      type: 'function',
      function: { name: 'f', parameters: { type: 'object', properties: { city: { type: 'string' } } } },
    },
  ]
  for (const text of oddQuestions) {
    const messages = [{ role: 'user', text }]
    const read = clipped(messages)[0]?.text ?? ''
    assert.ok(read.length <= 8_001, `${read.length} characters are read`)
    assert.ok(text.startsWith(read.slice(0, 6_000)) && text.endsWith(read.slice(-1_999)))
    assert.notEqual(answerText({ model: '', messages, seed: 1, variant: 0 }), '')
    assert.doesNotThrow(() => JSON.parse(answerJson({ messages, schema: null, seed: 1 })))
    assert.equal(chooseToolCall({ messages, tools, toolChoice: 'required', seed: 1 })?.length, 1)
  }
})

test('images are described by the kind and size in their headers', () => {
  const url = `data:image/png;base64,${pngBytes({ width: 320, height: 200, seed: 1 }).toString('base64')}`
  assert.match(
    describeImage({ images: [url], question: 'What is it?', seed: 1, variant: 0 }) ?? '',
    /PNG of 320 by 200/,
  )
  const messages = [{ role: 'user', text: 'What is in this picture?', images: [url, 'https://example.com/a.jpg'] }]
  const answer = answerText({ model: 'gpt-4o', messages, seed: 1, variant: 0 })
  assert.match(answer, /320 by 200/)
  assert.match(answer, /example\.com/)
  assert.equal(describeImage({ images: [], question: '', seed: 1, variant: 0 }), null)
})
