import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { instanceSecret, Seal } from './sealed.ts'

const texts = fc.string({ unit: 'binary' })

test('F1 a sealed text opens with its own secret, and with no other', () => {
  const [one, other] = [new Seal(instanceSecret(7, 'one')), new Seal(instanceSecret(7, 'two'))]
  const sealed = fc.property(texts, fc.nat(), fc.string(), (text, atSeconds, salt) => {
    const token = one.seal(text, atSeconds, salt)
    assert.match(token, /^gA[\w-]+=*$/)
    assert.deepEqual([one.open(token), other.open(token)], [text.toWellFormed(), null])
    assert.equal(token, one.seal(text, atSeconds, salt))
  })
  fc.assert(sealed, { numRuns: 200 })
})

test('F1 any input is opened or refused, never an exception', () => {
  const seal = new Seal(instanceSecret(null, 'one'))
  const brought = fc.oneof(
    fc.string(),
    fc.base64String(),
    fc.uint8Array().map(bytes => Buffer.from(bytes).toString('base64url')),
  )
  fc.assert(
    fc.property(brought, text => seal.open(text) === null),
    { numRuns: 300 },
  )
})
