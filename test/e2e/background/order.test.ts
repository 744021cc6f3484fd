/**
 * Background work is charged once and never too little, whatever clients do with it in whatever order, and however
 * often the gateway restarts.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type BackgroundWorld, leaveAt, startBackground } from '../../support/background.ts'
import { eventually } from '../../support/wait.ts'

const outputMost = 400

type Step =
  | { readonly kind: 'begin'; readonly stream: boolean; readonly leaveAt: string }
  | { readonly kind: 'get' | 'leaveGet' | 'delete'; readonly of: number }
  | { readonly kind: 'finish' | 'cancel'; readonly of: number; readonly output: number; readonly tells: boolean }
  | { readonly kind: 'wait'; readonly seconds: number }
  | { readonly kind: 'restart' }

const of = fc.nat({ max: 5 })
const output = fc.nat({ max: outputMost })
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('begin'),
      stream: fc.boolean(),
      leaveAt: fc.constantFrom('response.created', 'the castle'),
    }),
  },
  { weight: 6, arbitrary: fc.record({ kind: fc.constantFrom('get', 'leaveGet'), of }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('delete'), of }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constantFrom('finish', 'cancel'), of, output, tells: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('wait'), seconds: fc.nat({ max: 60 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('restart') }) },
)

/** What the instance bills for each object of a run, by its id. */
class Run {
  readonly billed = new Map<string, number>()
  readonly #by: BackgroundWorld

  constructor(by: BackgroundWorld) {
    this.#by = by
  }

  async take(one: Step): Promise<void> {
    switch (one.kind) {
      case 'begin':
        return this.#begin(one.stream, one.leaveAt)
      case 'wait':
        this.#by.time.ms += one.seconds * 1_000
        return
      case 'restart':
        return this.#by.restart()
      case 'finish':
      case 'cancel':
        return this.#end(one)
      default:
        return this.#ask(one)
    }
  }

  async #begin(stream: boolean, words: string): Promise<void> {
    const body = { model: 'gpt-5', background: true, stream, max_output_tokens: outputMost, input: 'Plan a week' }
    const answer = await this.#by.sends('POST', 'responses', body)
    const text = stream ? await leaveAt(answer, words) : await answer.text()
    const id = /"id":"(resp_\d+)"/.exec(text)?.[1] ?? assert.fail(text)
    // What is billed at the end, if nothing ends it earlier.
    this.billed.set(id, 12 + outputMost)
  }

  #idOf(at: number): string | null {
    const ids = [...this.billed.keys()]
    return ids.length === 0 ? null : (ids[at % ids.length] ?? null)
  }

  async #end({ kind, of: at, output: tokens, tells }: Extract<Step, { output: number }>): Promise<void> {
    const id = this.#idOf(at)
    const work = id === null ? undefined : this.#by.works.get(id)
    if (id === null || work === undefined || work.status !== 'in_progress') return
    this.billed.set(id, 12 + tokens)
    // A service does not have to report what cancelled work used.
    work.usage = kind === 'cancel' && !tells ? null : { input: 12, output: tokens }
    if (kind === 'finish') work.status = 'completed'
    else await (await this.#by.sends('POST', `responses/${id}/cancel`, {})).text()
  }

  async #ask({ kind, of: at }: Extract<Step, { kind: 'get' | 'leaveGet' | 'delete' }>): Promise<void> {
    const id = this.#idOf(at)
    if (id === null) return
    const path = `responses/${id}${kind === 'leaveGet' ? '?stream=true&starting_after=0' : ''}`
    const answer = await this.#by.sends(kind === 'delete' ? 'DELETE' : 'GET', path)
    if (kind === 'leaveGet' && answer.status === 200) await leaveAt(answer, 'response.created')
    else await answer.text()
  }

  /** All work ends, and the gateway has time to poll all of it. */
  async settle(): Promise<void> {
    for (const [id, work] of this.#by.works) {
      if (!this.billed.has(id) || work.status !== 'in_progress') continue
      work.usage = { input: 12, output: outputMost }
      work.status = 'completed'
    }
    await eventually('no charge is open', async () => {
      this.#by.time.ms += 60_000
      await this.#by.records()
      return (await this.#by.house.ledger.owed(0)).length === 0 ? true : null
    })
  }

  async check(): Promise<void> {
    const records = await this.#by.records()
    for (const [id, billed] of this.billed) {
      const charges = records.filter(({ objectId, usage }) => objectId === id && usage.totalTokens !== null)
      const what = `${id}: ${JSON.stringify(charges.map(({ usage, operation, method }) => [method, operation, usage]))}`
      assert.equal(charges.length, 1, `charged once, ${what}`)
      assert.ok((charges[0]?.usage.totalTokens ?? 0) >= billed - 2, `billed ${billed}, ${what}`)
    }
    assert.equal(this.#by.house.ledger.journal.writable, true)
  }
}

test('H2 F2 background work is charged once and not too little, whatever is done with it in whatever order', async t => {
  const by = await startBackground(t)
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 24 }), async steps => {
      const run = new Run(by)
      for (const one of steps) await run.take(one)
      await run.settle()
      await run.check()
    }),
    { numRuns: 12, endOnFailure: true },
  )
})
