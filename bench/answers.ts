/**
 * `node bench/answers.ts`: CPU time that the simulated models need for an answer, and for questions that are long and
 * odd.
 */
import { readFileSync } from 'node:fs'
import { answerJson, answerText, chooseToolCall } from '../packages/simulator/src/azure/answers/index.ts'
import { oddQuestions } from '../test/simulator/odd-questions.ts'

const rounds = 10
const answerMsMax = 0.5
const oddMsMax = 2_000

const file: { readonly texts: Readonly<Record<string, string>> } = JSON.parse(
  readFileSync(new URL('../test/simulator/answers.json', import.meta.url), 'utf8'),
)
const questions = Object.keys(file.texts)

function cpuMs(work: () => void): number {
  const before = process.cpuUsage()
  work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1_000
}

function askAll(seed: number): void {
  for (const text of questions) answerText({ model: '', messages: [{ role: 'user', text }], seed, variant: 0 })
}

function report(figure: string, ms: number, msMax: number): void {
  const isMet = ms <= msMax
  process.stdout.write(`${isMet ? '✓' : '✗'} ${figure}: ${ms.toFixed(3)} ms (at most ${msMax})\n`)
  if (!isMet) process.exitCode = 1
}

askAll(0)
const total = cpuMs(() => {
  for (let round = 1; round <= rounds; round += 1) askAll(round)
})
report('an answer', total / rounds / questions.length, answerMsMax)

const odd = oddQuestions.map(text => {
  const messages = [{ role: 'user', text }]
  return cpuMs(() => {
    answerText({ model: '', messages, seed: 1, variant: 0 })
    answerJson({ messages, schema: null, seed: 1 })
    chooseToolCall({ messages, tools: [], toolChoice: 'required', seed: 1 })
  })
})
report('a question of 200,000 letters, the slowest', Math.max(...odd), oddMsMax)
