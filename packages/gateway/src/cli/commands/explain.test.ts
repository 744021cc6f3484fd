import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ExplainCall } from '../../admin/explain/index.ts'
import { startHouse } from '../../admin/house.fixture.ts'
import { recordId, recordRow } from '../../admin/ledger.fixture.ts'
import { run } from '../run.fixture.ts'

const url = '/main/hr-bot/openai/v1/chat/completions'
const oid = '44444444-0000-4000-8000-00000000000a'

// The file on a laptop is not always the one that the gateway runs with.
test('a running gateway is asked about a call, and its refusal is the exit code', async t => {
  const house = await startHouse(t)
  const asked: ExplainCall[] = []
  const answer = { status: 403, code: 'caller_not_bound', message: 'No.', type: 'x', param: null, retryAfterMs: null }
  Object.assign(house.running.calls, {
    explain: async (call: ExplainCall) => {
      asked.push(call)
      return [
        { stage: 'resolve', verdict: 'pass', text: 'Operation chat.', details: ['one\u001b[31m'] },
        { stage: 'authorize', verdict: 'refuse', text: '403: No.', answer },
      ]
    },
  })
  const args = ['config', 'explain', url, '--running', '--user', oid, '--group', oid, '--model', 'gpt-4o']
  const options = { admin: house.admin.url, token: () => house.token('bob') }
  const { code, out, err } = await run(args, options)
  assert.equal(code, 1)
  assert.match(err, /✗ refused {2}The call would be refused with caller_not_bound\./)
  assert.match(
    out,
    /✓ resolve {4}Operation chat\.\n {13}\s*· one·\[31m\n {2}✗ authorize {2}403: No\. \(caller_not_bound\)\n/,
  )
  const [call] = asked
  assert.deepEqual([call?.caller?.objectId, call?.caller?.groups, call?.model], [oid, [oid], 'gpt-4o'])
  const json = await run(args, { ...options, json: true })
  assert.equal(JSON.parse(json.out).steps[1].answer.code, 'caller_not_bound')
})

test('the call of a record is explained by its id', async t => {
  const house = await startHouse(t)
  await house.ledger.add(recordRow(recordId(1), { outcome: 'refused', outcomeCode: 'caller_not_bound', status: 403 }))
  const options = { admin: house.admin.url, token: () => house.token('bob') }
  const { code, out, err } = await run(['records', 'explain', recordId(1)], options)
  assert.deepEqual([code, err], [0, ''])
  assert.match(out, /^POST .* without a token\n/)
  assert.match(out, /Then: refused 403 caller_not_bound\n/)
  assert.match((await run(['records', 'explain', recordId(2)], options)).err, /record_unknown/)
})
