import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { Questions } from './questions.ts'

interface Asked {
  readonly name: string
  readonly done: () => void
}

function scene(options: Partial<ConstructorParameters<typeof Questions>[0]> = {}) {
  const questions = new Questions({ atOnce: 2, perReader: 4, waitMs: 60_000, ...options })
  const asked: Asked[] = []
  const ask = (reader: string, name: string, signal = new AbortController().signal): Promise<string> =>
    questions.ask(reader, signal, () => new Promise(resolve => asked.push({ name, done: () => resolve(name) })))
  const under = (): string[] => asked.map(({ name }) => name)
  const end = async (): Promise<void> => {
    asked.shift()?.done()
    await turn()
  }
  return { ask, asked, under, end }
}

// In the past, sixty reports over a year kept every other reader from an answer.
test("W6 a reader has one question at the ledger, and the next turn is another reader's", async () => {
  const { ask, under, end } = scene()
  const all = [ask('greedy', 'g1'), ask('greedy', 'g2'), ask('greedy', 'g3'), ask('other', 'o1'), ask('third', 't1')]
  await turn()
  assert.deepEqual(under(), ['g1', 'o1'])
  await end()
  assert.deepEqual(under(), ['o1', 'g2'], 'the turns of the readers, while t1 waits')
  await end()
  assert.deepEqual(under(), ['g2', 't1'])
  await end()
  assert.deepEqual(under(), ['t1', 'g3'])
  await end()
  await end()
  assert.deepEqual(await Promise.all(all), ['g1', 'g2', 'g3', 'o1', 't1'])
})

test('W6 the questions of a reader are bounded; those of a reader that left are dropped', async () => {
  const { ask, under, end } = scene()
  const leaving = new AbortController()
  const kept = [ask('a', 'a1'), ask('a', 'a2')]
  const left = ask('a', 'a3', leaving.signal)
  const last = ask('a', 'a4')
  await assert.rejects(ask('a', 'a5'), { code: 'questions_exhausted' })
  leaving.abort()
  await assert.rejects(left, { code: 'ledger_busy' })
  await assert.rejects(ask('a', 'a6', leaving.signal), { code: 'ledger_busy' }, 'it had left before')
  await turn()
  for (const name of ['a1', 'a2', 'a4']) {
    assert.deepEqual(under(), [name])
    await end()
  }
  assert.deepEqual(await Promise.all([...kept, last]), ['a1', 'a2', 'a4'])
})

test('W6 a turn that does not come in time is a 503, and a question that fails passes its turn on', async t => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const questions = new Questions({ atOnce: 1, perReader: 4, waitMs: 1_000 })
  const { signal } = new AbortController()
  const { promise, reject } = Promise.withResolvers<string>()
  const first = questions.ask('a', signal, () => promise)
  const late = questions.ask('b', signal, async () => 'b')
  t.mock.timers.tick(1_000)
  await assert.rejects(late, { code: 'ledger_busy' })
  const next = questions.ask('c', signal, async () => 'c')
  reject(new Error('no'))
  await assert.rejects(first, { message: 'no' })
  assert.equal(await next, 'c')
})
