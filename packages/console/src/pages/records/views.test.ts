import assert from 'node:assert/strict'
import { test } from 'node:test'
import { viewsIn, withView } from './views.ts'

test('a view of the same name is replaced, and views are in the order of their names', () => {
  const first = withView([], { name: 'slow', address: { durationOverMs: '2000' } })
  const second = withView(first, { name: 'failed', address: { outcome: 'failed' } })
  const third = withView(second, { name: 'slow', address: { durationOverMs: '5000' } })
  assert.deepEqual(third, [
    { name: 'failed', address: { outcome: 'failed' } },
    { name: 'slow', address: { durationOverMs: '5000' } },
  ])
})

// Another version of the page, or a person with the tools of the browser, may have written there.
test('what the browser has kept is used only where it is a view', () => {
  const good = { name: 'failed', address: { outcome: 'failed' } }
  assert.deepEqual(viewsIn([good, null, 3, { name: 'x' }, { name: 'x', address: { outcome: 3 } }]), [good])
  assert.deepEqual(viewsIn({ length: 1 }), [])
})
