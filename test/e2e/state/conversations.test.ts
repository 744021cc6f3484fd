/** Conversations of many turns, in pools of every kind, while members are throttled, fail and come back. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Answered } from '../../support/objects.ts'
import { type Item, result, startStateful, stateless, turn, user, withoutIds } from '../../support/stateful.ts'
import type { JsonAnswer } from '../../support/twin-backends.ts'

const members = [{ instance: 'up1' }, { instance: 'up2' }]
const pools = {
  turns: { strategy: 'round-robin' as const, members },
  weighted: { strategy: 'weighted' as const, members },
  least: { strategy: 'least-loaded' as const, members },
  fastest: { strategy: 'lowest-latency' as const, members },
  alike: { strategy: 'weighted' as const, affinity: {}, members },
  first: { members: members.map((one, at) => ({ ...one, priority: at + 1 })) },
  spills: {
    members: members.map((one, at) => ({ ...one, priority: at + 1, ...(at === 0 ? { spillAtUtilization: 0.5 } : {}) })),
  },
}

const failures: Readonly<Record<string, JsonAnswer | null>> = {
  none: null,
  throttled: { status: 429, headers: { 'retry-after': '1' }, body: { error: { code: '429', message: 'Slow down.' } } },
  busy: { status: 503, body: { error: { code: null, message: 'Busy.' } } },
}

const forms = [
  { more: stateless, echo: (items: readonly Item[]) => items },
  { more: stateless, echo: withoutIds },
  { more: {}, echo: (items: readonly Item[]) => items },
] as const

const step = fc.record({
  conversation: fc.nat(2),
  one: fc.constantFrom('none', 'none', 'throttled', 'busy'),
  two: fc.constantFrom('none', 'none', 'throttled', 'busy'),
})
const plan = fc.record({
  pool: fc.constantFrom(...(Object.keys(pools) as (keyof typeof pools)[])),
  form: fc.constantFrom(...forms),
  steps: fc.array(step, { minLength: 3, maxLength: 8 }),
})

// The 400 of a member that cannot read the input would end the conversation; after any other error the client may
// retry.
test('F1 no turn of a conversation is ever answered with the 400 of another member', async t => {
  let nowMs = Date.now()
  const { twins, one, two } = await startStateful(t, {
    parts: { clock: () => nowMs },
    change: config => ({
      ...config,
      instances: Object.fromEntries(
        Object.entries(config.instances).map(([name, instance]) => [
          name,
          {
            ...instance,
            deployments: { 'gpt-5': { model: 'gpt-5', ...(name === 'up1' ? { kind: 'provisioned' as const } : {}) } },
          },
        ]),
      ),
      pools,
      workloads: Object.fromEntries(
        Object.entries(config.workloads).map(([name, workload]) => [
          name,
          { ...workload, targets: Object.keys(pools), deployments: ['gpt-5'] },
        ]),
      ),
    }),
  })
  const seen = new Map<number, number>()
  await fc.assert(
    fc.asyncProperty(plan, async ({ pool, form, steps }) => {
      const alice = await twins.as({ target: pool })
      const inputs: Item[][] = [[user], [user], [user]]
      for (const { conversation, ...state } of steps) {
        one.failing = failures[state.one] ?? null
        two.failing = failures[state.two] ?? null
        // Members that were excluded come back from time to time.
        nowMs += 700
        const answer: Answered = await alice.call('POST', 'responses', turn(inputs[conversation] ?? [], form.more))
        seen.set(answer.status, (seen.get(answer.status) ?? 0) + 1)
        assert.ok([200, 429, 503].includes(answer.status), `${pool}: ${JSON.stringify(answer.body)}`)
        if (answer.status === 200) inputs[conversation]?.push(...form.echo(answer.body['output'] as Item[]), result)
      }
    }),
    { numRuns: 60 },
  )
  assert.ok((seen.get(200) ?? 0) > 50, JSON.stringify([...seen]))
})
