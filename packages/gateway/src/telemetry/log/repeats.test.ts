import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { LogFields } from '../../log.ts'
import { memoryLog } from './log.fixture.ts'
import { Repeats } from './repeats.ts'

interface Scene {
  nowMs: number
  readonly reported: { readonly fields: LogFields; readonly event: string }[]
  readonly repeats: Repeats
}

function scene(): Scene {
  const reported: Scene['reported'] = []
  const made: Pick<Scene, 'nowMs'> = { nowMs: 0 }
  const repeats = new Repeats({
    clock: () => made.nowMs,
    report: (_level, fields, event) => void reported.push({ fields, event }),
  })
  return Object.assign(made, { reported, repeats })
}

// Without it, a client in a loop, or an instance that is away, fills the disk of the log.
test('of lines that say the same a minute has twenty, then one with their number', () => {
  const { log, now, parsed } = memoryLog()
  for (let at = 0; at < 1_223; at += 1) {
    log.warn({ requestId: `${at}`, instance: 'east', code: 'ECONNREFUSED' }, 'backend_failed')
  }
  assert.equal(now.length, 20)
  log.close()
  const { time: _, ...sum } = parsed().at(-1) ?? {}
  assert.deepEqual(sum, {
    ...{ level: 'warn', instance: 'east', code: 'ECONNREFUSED', repeated: 1_203, msg: 'backend_failed' },
  })
  const pretty = memoryLog({ format: 'pretty' })
  for (let at = 0; at < 1_223; at += 1) pretty.log.warn({}, 'backend_failed')
  pretty.log.close()
  assert.match(pretty.now.at(-1) ?? '', /WARN {2}backend_failed said 1,203 times more\n$/)
})

test('the next minute has lines again, after the number of those that the last one left out', () => {
  const one = scene()
  const takes = (): number =>
    Array.from({ length: 50 }, () => one.repeats.takes('warn', { code: 'a' }, 'event')).filter(Boolean).length
  assert.equal(takes(), 20)
  one.nowMs = 59_999
  assert.equal(takes(), 0)
  one.nowMs = 60_000
  assert.equal(takes(), 20)
  assert.deepEqual(one.reported, [{ fields: { code: 'a', repeated: 80 }, event: 'event' }])
})

test('audit lines are never left out, but refusals to one caller are', () => {
  const { repeats } = scene()
  const taken = (event: string, caller: string): number =>
    Array.from({ length: 100 }, () => repeats.takes('info', { audit: true, caller }, event)).filter(Boolean).length
  assert.deepEqual([taken('bodies_read', 'a'), taken('admin_refused', 'a'), taken('admin_refused', 'b')], [100, 20, 20])
})

test('every line is written or counted, in a bounded number of lines', () => {
  const line = fc.record({
    code: fc.nat(400).map(String),
    event: fc.constantFrom('one', 'two'),
    afterMs: fc.constantFrom(0, 0, 0, 100, 70_000, -200_000),
  })
  fc.assert(
    fc.property(fc.array(line, { maxLength: 2_000 }), lines => {
      const one = scene()
      let written = 0
      for (const { code, event, afterMs } of lines) {
        one.nowMs += afterMs
        if (one.repeats.takes('warn', { code }, event)) written += 1
      }
      one.repeats.close()
      const counted = one.reported.reduce((sum, { fields }) => sum + Number(fields['repeated']), 0)
      assert.equal(written + counted, lines.length)
    }),
    { numRuns: 50 },
  )
  const flood = scene()
  let written = 0
  for (let at = 0; at < 100_000; at += 1) if (flood.repeats.takes('warn', { code: `${at}` }, 'one')) written += 1
  assert.equal(written, 220)
})
