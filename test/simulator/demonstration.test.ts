import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { pasteLines } from '../../packages/gateway/src/demo/banner.ts'
import { desks } from '../../packages/gateway/src/demo/scenes.ts'
import { codeRows, topics } from '../../packages/simulator/src/azure/answers/data/index.ts'
import { answerText, type Turn } from '../../packages/simulator/src/azure/answers/index.ts'
import { topicFor } from '../../packages/simulator/src/azure/answers/topics.ts'

const seeds = [1, 2, 3, 7, 42]

function said(text: string, seed = 1, before: readonly Turn[] = []): string {
  return answerText({ model: 'gpt-4o', messages: [...before, { role: 'user', text }], seed, variant: 0 })
}

/** For each answer, words that only an answer to exactly this question has. */
const expected: Readonly<Record<string, readonly RegExp[]>> = {
  'How many days of parental leave do I have, and how do I apply for them?': [/16 weeks/, /HR portal/],
  'Can I carry unused vacation days over into next year?': [/five/, /31 March/],
  'Draft a friendly mail that invites the new colleagues to the onboarding on Monday.': [
    /^Subject: .*onboarding/,
    /^(?:Dear|Hello) new colleagues,$/m,
    /I would like to invite you to the onboarding on Monday\./,
  ],
  'What must I do before I work from abroad for two weeks?': [/approval/, /social security/],
  'Explain the difference between gross and net salary to an apprentice.': [/Gross/, /net/, /tax/],
  'Who approves a training budget of 1,200 euros?': [/manager/, /head of department/],
  'Summarise our travel policy for somebody who travels for the first time.': [/travel desk/, /30 days/],
  'My payslip shows a deduction that I do not understand. Which questions should I ask payroll?': [
    /1\. .*deduction.*\?/,
    /payroll run/,
  ],
  'Write a short job advertisement for a payroll specialist in Hamburg.': [
    /Payroll specialist .* in Hamburg/,
    /payslips/,
    /CV/,
  ],
  'How does the notice period change after five years with the company?': [/five years/, /months/],
  'Which documents does a working student need on the first day?': [/certificate of enrolment/, /tax ID/],
  'Translate into plain language: the remuneration shall be payable in arrears on a monthly basis.': [
    /Your pay comes at the end of each month/,
    /“in arrears” means/i,
  ],
  'Write a TypeScript function that groups an array of objects by a key.': [/```typescript\n[\s\S]*groupBy</],
  'Why does my Python generator return nothing the second time I loop over it?': [/only once/, /exhausted/],
  'Review this SQL: select * from orders where customer_id = 7 or 1 = 1': [/always true/, /select \*/, /```sql/],
  'Explain how a B-tree index speeds up a range query.': [/sorted/, /leaf pages/],
  'Turn this into a retry with exponential back-off: await fetch(url)': [/```javascript[\s\S]*retry[\s\S]*fetch\(url/],
  'What is the difference between optimistic and pessimistic locking?': [/version/, /Pessimistic/],
  'Write a unit test for a function that parses ISO 8601 durations.': [/PT1H30M/, /refused/],
  'How do I find out which of my Kubernetes pods are being throttled?': [/container_cpu_cfs_throttled/, /cpu\.stat/],
  'Give me a regular expression for a GUID, and say what it does not check.': [/\[0-9a-f\]\{8\}/, /does not check/],
  'Refactor nested callbacks into async and await, step by step.': [/1\. .*promise/, /await/],
  'Who knows about battery recycling and speaks French?': [/^Claire Fontaine/, /French/],
  'Find somebody with experience in migrating SAP to the cloud.': [/Rajesh Iyer/],
  'Which colleague could review a patent about optical sensors?': [/^Katrin Vogel/],
  'Somebody in Munich who has introduced ISO 27001 before?': [/^Florian Huber .*Munich/],
  'Expert for thermal simulation of small electric motors': [/^Ewa Kowalska/],
  'Who can explain our pricing model to a customer in Japan?': [/^Yuki Mori/],
}

/** Phrases without content, for any question. */
const filler =
  /best understood from|in brief:|says more than a definition|depends on the setting|here is what to know|this is what applies|have changed over time|point to look at is|from where things stand|Where “.*” and “.*” are mixed|side of .* would you like to look at|work nearest to it|undefined(?! or null)|\[object|\$1|\{\w+\}.*,$/m

const root = join(import.meta.dirname, '..', '..')

const nowhere = 'http://127.0.0.1:1'
const addresses = {
  gateway: nowhere,
  admin: nowhere,
  authority: nowhere,
  instance1: nowhere,
  instance2: nowhere,
  log: '.gatehouse/gateway.log',
  certificate: '/certificate.pem',
}

/** Questions beyond the demonstration, of every kind. */
const others = [
  ...pasteLines(addresses, null).flatMap(({ line }) =>
    [...line.matchAll(/(?:"content":"|bob ")([^'"]+)/g)].map(found => found[1] ?? ''),
  ),
  ...globSync('examples/*.{mjs,py}', { cwd: root }).flatMap(file =>
    [...readFileSync(join(root, file), 'utf8').matchAll(/"?content"?: ["']([^'"]+)/g)].map(found => found[1] ?? ''),
  ),
  'What is the quickest way to polish brass?',
  'Tell me about the history of glass',
  'How do I train for a marathon?',
  'Why does my car make a strange noise?',
  'Compare Toyota and Honda',
  'Write a Python script that downloads invoices from the accounting system',
  'Who was the inventor of the zip fastener?',
  'How tall is the church in our town?',
  'Which bicycle lock should I buy?',
  'ok',
  'What can you do?',
  'Explain the offside rule',
]

// People judge the demonstration by the answers that they read in it: filler there says that nothing in it is real.
test('every question of the demonstration gets an answer to that question', () => {
  const asked = desks.flatMap(desk => desk.questions.map(question => ({ question, system: desk.system })))
  assert.deepEqual(
    asked.map(({ question }) => question).filter(question => expected[question] === undefined),
    [],
  )
  for (const { question, system } of asked) {
    for (const seed of seeds) {
      for (const before of [[], [{ role: 'system', text: system }]]) {
        const answer = said(question, seed, before)
        for (const pattern of expected[question] ?? []) assert.match(answer, pattern, question)
      }
    }
  }
})

test('no answer contains filler, or a piece of its own template', () => {
  for (const question of [...Object.keys(expected), ...others])
    for (const seed of seeds) {
      const text = said(question, seed).replace(/```[\s\S]*?```/g, '')
      assert.doesNotMatch(text.replace(/= \$1/g, ''), filler, question)
    }
})

test('the questions of the banner are answered from the data files', () => {
  assert.match(said('How many days of leave do I have?'), /28 days/)
  assert.match(said('Draft a mail that welcomes a colleague.'), /Subject: Welcome[\s\S]*laptop/)
  assert.match(said('What is parental leave?'), /16 weeks/)
  assert.match(said('What is a mutex?'), /^A mutex .* lock/)
})

// A user that asks for C# and gets Python no longer trusts the other answers.
test('code is in the language that the question names', () => {
  const tasks = [
    'groups items by a key',
    'retries a call with back-off',
    'debounces a call',
    'parses JSON',
    'sorts records',
    'removes duplicates',
    'checks whether a text is a GUID',
    'reads a CSV file',
    'reads a file line by line',
    'parses ISO 8601 durations',
    'turns cheese into gold',
  ]
  const languages: Readonly<Record<string, string>> = {
    TypeScript: 'typescript',
    JavaScript: 'javascript',
    Python: 'python',
    'C#': 'csharp',
    Go: 'go',
  }
  for (const task of tasks)
    for (const [name, fence] of Object.entries(languages))
      assert.match(said(`Write a function in ${name} that ${task}`), new RegExp(`\`\`\`${fence}\n`), `${name}: ${task}`)
  for (const task of ['groups orders by customer', 'removes duplicates', 'finds the second highest salary'])
    assert.match(said(`Write SQL that ${task}`), /```sql\n/)
})

test('a follow-up asks for the same task in another language', () => {
  const question = 'Write a TypeScript function that groups an array of objects by a key.'
  const before = [
    { role: 'user', text: question },
    { role: 'assistant', text: said(question) },
  ]
  assert.match(said('And in Go?', 1, before), /```go\nfunc GroupBy/)
})

// Templates in JavaScript that do not parse would be copied from the demonstration into a terminal.
test('templates in JavaScript are valid programs', async () => {
  for (const { title, code } of codeRows) {
    if (code.javascript === undefined) continue
    const body = code.javascript.replace(/^import .*$/gm, '').replace(/^export /gm, '')
    assert.doesNotThrow(() => new Function(`return async () => {\n${body}\n}`), title)
  }
})

// A topic that its own first name does not find is dead text.
test('every topic is found by a way of naming it', () => {
  for (const topic of topics) {
    const ways = topic.ask.split('|').map(way =>
      way
        .trim()
        .split(' ')
        .map(slot => slot.split('/')[0])
        .join(' '),
    )
    assert.ok(
      ways.some(way => topicFor(way) === topic),
      topic.ask,
    )
  }
})
