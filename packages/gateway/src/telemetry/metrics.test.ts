import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { Histogram, Registry } from 'prom-client'
import { noUsage } from '../wire/usage.ts'
import { Figures } from './figures.ts'
import { endedCall as call, filled, sources, states } from './metrics.fixture.ts'
import { createMetrics } from './metrics.ts'
import { Children, Spread, SpreadHistogram } from './tally.ts'

/** Values by series, as `name{label="value"}`. */
async function scraped(metrics: ReturnType<typeof createMetrics>): Promise<ReadonlyMap<string, number>> {
  const lines = (await metrics.render()).text.split('\n').filter(line => line !== '' && !line.startsWith('#'))
  return new Map(
    lines.map(line => {
      const space = line.lastIndexOf(' ')
      return [line.slice(0, space), Number(line.slice(space + 1))]
    }),
  )
}

// Dashboards and alerts are written from the page: an alert on a metric that does not exist never fires.
test('docs/metrics.md lists exactly the metrics that exist, with their types and labels', async () => {
  const page = await readFile(new URL('../../../../docs/metrics.md', import.meta.url), 'utf8')
  const written = [...page.matchAll(/^\| `(\w+)` \| (counter|gauge|histogram) \| ([\w, ]*) ?\|/gm)].map(
    ([, name, type, labels]) => [name, `${type} ${(labels ?? '').trim()}`],
  )
  const known = states.map(state => ({ ...state, lanes: state.lanes.map(lane => ({ ...lane, remainingTokens: 9 })) }))
  const { text } = await createMetrics(filled(), { ...sources, instances: () => known }).render()
  const families = [...text.matchAll(/^# TYPE (\w+) (\w+)$/gm)].map(([, name = '', type]) => {
    const series = new RegExp(`^${name}(?:_bucket)?(?:\\{(.*)\\})? `, 'm').exec(text)
    const labels = [...(series?.[1] ?? '').matchAll(/(\w+)="/g)]
      .map(([, label]) => label)
      .filter(label => label !== 'le')
    return [name, `${type} ${labels.join(', ')}`]
  })
  assert.deepEqual(Object.fromEntries(written), Object.fromEntries(families))
})

test('calls, tokens and cost are counted by workload; a copy counts as billed tokens, not as a call', async () => {
  const series = await scraped(createMetrics(filled(), sources))
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
    'gatehouse_backend_first_byte_seconds_bucket{le="0.5",backend="east",deployment="gpt-4o"}': 2,
  }
  for (const [name, value] of Object.entries(expected)) assert.equal(series.get(name), value, name)
})

test('each outcome has its own series, also for callers without a known workload', async () => {
  const figures = new Figures()
  const refused = { ...call, outcome: 'refused', deployment: null, instance: null, usage: noUsage, cost: null } as const
  figures.ended({ ...refused, workload: null, code: 'token_expired', status: 401 })
  figures.ended({ ...refused, code: 'token_limit_reached', status: 429 })
  figures.ended({ ...call, status: 429, usage: noUsage, cost: null })
  figures.ended({ ...call, outcome: 'aborted', code: 'client_left', status: null })
  const metrics = createMetrics(figures, sources)
  const series = [...(await scraped(metrics))].filter(([name]) => name.startsWith('gatehouse_calls_total'))
  assert.deepEqual(Object.fromEntries(series), {
    'gatehouse_calls_total{workload="",outcome="refused",code="token_expired",status="401"}': 1,
    'gatehouse_calls_total{workload="hr-bot",outcome="refused",code="token_limit_reached",status="429"}': 1,
    'gatehouse_calls_total{workload="hr-bot",outcome="completed",code="",status="429"}': 1,
    'gatehouse_calls_total{workload="hr-bot",outcome="aborted",code="client_left",status=""}': 1,
  })
})

test('a scrape reads the current state of limits, the waiting line, breakers and the ledger', async () => {
  const metrics = createMetrics(filled(), sources)
  await metrics.render()
  const series = await scraped(metrics)
  const lane = 'backend="east",deployment="gpt-4o"'
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
    'gatehouse_instance_healthy{backend="east"}': 0,
    'gatehouse_instance_drained{backend="east"}': 1,
    'gatehouse_instance_credential_refused{backend="east"}': 1,
    'gatehouse_instance_credential_refusals_total{backend="east"}': 3,
    gatehouse_ledger_lost_records_total: 2,
    'gatehouse_feed_up{feed="east"}': 0,
    'gatehouse_feed_lag_records{feed="east"}': 1_200,
    'gatehouse_feed_sent_total{feed="east"}': 98_000,
    gatehouse_ledger_refused_records_total: 1,
    gatehouse_calls_in_flight: 5,
    gatehouse_calls_read_on: 2,
    gatehouse_ready: 0,
    gatehouse_ledger_disk_free_bytes: 1_024_000,
    gatehouse_ledger_disk_size_bytes: 4_096_000,
  }
  for (const [name, value] of Object.entries(expected)) assert.equal(series.get(name), value, name)
  assert.ok(!series.has(`gatehouse_backend_remaining_tokens{${lane}}`), 'an unknown figure is not reported as zero')
})

// Metrics end up in dashboards, alerts and other systems' stores: they may say what happened, never to whom.
test('no person and no id becomes a label', async () => {
  const { text } = await createMetrics(filled(), sources).render()
  assert.doesNotMatch(text, /[0-9a-f]{8}-[0-9a-f]{4}-/)
})

// An operator looks at the metrics when something is broken: one broken part must not hide the others.
test('a source that fails leaves out only its own families', async () => {
  const failing = (): never => {
    throw new Error('not now')
  }
  const broken = { ...sources, limits: async () => failing(), ledger: async () => failing(), instances: failing }
  const series = await scraped(createMetrics(filled(), broken))
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

test('scrapes at the same time do not add to each other', async () => {
  const metrics = createMetrics(filled(), sources)
  const all = await Promise.all(Array.from({ length: 20 }, () => scraped(metrics)))
  for (const series of all) {
    assert.equal(series.get('gatehouse_waiting_calls'), 4)
    assert.equal(series.get('gatehouse_copies_total{workload="hr-bot",kind="shadow"}'), 1)
  }
})

// A slow call in a dashboard leads to its trace: by the id of its record, or the trace of its caller.
test('OpenMetrics has the newest call of each bucket as its exemplar, and the same values as the other format', async () => {
  const figures = filled()
  const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
  figures.ended({ ...call, durationMs: 40_000, traceId })
  figures.ended({ ...call, durationMs: 700, firstByteMs: null, endedAtMs: 1_780_000_000_500 })
  const copy = { id: '019abcde-f012-7345-8678-9abcdef0ffff', copyOf: call.id, copyKind: 'hedge' } as const
  figures.ended({ ...call, ...copy, firstByteMs: 20_000 })
  const metrics = createMetrics(figures, sources)
  const before = await scraped(metrics)
  const accept = 'application/openmetrics-text;version=1.0.0;q=0.6,text/plain;version=0.0.4;q=0.3'
  const { contentType, text } = await metrics.render(accept)
  assert.match(contentType, /^application\/openmetrics-text; version=1\.0\.0/)
  const bucket = (le: string): string =>
    text.split('\n').find(line => line.startsWith(`gatehouse_call_duration_seconds_bucket{le="${le}",`)) ?? ''
  const own = '# {trace_id="019abcdef012734586789abcdef01234"}'
  assert.ok(bucket('1').endsWith(` 1 ${own} 0.7 1780000000.5`), bucket('1'))
  assert.ok(bucket('2.5').endsWith(` 2 ${own} 1.2 1780000000`), bucket('2.5'))
  assert.ok(bucket('60').endsWith(` 3 # {trace_id="${traceId}"} 40 1780000000`), bucket('60'))
  assert.ok(!bucket('5').includes('#'))
  const copied =
    text.split('\n').find(line => line.startsWith('gatehouse_backend_first_byte_seconds_bucket{le="30",')) ?? ''
  assert.ok(copied.endsWith(` ${own} 20 1780000000`), copied)
  assert.ok(text.endsWith('\n# EOF\n'))
  assert.match(text, /^# TYPE gatehouse_calls counter$/m)
  const constant = ([name]: readonly [string, number]): boolean => name.startsWith('gatehouse_')
  const valuesOf = (series: string): ReadonlyMap<string, number> =>
    new Map(
      series
        .split('\n')
        .filter(line => line.startsWith('gatehouse_'))
        .map(line => line.replace(/ # .*/, ''))
        .map(line => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]),
    )
  assert.deepEqual([...valuesOf(text)].toSorted(), [...before].filter(constant).toSorted())
  // prom-client renames counters where it prints OpenMetrics: that must not show in the other format.
  assert.deepEqual([...(await scraped(metrics))].filter(constant), [...before].filter(constant))
})

// A model's name comes from an answer: a backend must not be able to fill the memory with names.
test('a family never has more than 10,000 children', async () => {
  const figures = new Figures()
  for (let at = 0; at < 12_000; at += 1) figures.unpriced(`model-${at}`)
  const series = [...(await scraped(createMetrics(figures, sources)))].filter(([name]) =>
    name.startsWith('gatehouse_unpriced'),
  )
  assert.equal(series.length, 10_001)
  assert.equal(series.find(([name]) => name.includes('"other"'))?.[1], 2_000)
})

// `getForPromString` is not part of prom-client's documented interface. When a new version stops calling it, every
// histogram goes empty.
test('prom-client still prints a histogram from its method getForPromString', async () => {
  const hint =
    'prom-client has changed: SpreadHistogram in tally.ts overrides a method that the registry no longer calls'
  assert.equal(typeof Reflect.get(Histogram.prototype, 'getForPromString'), 'function', hint)
  const registry = new Registry()
  const children = new Children(() => new Spread([1, 10]))
  children.add('a', ['a']).add(5)
  new SpreadHistogram(registry, { name: 'seconds', help: 'Some seconds.', labels: ['which'] }, children)
  const lines = (await registry.metrics()).trimEnd().split('\n')
  const expected = [
    '# HELP seconds Some seconds.',
    '# TYPE seconds histogram',
    'seconds_bucket{le="1",which="a"} 0',
    'seconds_bucket{le="10",which="a"} 1',
    'seconds_bucket{le="+Inf",which="a"} 1',
    'seconds_sum{which="a"} 5',
    'seconds_count{which="a"} 1',
  ]
  assert.deepEqual(lines, expected, hint)
})
