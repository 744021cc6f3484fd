import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { SentRecords } from './sent-records.ts'

// The audit trail says how many records are in the file: one that was sent twice is one.
test('records that are sent again after a break count once, wherever it broke', () => {
  const breaks = fc.array(fc.tuple(fc.nat(50), fc.nat(50)), { maxLength: 8 })
  fc.assert(
    fc.property(fc.nat(300), breaks, (all, cuts) => {
      const ids = Array.from({ length: all }, (_, at) => `record-${at}`)
      const sent = new SentRecords()
      let at = 0
      for (const [more, lost] of cuts) {
        sent.add(ids.slice(at, at + more))
        at = Math.max(0, Math.min(all, at + more) - lost)
        assert.equal(sent.goOnAfter(at === 0 ? null : (ids[at - 1] ?? '')), true)
        assert.equal(sent.count, at)
      }
      sent.add(ids.slice(at))
      assert.equal(sent.count, all)
    }),
  )
})

test('a record that was not sent, or is long gone, is no place to go on', () => {
  const sent = new SentRecords()
  const ids = Array.from({ length: 60_000 }, (_, at) => `record-${at}`)
  for (let at = 0; at < ids.length; at += 1_000) sent.add(ids.slice(at, at + 1_000))
  assert.equal(sent.goOnAfter('record-x'), false)
  assert.equal(sent.goOnAfter('record-0'), false)
  assert.equal(sent.goOnAfter(null), false)
  assert.equal(sent.count, 60_000)
  assert.equal(sent.goOnAfter('record-59998'), true)
  assert.equal(sent.count, 59_999)
})
