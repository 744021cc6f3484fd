import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { startHouse } from '../../admin/house.fixture.ts'
import { ruleReport } from '../../admin/running.fixture.ts'
import type { AuditPage } from '../../audit/index.ts'
import { type Run, run } from '../run.fixture.ts'

const nowMs = Date.UTC(2026, 10, 25, 12)

async function start(t: TestContext) {
  const house = await startHouse(t, { clock: () => nowMs })
  const token = (options?: { as?: string | undefined }): Promise<string> => house.token(options?.as ?? 'alice')
  return {
    house,
    limits: (...args: readonly string[]): Promise<Run> =>
      run(['limits', ...args], { admin: house.admin.url, token, clock: () => nowMs }),
  }
}

const complete = ['--to', '2x', '--until', 'friday', '--reason', 'Open day']

test('an override is confirmed with its end, and ended by name', async t => {
  const { house, limits } = await start(t)
  const begun = await limits('override', 'hr-bot', ...complete)
  assert.equal(begun.err, '')
  assert.match(begun.out, /^✓ hr-bot: changed until 2026-11-28 00:00 UTC, in 3 d/)
  const one = await limits('override', 'hr-bot', '--amount', 'costPerMonth', ...complete, '--format', 'json')
  const answer = JSON.parse(one.out) as object
  assert.deepEqual(answer, {
    ...{ rule: 'hr-bot', measure: 'costPerMonth', untilMs: Date.UTC(2026, 10, 28), sharing: 'alone' },
  })
  const { entries } = (await house.send('/api/v1/audit', { as: 'carol' })).json as AuditPage
  assert.deepEqual(entries.map(({ action, name }) => [action, name]).slice(0, 2), [
    ['limit_overridden', 'alice@contoso.example'],
    ['limit_overridden', 'alice@contoso.example'],
  ])
  assert.match((await limits('override', 'hr-bot', ...complete, '--as', 'bob')).err, /role_missing[\s\S]*bob@contoso/)
  const ended = await limits('override', 'hr-bot', '--end')
  assert.equal(ended.out, '✓ hr-bot: the limit of the configuration counts again.\n')
})

test('an override that is not complete or not possible says what to give', async t => {
  const { limits } = await start(t)
  const rows: readonly (readonly [readonly string[], number, RegExp])[] = [
    [['hr-bot'], 2, /--to, --until, --reason are missing/],
    [['hr-bot', '--to', '2x', '--until', '1h'], 2, /--reason is missing/],
    [['hr-bot', '--end', '--to', '2x'], 2, /--end goes without --to/],
    [['hr-bot', '--amount', 'tokens', ...complete], 2, /--amount[\s\S]*tokensPerMinute/],
    [['hr-bod', ...complete], 1, /rule_unknown[\s\S]*Did you mean hr-bot\?/],
    [['hr-bot', '--amount', 'tokensPerDay', ...complete], 1, /has no tokensPerDay\. It has tokensPerMinute/],
    [['hr-bot', '--to', '60000', '--until', '1h', '--reason', 'Open day'], 1, /name one as "measure"/],
    [['hr-bot', '--to', '2x', '--until', 'soon', '--reason', 'Open day'], 1, /expected 3h, 2d, today/],
    [['hr-bot/caller', '--end'], 1, /override_unknown/],
  ]
  for (const [args, code, message] of rows) {
    const answer = await limits('override', ...args)
    assert.equal(answer.code, code, answer.err)
    assert.match(answer.err, message)
  }
})

test('limits show which of them are changed for a time, by whom, until when and why', async t => {
  const { house, limits } = await start(t)
  const override = { configured: 60_000, untilMs: nowMs + 3_600_000, by: 'erin@contoso.example', reason: 'Open day' }
  const rules = [ruleReport({ limit: 120_000, override }), ruleReport({ rule: 'other' })]
  house.running.limits = async () => ({ store: 'memory', state: 'ok', downSinceMs: null, waiting: 0, rules })
  const { out } = await limits()
  assert.match(out, /hr-bot +120k tokens\/min/)
  const [, changed = ''] = out.split('Changed for a time:\n')
  assert.equal(
    changed,
    '  hr-bot: usually 60k tokens/min, changed by erin@contoso.example until 2026-11-25 13:00 UTC, in 60 min: Open day\n',
  )
  const csv = (await limits('--format', 'csv')).out.split('\n')
  const own = (line = ''): readonly string[] => line.split(',').slice(-4)
  assert.deepEqual(own(csv[0]), ['configured', 'overrideUntil', 'overrideBy', 'overrideReason'])
  assert.deepEqual(own(csv[1]), ['60000', '2026-11-25T13:00:00.000Z', 'erin@contoso.example', 'Open day'])
  assert.deepEqual(own(csv[2]), ['', '', '', ''])
})
