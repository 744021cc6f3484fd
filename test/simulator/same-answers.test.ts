import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { digestOf, otherDigests } from './same-answers.ts'

const path = `${import.meta.dirname}/answers.json`
const recorded: {
  readonly texts: Readonly<Record<string, string>>
  readonly others: Readonly<Record<string, string>>
} = JSON.parse(readFileSync(path, 'utf8'))

// To record intended changes of the answers: GATEHOUSE_RECORD_ANSWERS=1 node --test test/simulator/same-answers.test.ts
if (process.env.GATEHOUSE_RECORD_ANSWERS === '1') {
  const texts = Object.fromEntries(Object.keys(recorded.texts).map(question => [question, digestOf(question)]))
  writeFileSync(path, `${JSON.stringify({ texts, others: otherDigests() }, null, 2)}\n`)
}

// Equal questions and seeds give equal bytes, also in the next version: tests of clients compare them.
test('the answers to 240 recorded questions are the same, byte for byte', () => {
  const changed = Object.entries(recorded.texts).filter(([question, digest]) => digestOf(question) !== digest)
  assert.deepEqual(
    changed.map(([question]) => question),
    [],
  )
})

test('speech, transcripts, embeddings and pictures are the same, byte for byte', () => {
  assert.deepEqual(otherDigests(), recorded.others)
})
