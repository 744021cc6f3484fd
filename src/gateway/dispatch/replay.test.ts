import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { errorIn, lacksDeployment, mayBeRefusal, safeToReplay } from './replay.ts'

const answered = (status: number, code: string | null = null, message: string | null = null) =>
  safeToReplay({ kind: 'answered', status, error: { code, message } })

// One row too many here is a bill that is paid twice; one too few is a call that failed for nothing.
test('P11 exactly these failures are safe to try again', () => {
  assert.equal(safeToReplay({ kind: 'unanswered', sent: false }), true)
  assert.equal(safeToReplay({ kind: 'unanswered', sent: true }), false)
  assert.equal(answered(404, 'DeploymentNotFound'), true)
  assert.equal(answered(400, 'BadRequest', 'Missing deployment: the request names none.'), true)
  assert.equal(answered(400, 'DeploymentNotFound'), true)
  assert.equal(answered(404, '404', 'Resource not found'), false)
  assert.equal(answered(400, 'content_filter', 'Your text says: missing deployment'), false)
  const safe: number[] = []
  for (let status = 200; status < 600; status += 1) if (answered(status)) safe.push(status)
  assert.deepEqual(safe, [429, 503])
})

test('what may be replayed is held, and nothing that succeeds ever is', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 200, max: 599 }),
      fc.option(fc.string()),
      fc.option(fc.string()),
      (status, code, message) => {
        if (answered(status, code, message)) assert.ok(mayBeRefusal(status))
        if (status < 400) assert.equal(mayBeRefusal(status), false)
        if (lacksDeployment(status, { code, message })) assert.ok(status === 404 || status === 400)
      },
    ),
  )
})

test('the error of a body is read where there is one, whatever the body is', () => {
  const body = (text: string) => errorIn(Buffer.from(text))
  assert.deepEqual(body('{"error":{"code":"DeploymentNotFound","message":"It does not exist."}}'), {
    code: 'DeploymentNotFound',
    message: 'It does not exist.',
  })
  const none = { code: null, message: null }
  for (const text of ['', 'Bad Gateway', '{', '[]', '{"error":null}', '{"error":"odd"}', '{"error":{"code":404}}']) {
    assert.deepEqual(body(text), none, text)
  }
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), bytes => void errorIn(Buffer.from(bytes))))
})
