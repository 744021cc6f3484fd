import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type AnswerError, errorIn, noError } from '../../wire/answer-error.ts'
import { backends, type RefusalScope } from '../../wire/backends.ts'
import {
  type Additions,
  mayBeRefusal,
  type RefusedAddition,
  refusedAddition,
  refusesGateway,
  safeToReplay,
} from './replay.ts'

const backend = backends['azure-openai']
const answered = (status: number, code: string | null = null, message: string | null = null) =>
  safeToReplay({ kind: 'answered', status, error: { ...noError, code, message }, backend })

// One row too many here is a bill that is paid twice; one row too few is a call that fails without need.
test('P11 exactly these failures are safe to replay', () => {
  assert.equal(safeToReplay({ kind: 'unanswered', sent: false }), true)
  assert.equal(safeToReplay({ kind: 'unanswered', sent: true }), false)
  assert.equal(answered(404, 'DeploymentNotFound'), true)
  assert.equal(answered(400, 'BadRequest', 'Missing deployment: the request names none.'), true)
  assert.equal(answered(400, 'DeploymentNotFound'), true)
  assert.equal(answered(404, '404', 'Resource not found'), true)
  assert.equal(answered(404, 'not_found', 'No file found with id'), false)
  assert.equal(answered(400, 'invalid_encrypted_content', 'The encrypted content could not be verified.'), true)
  assert.equal(answered(400, null, "Item with id 'rs_a' not found."), true)
  assert.equal(
    answered(404, null, "Item with id 'rs_a' not found. Items are not persisted when `store` is false."),
    true,
  )
  assert.equal(answered(400, null, "The model said: Item with id 'rs_a' not found."), false)
  assert.equal(answered(500, 'invalid_encrypted_content'), false)
  assert.equal(answered(400, 'content_filter', 'Your text says: missing deployment'), false)
  const safe: number[] = []
  for (let status = 200; status < 600; status += 1) if (answered(status)) safe.push(status)
  assert.deepEqual(safe, [429, 503])
})

test('answers that may be replayed are held, and successes never are', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 200, max: 599 }),
      fc.option(fc.string()),
      fc.option(fc.string()),
      (status, code, message) => {
        if (answered(status, code, message)) assert.ok(mayBeRefusal(status))
        if (status < 400) assert.equal(mayBeRefusal(status), false)
        if (backend.lacksDeployment(status, { ...noError, code, message })) assert.ok(status === 404 || status === 400)
      },
    ),
  )
})

test('the error in a body is found if there is one, whatever the body is', () => {
  const body = (text: string) => errorIn(Buffer.from(text))
  assert.deepEqual(body('{"error":{"code":"DeploymentNotFound","message":"It does not exist."}}'), {
    code: 'DeploymentNotFound',
    message: 'It does not exist.',
    type: null,
    param: null,
    innerCode: null,
  })
  for (const text of ['', 'Bad Gateway', '{', '[]', '{"error":null}', '{"error":"odd"}', '{"error":{"code":404}}']) {
    assert.deepEqual(body(text), noError, text)
  }
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), bytes => void errorIn(Buffer.from(bytes))))
})

const network = 'Access denied due to Virtual Network/Firewall rules.'
const lacksAction = 'The principal `1` lacks the required data action `x` to perform `POST /openai/…` operation.'
const refusals: readonly (readonly [number, Partial<AnswerError>, RefusalScope | null])[] = [
  [401, {}, 'backend'],
  [401, { code: '401', message: 'Access denied due to invalid subscription key or wrong API endpoint.' }, 'backend'],
  [401, { code: 'PermissionDenied', message: lacksAction }, 'backend'],
  [403, { code: 'AuthenticationTypeDisabled', message: 'Key based authentication is disabled.' }, 'backend'],
  [403, { code: '403', message: network }, 'backend'],
  [403, { code: 'Forbidden', message: 'Public access is disabled. Please configure private endpoint.' }, 'backend'],
  [403, { code: 'PermissionDenied', message: lacksAction }, 'unknown'],
  [
    403,
    { code: '403', message: 'Your resource has been temporarily blocked because we detected behavior …' },
    'unknown',
  ],
  [403, {}, 'unknown'],
  [403, { code: 'content_policy_violation' }, null],
  [403, { code: 'content_filter' }, null],
  [403, { code: 'x', innerCode: 'ResponsibleAIPolicyViolation' }, null],
  [403, { code: 'forbidden', param: 'tools[0].file_ids' }, null],
  [400, { code: '401' }, null],
  [404, { code: 'PermissionDenied' }, null],
]

// Otherwise one odd request could close a member for all callers; and a caller cannot fix a wrong key of the pool.
test('F4 codes tell a refusal of the gateway from a refusal of the request', () => {
  for (const [status, error, found] of refusals) {
    const whole = { ...noError, ...error }
    assert.equal(refusesGateway(status, whole, backend, false), found, JSON.stringify([status, error]))
    assert.equal(refusesGateway(status, whole, backend, true), found === 'backend' ? 'unknown' : found)
  }
  const texts = fc.option(fc.string())
  fc.assert(
    fc.property(fc.integer({ min: 200, max: 599 }), texts, texts, fc.boolean(), (status, code, message, outside) => {
      const found = refusesGateway(status, { ...noError, code, message }, backend, outside)
      if (status !== 401 && status !== 403) assert.equal(found, null)
    }),
  )
})

// A restricted key works for other operations: closing the lane would take those away from all callers.
test('F4 a 401 of OpenAI is about the whole instance only when the key itself is refused', () => {
  const scopes = 'You have insufficient permissions for this operation. Missing scopes: api.responses.write.'
  const rows: readonly (readonly [string, RefusalScope])[] = [
    [`{"error":{"message":"${scopes}","type":"invalid_request_error","param":null,"code":null}}`, 'operation'],
    [`{"error":{"message":"${scopes}","type":"invalid_request_error","code":"missing_scope"}}`, 'operation'],
    ['{"error":{"message":"You do not have access to this.","param":null,"code":null}}', 'unknown'],
    ['{"error":{"message":"Incorrect API key provided.","param":null,"code":"invalid_api_key"}}', 'backend'],
    ['{"error":"Unauthorized"}', 'backend'],
  ]
  for (const [body, scope] of rows) {
    assert.equal(refusesGateway(401, errorIn(Buffer.from(body)), backends.openai, false), scope, body)
  }
})

// An account without credit refuses everything until a person pays: it is not throttling, which passes by itself.
test('F4 a 429 of OpenAI about billing refuses the gateway, and one about its rate limits does not', () => {
  const rows: readonly (readonly [number, object, RefusalScope | null])[] = [
    [429, { type: 'insufficient_quota', code: 'insufficient_quota' }, 'backend'],
    [429, { type: 'insufficient_quota', code: null }, 'backend'],
    [429, { type: 'insufficient_quota', code: 'project_spend_limit_exceeded' }, 'backend'],
    [429, { type: 'invalid_request_error', code: 'organization_usage_limit_exceeded' }, 'backend'],
    [429, { type: 'billing_not_active', code: 'billing_not_active' }, 'backend'],
    [402, { message: 'Insufficient Balance', type: 'unknown_error', code: 'invalid_request_error' }, 'unknown'],
    [429, { type: 'requests', code: 'rate_limit_exceeded' }, null],
    [429, { type: 'tokens', code: 'rate_limit_exceeded' }, null],
    [429, {}, null],
    [400, { type: 'insufficient_quota', code: 'insufficient_quota' }, null],
  ]
  for (const [status, error, scope] of rows) {
    const found = errorIn(Buffer.from(JSON.stringify({ error })))
    assert.equal(refusesGateway(status, found, backends.openai, false), scope, JSON.stringify([status, error]))
    if (status === 429) assert.equal(refusesGateway(status, found, backend, false), null, 'Azure has no such answer')
  }
})

function refusedBy(status: number, body: Buffer, added: Additions): RefusedAddition | null {
  return refusedAddition(status, errorIn(body), body, added)
}

test('F5 a refusal of the usage options is recognised in any form, and a prompt that names them is not one', () => {
  const usage = { usage: true, maximum: null, hasOtherName: false }
  const refuses = (status: number, body: unknown) =>
    refusedBy(status, Buffer.from(JSON.stringify(body)), usage) === 'usage'
  const words = ['stream_options', 'stream_options.include_usage', 'include_usage', 'Stream options', 'include-usage']
  for (const word of words) {
    assert.ok(refuses(400, { error: { message: `Unrecognized request argument supplied: ${word}`, code: null } }))
    assert.ok(refuses(422, { error: { code: 'Invalid input', message: `extra_forbidden ${word}`, status: 422 } }))
    assert.ok(refuses(422, { detail: [{ type: 'extra_forbidden', loc: ['body', word] }] }))
    assert.ok(refuses(400, { error: { message: 'Unknown parameter', param: word, code: 'unknown_parameter' } }))
    assert.equal(refuses(500, { error: { message: word } }), false)
    assert.equal(refuses(404, { error: { message: word } }), false)
    assert.equal(
      refuses(400, { error: { message: `filtered: ${word}`, code: 'content_filter', param: 'prompt' } }),
      false,
    )
    assert.equal(refuses(400, { error: { message: `not a type: ${word}`, param: 'messages[0].content' } }), false)
  }
  assert.equal(refuses(400, { error: { message: 'max_tokens is too large', param: null } }), false)
})

test('W3 a refusal of the maximum is recognised in any form, and a refusal of something else is not one', () => {
  const added = { usage: false, maximum: 'max_tokens', hasOtherName: true }
  const found = (status: number, error: unknown) => refusedBy(status, Buffer.from(JSON.stringify({ error })), added)
  const unknown = { message: 'Unrecognized request argument supplied: max_tokens', param: null }
  const large = {
    message: 'max_tokens is too large: 9. This model supports at most 8 completion tokens',
    param: 'max_tokens',
  }
  for (const status of [400, 422]) {
    assert.equal(found(status, unknown), 'maximum')
    assert.equal(
      found(status, { code: 'unsupported_parameter', message: 'no max_tokens', param: 'max_tokens' }),
      'maximum',
    )
    assert.equal(found(status, large), 'maximum_too_large')
    assert.equal(found(status, { ...large, param: 'messages' }), null)
    assert.equal(found(status, { ...large, code: 'content_filter' }), null)
    assert.equal(found(status, { message: 'max_tokens must be larger than the budget' }), null)
  }
  const body = Buffer.from(JSON.stringify({ detail: [{ type: 'extra_forbidden', loc: ['body', 'max_tokens'] }] }))
  assert.equal(refusedBy(422, body, added), 'maximum')
  assert.equal(refusedBy(422, body, { ...added, hasOtherName: false }), null, 'there is no other name to try')
  fc.assert(
    fc.property(
      fc.integer({ min: 200, max: 599 }),
      fc.option(fc.string()),
      fc.option(fc.string()),
      (status, code, message) => {
        const result = found(status, { code, message })
        if (result !== null) assert.ok((status === 400 || status === 422) && message?.includes('max_tokens') === true)
      },
    ),
  )
})
