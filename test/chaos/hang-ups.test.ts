// A call that is cut at any point, by either side, in any framing, must not become cheaper: otherwise cutting is a way
// around every limit.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { startUpstream } from '../support/upstream.ts'
import { hangUpOnce, hangUps } from './hang-ups.ts'

const deployments = { 'gpt-4o': { model: 'gpt-4o' }, 'gpt-5': { model: 'gpt-5' } } as const

for (const readOn of ['10s', '0s']) {
  test(`F3 F21 for any cut, framing and disconnect no less is charged than was billed, drained for ${readOn}`, async t => {
    const upstream = await startUpstream(t, {
      deployments,
      change: config => ({
        ...config,
        gateway: { ...config.gateway, timeouts: { ...config.gateway?.timeouts, readOn } },
      }),
    })
    const sources = new Map<string, number>()
    await fc.assert(
      fc.asyncProperty(hangUps, async hangUp => {
        const { source } = (await hangUpOnce(upstream, hangUp)).usage
        sources.set(source, (sources.get(source) ?? 0) + 1)
      }),
      { numRuns: 150, interruptAfterTimeLimit: 60_000, markInterruptAsFailure: false },
    )
    t.diagnostic([...sources].map(([source, count]) => `${count} ${source}`).join(', '))
    for (const source of ['reported', 'counted', 'bounded'])
      assert.ok((sources.get(source) ?? 0) > 0, `none was ${source}`)
  })
}

test('F3 an answer that the backend cuts at any byte is charged at least what was billed', async t => {
  const upstream = await startUpstream(t, { deployments })
  const plain = {
    comment: null,
    fields: [],
    gap: ' ',
    manyLines: false,
    spaced: false,
    escapes: false,
    ends: ['\n'],
  } as const
  for (let afterBytes = 1; afterBytes < 420; afterBytes += 3) {
    await hangUpOnce(upstream, {
      model: 'gpt-5',
      stream: true,
      words: 2,
      hidden: 300,
      maximum: 'none',
      reports: 'at the end',
      asksForUsage: false,
      by: 'backend',
      afterBytes,
      framing: plain,
      sizes: [1_000],
    })
  }
})
