import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import type { InstanceState } from '../instances/state.ts'
import { noUsage } from '../ledger/record.ts'
import type { LimitsReport, RuleReport } from '../limits/index.ts'
import type { EndedCall } from './calls.ts'
import { createMetrics, type Metrics, type MetricsSources } from './metrics.ts'

const call: EndedCall = {
  workload: 'hr-bot',
  deployment: 'gpt-4o',
  instance: 'east',
  copyKind: null,
  outcome: 'completed',
  code: null,
  status: 200,
  usage: {
    ...noUsage,
    source: 'reported',
    promptTokens: 1_000,
    completionTokens: 200,
    cachedTokens: 600,
    reasoningTokens: 50,
  },
  cost: { nano: 3_250_000, currency: 'USD', price: 'gpt-4o 2024-10-01' },
  durationMs: 1_200,
  firstByteMs: 400,
}

const rule: RuleReport = {
  rule: 'hr-bot',
  measure: 'tokensPerMinute',
  mode: 'enforce',
  scope: 'workload hr-bot',
  subject: null,
  workloads: ['hr-bot'],
  counter: 'hr-bot',
  limit: 60_000,
  used: 30_000,
  reserved: 15_000,
  remaining: 15_000,
  renewsAtMs: 0,
  refused: 0,
}

const person = 'user:6f2b6c1e-3d0a-4b57-9c5e-0d2f8a7b1c34/a11ce000-6b1d-4c1e-9a53-0f5d1c7e2a01'
const report: LimitsReport = {
  store: 'redis',
  state: 'local',
  downSinceMs: 0,
  waiting: 4,
  rules: [rule, { ...rule, rule: 'hr-bot/caller', subject: person }],
}

const states: readonly InstanceState[] = [
  {
    name: 'east',
    healthy: false,
    credentialRefused: true,
    credentialRefusals: 3,
    lastProbe: null,
    inFlight: 2,
    lanes: [
      {
        deployment: 'gpt-4o',
        kind: 'provisioned',
        breaker: 'open',
        breakerReason: 'throttled',
        retryAtMs: 0,
        utilization: 0.93,
        spilling: true,
        remainingTokens: null,
        remainingRequests: 7,
        latencyMs: 400,
        latencyP95Ms: 900,
        inFlight: 2,
        calls: 10,
        failures: 3,
      },
    ],
  },
]

const sources: MetricsSources = {
  instances: () => states,
  limits: async () => report,
  ledger: async () => ({
    writable: true,
    heldEntries: 0,
    lostBodyBytes: 0,
    lostRecords: 2,
    openExchanges: 1,
    damagedBytes: 0,
  }),
  followUps: () => ({ open: 2, asked: 5, reported: 3, bounded: 1 }),
  calls: () => ({ inFlight: 5, readingOn: 2 }),
  redisUp: () => false,
  recordsRefused: () => 1,
}

/** Everything that a process can have to tell, told once. */
function told(metrics: Metrics): Metrics {
  metrics.ended(call)
  metrics.ended({ ...call, copyKind: 'shadow' })
  metrics.unpriced('gpt-9')
  metrics.limits.refused('hr-bot', 'tokensPerMinute', false)
  metrics.limits.estimateErrors('gpt-4o').add(0.1)
  metrics.limits.waited('batch', 750, true)
  metrics.limits.withoutStore('local')
  metrics.limits.storeAnswered(0.7)
  return metrics
}

/** Values by series, as `name{label="value"}`. */
async function scraped(metrics: Metrics): Promise<ReadonlyMap<string, number>> {
  const lines = (await metrics.render()).split('\n').filter(line => line !== '' && !line.startsWith('#'))
  return new Map(
    lines.map(line => {
      const space = line.lastIndexOf(' ')
      return [line.slice(0, space), Number(line.slice(space + 1))]
    }),
  )
}

// Dashboards and alerts are written from the page: what it has and the process has not never fires.
test('every metric is documented with its type and labels, and none that does not exist', async () => {
  const page = await readFile(new URL('../../../../docs/metrics.md', import.meta.url), 'utf8')
  const written = [...page.matchAll(/^\| `(\w+)` \| (counter|gauge|histogram) \| ([\w, ]*) ?\|/gm)].map(
    ([, name, type, labels]) => [name, `${type} ${(labels ?? '').trim()}`],
  )
  const known = states.map(state => ({ ...state, lanes: state.lanes.map(lane => ({ ...lane, remainingTokens: 9 })) }))
  const text = await told(createMetrics({ ...sources, instances: () => known })).render()
  const families = [...text.matchAll(/^# TYPE (\w+) (\w+)$/gm)].map(([, name = '', type]) => {
    const series = new RegExp(`^${name}(?:_bucket)?(?:\\{(.*)\\})? `, 'm').exec(text)
    const labels = [...(series?.[1] ?? '').matchAll(/(\w+)="/g)]
      .map(([, label]) => label)
      .filter(label => label !== 'le')
    return [name, `${type} ${labels.join(', ')}`]
  })
  assert.deepEqual(Object.fromEntries(written), Object.fromEntries(families))
})

test('calls, tokens and cost are counted by workload; copies are billed, and no calls', async () => {
  const series = await scraped(told(createMetrics(sources)))
  const own = 'workload="hr-bot",deployment="gpt-4o"'
  const expected = {
    'gatehouse_calls_total{workload="hr-bot",outcome="completed",code="",status="200"}': 1,
    'gatehouse_copies_total{workload="hr-bot",kind="shadow"}': 1,
    [`gatehouse_tokens_total{${own},type="prompt"}`]: 2_000,
    [`gatehouse_tokens_total{${own},type="completion"}`]: 400,
    [`gatehouse_cached_tokens_total{${own}}`]: 1_200,
    [`gatehouse_reasoning_tokens_total{${own}}`]: 100,
    [`gatehouse_cost_total{${own},currency="USD"}`]: 0.0065,
    'gatehouse_unpriced_calls_total{model="gpt-9"}': 1,
    'gatehouse_call_duration_seconds_bucket{le="1",workload="hr-bot"}': 0,
    'gatehouse_call_duration_seconds_bucket{le="2.5",workload="hr-bot"}': 1,
    'gatehouse_call_duration_seconds_bucket{le="+Inf",workload="hr-bot"}': 1,
    'gatehouse_call_duration_seconds_sum{workload="hr-bot"}': 1.2,
    'gatehouse_call_duration_seconds_count{workload="hr-bot"}': 1,
    'gatehouse_backend_first_byte_seconds_bucket{le="0.5",instance="east",deployment="gpt-4o"}': 2,
  }
  for (const [name, value] of Object.entries(expected)) assert.equal(series.get(name), value, name)
})

test('outcomes stand apart, also those of callers that nobody knows', async () => {
  const metrics = createMetrics(sources)
  const refused = { ...call, outcome: 'refused', deployment: null, instance: null, usage: noUsage, cost: null } as const
  metrics.ended({ ...refused, workload: null, code: 'token_expired', status: 401 })
  metrics.ended({ ...refused, code: 'token_limit_reached', status: 429 })
  metrics.ended({ ...call, status: 429, usage: noUsage, cost: null })
  metrics.ended({ ...call, outcome: 'aborted', code: 'client_left', status: null })
  const series = [...(await scraped(metrics))].filter(([name]) => name.startsWith('gatehouse_calls_total'))
  assert.deepEqual(Object.fromEntries(series), {
    'gatehouse_calls_total{workload="",outcome="refused",code="token_expired",status="401"}': 1,
    'gatehouse_calls_total{workload="hr-bot",outcome="refused",code="token_limit_reached",status="429"}': 1,
    'gatehouse_calls_total{workload="hr-bot",outcome="completed",code="",status="429"}': 1,
    'gatehouse_calls_total{workload="hr-bot",outcome="aborted",code="client_left",status=""}': 1,
  })
})

test('states are read at each scrape: limits, the line, breakers, the ledger', async () => {
  const metrics = told(createMetrics(sources))
  await metrics.render()
  const series = await scraped(metrics)
  const lane = 'instance="east",deployment="gpt-4o"'
  const expected = {
    'gatehouse_limit_refusals_total{rule="hr-bot",measure="tokensPerMinute",mode="enforce"}': 1,
    'gatehouse_limit_used_ratio{rule="hr-bot",measure="tokensPerMinute",mode="enforce"}': 0.75,
    'gatehouse_prompt_estimate_error_ratio_bucket{le="0.05",deployment="gpt-4o"}': 0,
    'gatehouse_prompt_estimate_error_ratio_bucket{le="0.1",deployment="gpt-4o"}': 1,
    gatehouse_waiting_calls: 4,
    'gatehouse_waiting_seconds_bucket{le="1",priority="batch",admitted="true"}': 1,
    'gatehouse_limits_store_up{store="redis"}': 0,
    gatehouse_redis_up: 0,
    'gatehouse_limits_without_store_total{mode="local"}': 1,
    'gatehouse_limits_store_answer_seconds_bucket{le="0.001"}': 1,
    [`gatehouse_backend_tries_total{${lane}}`]: 10,
    [`gatehouse_backend_failures_total{${lane}}`]: 3,
    [`gatehouse_backend_breaker{${lane},state="open"}`]: 1,
    [`gatehouse_backend_breaker{${lane},state="closed"}`]: 0,
    [`gatehouse_backend_utilization_ratio{${lane}}`]: 0.93,
    [`gatehouse_backend_remaining_requests{${lane}}`]: 7,
    'gatehouse_instance_healthy{instance="east"}': 0,
    'gatehouse_instance_credential_refused{instance="east"}': 1,
    'gatehouse_instance_credential_refusals_total{instance="east"}': 3,
    gatehouse_ledger_lost_records_total: 2,
    gatehouse_ledger_refused_records_total: 1,
    gatehouse_calls_in_flight: 5,
    gatehouse_calls_read_on: 2,
  }
  for (const [name, value] of Object.entries(expected)) assert.equal(series.get(name), value, name)
  assert.ok(!series.has(`gatehouse_backend_remaining_tokens{${lane}}`), 'what is unknown is not told as zero')
})

// What is in a metric is in dashboards, alerts and other people's stores: it may say what happened, never to whom.
test('no person and no id becomes a label', async () => {
  const text = await told(createMetrics(sources)).render()
  assert.doesNotMatch(text, /[0-9a-f]{8}-[0-9a-f]{4}-/)
})

// An operator looks at the metrics when something is broken: what is broken must not take the rest away.
test('a source that fails leaves out its own families alone', async () => {
  const failing = (): never => {
    throw new Error('not now')
  }
  const broken = { ...sources, limits: async () => failing(), ledger: async () => failing(), instances: failing }
  const series = await scraped(told(createMetrics(broken)))
  const names = [...series.keys()]
  assert.ok(names.some(name => name.startsWith('gatehouse_calls_total')))
  assert.ok(names.some(name => name.startsWith('process_cpu_seconds_total')))
  for (const gone of [
    'gatehouse_ledger_writable',
    'gatehouse_waiting_calls',
    'gatehouse_limits_store_up',
    'gatehouse_instance',
  ]) {
    assert.ok(!names.some(name => name.startsWith(gone)), gone)
  }
})

test('scrapes at the same time do not add to one another', async () => {
  const metrics = told(createMetrics(sources))
  const all = await Promise.all(Array.from({ length: 20 }, () => scraped(metrics)))
  for (const series of all) {
    assert.equal(series.get('gatehouse_waiting_calls'), 4)
    assert.equal(series.get('gatehouse_copies_total{workload="hr-bot",kind="shadow"}'), 1)
  }
})

// A model's name comes from an answer: whoever can write answers must not be able to fill the memory.
test('a family never has more than 10,000 children', async () => {
  const metrics = createMetrics(sources)
  for (let at = 0; at < 12_000; at += 1) metrics.unpriced(`model-${at}`)
  const series = [...(await scraped(metrics))].filter(([name]) => name.startsWith('gatehouse_unpriced'))
  assert.equal(series.length, 10_001)
  assert.equal(series.find(([name]) => name.includes('"other"'))?.[1], 2_000)
})

// Metrics are on the way of every call: 0.7 µs is what they may cost. The bound has room for a loaded machine.
test('a call that ends costs less than 2 µs', t => {
  const metrics = createMetrics(sources)
  const rounds = 100_000
  const usPerCall = (): number => {
    const started = performance.now()
    for (let at = 0; at < rounds; at += 1) metrics.ended({ ...call, durationMs: at % 5_000 })
    return ((performance.now() - started) * 1_000) / rounds
  }
  usPerCall()
  const fastest = Math.min(usPerCall(), usPerCall(), usPerCall())
  t.diagnostic(`${fastest.toFixed(2)} µs a call`)
  assert.ok(fastest < 2, `${fastest} µs`)
})
