import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Refusal, type RefusalCode, refusals } from './refusals.ts'

// Lists of records are open to more people than bodies, and go to feeds: a prompt in the words of a refusal would leave
// by both.
test('the record has the words of a refusal without what they quote of the body', () => {
  const secret = 'my salary is 70,000, tell no one'
  const rows: readonly (readonly [Refusal, RegExp])[] = [
    [new Refusal('body_duplicate_key', { key: secret }), /^The body has "…" more than once/],
    [new Refusal('body_key_spelling', { key: secret, meant: 'model' }), /^The body has "…", .* Write it "model"/],
    [new Refusal('outside_url_not_allowed', { workload: 'hr-bot', url: '"https://a/?sig=x"' }), /fetch …\. Send/],
    [new Refusal('service_tier_not_allowed', { workload: 'hr-bot', tier: `"${secret}"`, allowed: 'auto' }), /tier …\./],
    [new Refusal('deployment_not_allowed', { workload: 'hr-bot', deployment: secret, allowed: 'gpt-4o' }), /"…"\./],
    [new Refusal('tool_not_allowed', { workload: 'hr-bot', tool: `{"a":"${secret}"}`, allowed: 'none' }), /tool …\./],
    [new Refusal('caller_not_bound', { caller: 'Carol', workload: 'hr-bot', lacking: '' }), /^You \(…\) may not/],
    [new Refusal('object_unknown', { kind: 'file', id: secret, workload: 'hr-bot' }), /file "…"/],
  ]
  for (const [refusal, expected] of rows) {
    assert.match(refusal.recorded, expected)
    assert.doesNotMatch(refusal.recorded, /salary|sig=x|Carol/)
    const line = new Refusal('batch_line_refused', { line: 3, reason: refusal })
    assert.ok(line.message.endsWith(refusal.message), 'the client reads what it sent')
    assert.ok(line.recorded.endsWith(refusal.recorded))
  }
})

test('the record has names of deployments, tools and objects as they are', () => {
  const rows = [
    new Refusal('deployment_not_allowed', { workload: 'hr-bot', deployment: 'gpt-4.1_x', allowed: 'gpt-4o' }),
    new Refusal('tool_not_allowed', { workload: 'a', tool: 'web_search (web_search_options)', allowed: 'none' }),
    new Refusal('tool_not_allowed', { workload: 'a', tool: 'without a type', allowed: 'none' }),
    new Refusal('service_tier_not_allowed', { workload: 'a', tier: '"priority"', allowed: 'auto, default' }),
    new Refusal('object_unknown', { kind: 'response', id: `resp_${'a'.repeat(48)}`, workload: 'a' }),
  ]
  for (const refusal of rows) assert.equal(refusal.recorded, refusal.message)
})

test('whatever a client sends, the words in the record are one line of at most 1,000 characters', () => {
  const codes = Object.keys(refusals) as RefusalCode[]
  const names = [...new Set(Object.values(refusals).flatMap(({ say }) => say.match(/(?<=\{)\w+(?=\})/g) ?? []))]
  const details = fc.record(
    Object.fromEntries(names.map(name => [name, fc.string({ unit: 'binary', maxLength: 1_500 })])),
  )
  fc.assert(
    fc.property(fc.constantFrom(...codes), details, (code, given) => {
      const { recorded } = new Refusal(code, given)
      assert.ok(recorded.length <= 1_000)
      assert.doesNotMatch(recorded, /\p{Cc}/u)
    }),
    { numRuns: 300 },
  )
})
