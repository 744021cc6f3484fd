import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { collect } from '../../../../../test/support/wait.ts'
import { eventData } from './events.ts'

async function* cut(text: string, at: readonly number[]): AsyncGenerator<string> {
  let from = 0
  for (const to of [...at.map(place => place % (text.length + 1))].sort((one, other) => one - other)) {
    yield text.slice(from, to)
    from = Math.max(from, to)
  }
  yield text.slice(from)
}

async function dataOf(text: string, at: readonly number[] = []): Promise<string[]> {
  return collect(eventData(cut(text, at)))
}

test('events are read however lines end, and comments and other fields are no data', async () => {
  const text =
    ': hello\n\ndata: {"a":1}\n\ndata:two\r\ndata: lines\r\n\r\nevent: x\rid: 1\rdata:  blank\r\r\ndata: unfinished'
  assert.deepEqual(await dataOf(text), ['{"a":1}', 'two\nlines', ' blank'])
})

// Networks cut streams anywhere: a word that is lost or doubled by that would look like the model's own.
test('how a stream is cut into pieces changes nothing', async () => {
  const line = fc.constantFrom('data: one', 'data:', 'data: {"x":"\u00fc\u{1f600}"}', ': note', 'event: y', '')
  const end = fc.constantFrom('\n', '\r\n', '\r')
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(line, end)), fc.array(fc.nat()), async (lines, at) => {
      const text = lines.flat().join('')
      assert.deepEqual(await dataOf(text, at), await dataOf(text))
    }),
  )
})
