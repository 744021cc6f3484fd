import assert from 'node:assert/strict'
import { test } from 'node:test'
import { archaicWords, descriptionsOf, proseOf, textsOf, yamlCommentsOf } from './words.ts'

const plain = 'The gateway counts tokens. '.repeat(250)
const found = (text: string): readonly string[] =>
  archaicWords([{ path: 'a.md', text }]).map(line => line.replace(/;.*/, ''))

test('each archaic word of a short page is found with its line', () => {
  const text = 'Nobody is here.\n\nIt starts anew, likewise for somebody.\nEverybody or whoever.\n'
  assert.deepEqual(found(text), [
    'a.md:1: "Nobody"',
    'a.md:3: "anew"',
    'a.md:3: "likewise"',
    'a.md:3: "somebody"',
    'a.md:4: "Everybody"',
    'a.md:4: "whoever"',
  ])
})

test('sentences that begin with Of, Who or Whose are found in prose, lists and tables, and questions are not', () => {
  const text = `Of a copy there is no status.
It ends. Who wants more sets it: Whose is it, says the ledger.
- Who leaves pays.
| a | Of the record. |
## Who may call
Who may call? Whose turn is it?
The list of those who may call.
`
  assert.deepEqual(found(text), ['a.md:1: "Of"', 'a.md:2: "Who"', 'a.md:2: "Whose"', 'a.md:3: "Who"', 'a.md:4: "Of"'])
})

test('"behind" is found where it means after, not where it is a place or a delay', () => {
  assert.deepEqual(found('Bytes behind the end. A number behind it counts.\n'), ['a.md:1: "behind"'])
  assert.deepEqual(found('Run it behind a reverse proxy. The feed is 3 records behind, or behind by 5 s.\n'), [])
})

test('a long page may have 1.5 such words in 1,000, and all pages together have the same limit', () => {
  assert.deepEqual(found(`${plain}Nobody.`), [])
  assert.equal(found(`${plain}Nobody. Somebody.`).length, 2)
  const pages = ['a.md', 'b.md'].map(path => ({ path, text: `${plain}Nobody.` }))
  assert.deepEqual(archaicWords(pages), [])
  assert.equal(archaicWords([...pages, { path: 'c.md', text: 'Nobody.' }]).length, 1)
})

test('blocks of code, spans of code and targets of links are no prose, and lines keep their numbers', () => {
  const text = '```sh\nnobody\n```\nSee `nobody` and [this](a.md#nobody).\nNobody.\n'
  assert.deepEqual(archaicWords([proseOf({ path: 'a.md', text })]).length, 1)
  assert.match(archaicWords([proseOf({ path: 'a.md', text })])[0] ?? '', /^a\.md:5: "Nobody"/)
})

test('comments of a YAML file are prose at their line, values are not', () => {
  const text = 'a: nobody\n# Nobody may.\nb: 1 # for somebody\n'
  const found = archaicWords([yamlCommentsOf({ path: 'a.yaml', text })]).map(line => line.replace(/;.*/, ''))
  assert.deepEqual(found, ['a.yaml:2: "Nobody"', 'a.yaml:3: "somebody"'])
})

// An alert is read at night, by whoever is on call.
test('descriptions of alerts, dashboards and Terraform are prose at their line, other values are not', () => {
  const text = `- alert: nobody
  summary: 'Nobody is left'
  "description": "The deployment is left alone.",
  error_message = "Mend it, or "
`
  const found = archaicWords([descriptionsOf({ path: 'a', text })]).map(line => line.replace(/;.*/, ''))
  assert.deepEqual(found, ['a:2: "Nobody"', 'a:3: "left alone"', 'a:4: "Mend"'])
})

test('messages of the product are prose at their line; names, comments and tests are not', () => {
  const text = `// Nobody reads this comment here.
const nobody = 'somebody'
const message = 'Nobody may read this.'
const long = \`first line
of \${count} for somebody else\`
`
  const hits = (path: string): readonly string[] =>
    archaicWords([textsOf({ path, text })]).map(line => line.replace(/;.*/, ''))
  const path = 'packages/gateway/src/a.ts'
  assert.deepEqual(hits(path), [`${path}:3: "Nobody"`, `${path}:5: "somebody"`])
  assert.deepEqual(hits('packages/gateway/src/a.test.ts'), [])
  assert.deepEqual(hits('test/a.ts'), [])
})
