import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { eventsOf } from './stream-events.ts'

test('events are read with every ending of lines, with and without a space, and comments are none', () => {
  const text = ': hello\r\n\r\nevent: response.created\r\ndata:{"a":1}\r\n\r\ndata: one\ndata: two\n\ndata: [DONE]\r\r'
  assert.deepEqual(eventsOf(text), [
    { at: 1, name: 'response.created', data: '{"a":1}' },
    { at: 2, name: 'message', data: 'one\ntwo' },
    { at: 3, name: 'message', data: '[DONE]' },
  ])
})

test('whatever lines of data are sent come back, event by event', () => {
  const line = fc.string().filter(text => !/[\r\n]/.test(text))
  fc.assert(
    fc.property(fc.array(fc.array(line, { minLength: 1 })), fc.constantFrom('\n', '\r\n'), (events, end) => {
      const text = events.map(lines => `${lines.map(one => `data: ${one}${end}`).join('')}${end}`).join('')
      assert.deepEqual(
        eventsOf(text).map(({ data }) => data),
        events.map(lines => lines.join('\n')),
      )
    }),
  )
})
