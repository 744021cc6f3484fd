/** For each alert: series with which it fires, and series close to them with which it must not. */

/** Values by series, in promtool's form: `0+60x10` is 0, 60, ... 600, a minute each. */
type SeriesValues = Readonly<Record<string, string>>

export interface AlertCase {
  readonly alert: string
  readonly series: SeriesValues
  /** Time of the look, from the first value on. */
  readonly at: string
  /** Null: it must not fire. */
  readonly fires: Fires | null
}

export interface Fires {
  /** Without `severity`. */
  readonly labels: Readonly<Record<string, string>>
  /** `$value` as the text has it. */
  readonly value?: string
}

const process = { job: 'gatehouse', instance: '10.0.0.4:8081' }
const east = { backend: 'east' }
const lane = { ...east, deployment: 'gpt-4o' }
const hrBot = { workload: 'hr-bot' }
const feed = { feed: 'lake' }
const collector = { job: 'gatehouse-collector', instance: '10.0.0.9:8081' }
const source = { source: 'replicas' }

function series(name: string, labels: Readonly<Record<string, string>> = {}): string {
  const matchers = Object.entries({ ...process, ...labels }).map(([label, value]) => `${label}="${value}"`)
  return `${name}{${matchers.join(',')}}`
}

/** A case that fires and one that does not, of a metric whose labels are those of the alert. */
function gauge(
  alert: string,
  metric: string,
  labels: Readonly<Record<string, string>>,
  [bad, good]: readonly [string, string],
  [late, early]: readonly [string, string],
  { value, kept = { ...process, ...labels } }: { value?: string; kept?: Readonly<Record<string, string>> } = {},
): readonly AlertCase[] {
  const name = series(metric, labels)
  return [
    {
      ...{ alert, series: { [name]: bad }, at: late },
      fires: value === undefined ? { labels: kept } : { labels: kept, value },
    },
    { alert, series: { [name]: bad }, at: early, fires: null },
    { alert, series: { [name]: good }, at: late, fires: null },
  ]
}

/** The same of a share: calls a minute that are bad, and those that are not. */
function share(
  alert: string,
  [badName, goodName]: readonly [string, string],
  [bad, good]: readonly [number, number],
  at: string,
  fires: Fires,
): readonly AlertCase[] {
  const rates = (worse: number, better: number): SeriesValues => ({
    [badName]: `0+${worse}x240`,
    [goodName]: `0+${better}x240`,
  })
  return [
    { alert, series: rates(bad, good), at, fires },
    { alert, series: rates(bad, 100 * good), at, fires: null },
    // Nobody calls: a share of nothing is no alarm.
    { alert, series: rates(0, 0), at, fires: null },
  ]
}

const calls = (labels: Readonly<Record<string, string>>): string =>
  series('gatehouse_calls_total', { ...hrBot, code: '', ...labels })
const served = calls({ outcome: 'completed', status: '200' })
const ofWorkload = { job: process.job, ...hrBot }
const refusedWith = (code: string): string => calls({ outcome: 'refused', code, status: '429' })

const processCases: readonly AlertCase[] = [
  ...gauge('GatehouseDown', 'up', {}, ['0x10', '1x10'], ['3m', '1m']),
  { alert: 'GatehouseDown', series: { 'up{job="node",instance="a"}': '0x10' }, at: '5m', fires: null },
  { alert: 'GatehouseAbsent', series: { 'up{job="node",instance="a"}': '1x10' }, at: '6m', fires: { labels: {} } },
  { alert: 'GatehouseAbsent', series: { [series('gatehouse_info')]: '1x10' }, at: '6m', fires: null },
  ...gauge('GatehouseNotReady', 'gatehouse_ready', {}, ['0x10', '1x10'], ['3m', '1m']),
  ...gauge(
    'GatehouseRestarts',
    'process_start_time_seconds',
    {},
    ['100x4 400x4 700x4 1000x4', '100x4 400x20'],
    ['18m', '8m'],
    { value: '3' },
  ),
  ...gauge('GatehouseBusy', 'nodejs_eventloop_active_seconds_total', {}, ['0+54x30', '0+30x30'], ['20m', '9m'], {
    value: '90%',
  }),
]

const ledgerCases: readonly AlertCase[] = [
  ...gauge('GatehouseLedgerUnwritable', 'gatehouse_ledger_writable', {}, ['0x5', '1x5'], ['2m', '0m']),
  ...gauge('GatehouseRecordsLost', 'gatehouse_ledger_lost_records_total', {}, ['0x4 30x20', '30x30'], ['15m', '3m'], {
    value: '30',
  }),
  ...gauge(
    'GatehouseBodiesLost',
    'gatehouse_ledger_lost_body_bytes_total',
    {},
    ['0x4 2048x20', '9x30'],
    ['15m', '3m'],
    {
      value: '2ki',
    },
  ),
  ...gauge(
    'GatehouseRecordsRefused',
    'gatehouse_ledger_refused_records_total',
    {},
    ['0x4 3x20', '3x30'],
    ['15m', '3m'],
    {
      value: '3',
    },
  ),
  ...gauge('GatehouseJournalDamaged', 'gatehouse_ledger_damaged_bytes', {}, ['0x9 4096x90', '512x90'], ['60m', '5m'], {
    value: '4ki',
  }),
  ...[
    { free: '10x30', at: '15m', fires: { labels: process, value: '10%' } },
    { free: '10x30', at: '5m', fires: null },
    { free: '20x30', at: '15m', fires: null },
  ].map(
    ({ free, at, fires }): AlertCase => ({
      ...{ alert: 'GatehouseDiskLow', at, fires },
      series: {
        [series('gatehouse_ledger_disk_free_bytes')]: free,
        [series('gatehouse_ledger_disk_size_bytes')]: '100x30',
      },
    }),
  ),
  ...gauge(
    'GatehouseDiskFullSoon',
    'gatehouse_ledger_disk_free_bytes',
    {},
    ['30000-100x120', '30000-10x120'],
    ['80m', '5m'],
  ),
]

const callCases: readonly AlertCase[] = [
  ...share(
    'GatehouseErrors',
    [calls({ outcome: 'failed', code: 'backend_broke', status: '502' }), served],
    [10, 90],
    '15m',
    {
      ...{ labels: ofWorkload, value: '10%' },
    },
  ),
  ...share('GatehouseErrors', [calls({ outcome: 'completed', status: '500' }), served], [10, 90], '15m', {
    ...{ labels: ofWorkload, value: '10%' },
  }),
  // A call that failed with 502 is one call.
  {
    alert: 'GatehouseErrors',
    series: { [calls({ outcome: 'failed', status: '502' })]: '0+4x20', [served]: '0+96x20' },
    ...{ at: '15m', fires: null },
  },
  ...share('GatehouseThrottled', [refusedWith('pool_exhausted'), served], [20, 80], '25m', {
    ...{ labels: ofWorkload, value: '20%' },
  }),
  ...share('GatehouseThrottled', [calls({ outcome: 'completed', status: '429' }), served], [20, 80], '25m', {
    ...{ labels: ofWorkload, value: '20%' },
  }),
  ...share(
    'GatehouseTokensRefused',
    [calls({ workload: '', outcome: 'refused', code: 'token_expired', status: '401' }), served],
    [30, 70],
    '25m',
    { labels: { job: process.job }, value: '30%' },
  ),
  {
    alert: 'GatehouseSlow',
    series: {
      [series('gatehouse_call_duration_seconds_bucket', { ...hrBot, le: '60' })]: '0+50x40',
      [series('gatehouse_call_duration_seconds_bucket', { ...hrBot, le: '120' })]: '0+90x40',
      [series('gatehouse_call_duration_seconds_bucket', { ...hrBot, le: '+Inf' })]: '0+100x40',
    },
    ...{ at: '25m', fires: { labels: ofWorkload, value: '2m 0s' } },
  },
  {
    alert: 'GatehouseSlow',
    series: {
      [series('gatehouse_call_duration_seconds_bucket', { ...hrBot, le: '60' })]: '0+99x40',
      [series('gatehouse_call_duration_seconds_bucket', { ...hrBot, le: '+Inf' })]: '0+100x40',
    },
    ...{ at: '25m', fires: null },
  },
  ...share(
    'GatehouseUsageUnknown',
    [series('gatehouse_unreported_calls_total', { ...hrBot, deployment: 'gpt-4o', source: 'bounded' }), served],
    [10, 100],
    '90m',
    { labels: ofWorkload, value: '10%' },
  ),
  // The first call of a model makes its series: nothing has increased yet.
  ...gauge(
    'GatehouseUnpriced',
    'gatehouse_unpriced_calls_total',
    { model: 'gpt-9' },
    ['_x9 1x99', '1x150'],
    ['90m', '5m'],
    {
      kept: { job: process.job, model: 'gpt-9' },
    },
  ).map((one): AlertCase => (one.at === '90m' && one.fires !== null ? { ...one, at: '60m' } : one)),
  ...gauge(
    'GatehouseUnpriced',
    'gatehouse_unpriced_calls_total',
    { model: 'gpt-9' },
    ['1x99 2x60', '1x150'],
    ['110m', '90m'],
    {
      kept: { job: process.job, model: 'gpt-9' },
    },
  ),
  ...gauge(
    'GatehouseBackgroundBounded',
    'gatehouse_background_charged_total',
    { source: 'bounded' },
    ['0x9 6x60', '6x90'],
    ['60m', '5m'],
    { value: '6' },
  ),
]

const rule = { rule: 'team', measure: 'costPerMonth', mode: 'enforce' }

const limitCases: readonly AlertCase[] = [
  ...gauge(
    'GatehouseBudgetNearlySpent',
    'gatehouse_limit_used_ratio',
    rule,
    ['0.5x9 0.95x9', '0.9x20'],
    ['15m', '5m'],
    {
      ...{ value: '95%', kept: { job: process.job, rule: 'team', measure: 'costPerMonth' } },
    },
  ),
  {
    alert: 'GatehouseBudgetNearlySpent',
    series: {
      [series('gatehouse_limit_used_ratio', { ...rule, measure: 'tokensPerMinute' })]: '1x9',
      [series('gatehouse_limit_used_ratio', { ...rule, mode: 'shadow' })]: '1x9',
    },
    ...{ at: '5m', fires: null },
  },
  ...share('GatehouseBudgetSpent', [refusedWith('budget_exhausted'), served], [10, 90], '20m', {
    ...{ labels: ofWorkload, value: '10%' },
  }).filter(one => one.fires !== null || one.series[served] === '0+0x240'),
  ...share('GatehouseLimitReached', [refusedWith('token_limit_reached'), served], [25, 75], '25m', {
    ...{ labels: ofWorkload, value: '25%' },
  }),
  ...gauge('GatehouseWaitingLineLong', 'gatehouse_waiting_calls', {}, ['80x9', '50x9'], ['6m', '3m'], { value: '80' }),
  ...share(
    'GatehouseWaitedInVain',
    [
      series('gatehouse_waiting_seconds_count', { priority: 'batch', admitted: 'false' }),
      series('gatehouse_waiting_seconds_count', { priority: 'batch', admitted: 'true' }),
    ],
    [50, 50],
    '25m',
    { labels: { job: process.job, priority: 'batch' }, value: '50%' },
  ),
  ...gauge('GatehouseLimitsStoreDown', 'gatehouse_limits_store_up', { store: 'redis' }, ['0x5', '1x5'], ['2m', '0m']),
  ...gauge('GatehouseRedisDown', 'gatehouse_redis_up', {}, ['0x5', '1x5'], ['2m', '0m']),
]

const instanceCases: readonly AlertCase[] = [
  ...gauge('GatehouseInstanceUnhealthy', 'gatehouse_instance_healthy', east, ['0x9', '1x9'], ['6m', '3m'], {
    kept: { job: process.job, ...east },
  }),
  ...gauge('GatehouseNoInstanceHealthy', 'gatehouse_instance_healthy', east, ['0x9', '1x9'], ['2m', '0m'], {
    kept: process,
  }),
  {
    alert: 'GatehouseNoInstanceHealthy',
    series: {
      [series('gatehouse_instance_healthy', east)]: '0x9',
      [series('gatehouse_instance_healthy', { backend: 'west' })]: '1x9',
    },
    ...{ at: '5m', fires: null },
  },
  // Open, with a try now and then.
  ...gauge(
    'GatehouseBreakerOpen',
    'gatehouse_backend_breaker',
    { ...lane, state: 'closed' },
    ['0 0 0 0 1 0 0 0 0 1 0 0 0 0 1 0 0 0 0 1 0 0 0 0 1 0 0 0 0 1', '0 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 0 1 1'],
    ['20m', '3m'],
    { value: '18.18%' },
  ),
  ...gauge('GatehouseCredentialRefused', 'gatehouse_instance_credential_refused', east, ['1x9', '0x9'], ['2m', '0m'], {
    kept: { job: process.job, ...east },
  }),
  ...share(
    'GatehouseBackendFailures',
    [series('gatehouse_backend_failures_total', lane), series('gatehouse_backend_tries_total', lane)],
    [30, 100],
    '25m',
    { labels: { job: process.job, ...lane }, value: '30%' },
  ),
  ...[
    { quick: 0, fires: { labels: { job: process.job, ...lane }, value: '58.5s' } },
    { quick: 49, fires: null },
  ].map(
    ({ quick, fires }): AlertCase => ({
      ...{ alert: 'GatehouseFirstByteSlow', at: '25m', fires },
      series: {
        [series('gatehouse_backend_first_byte_seconds_bucket', { ...lane, le: '30' })]: `0+${quick}x40`,
        [series('gatehouse_backend_first_byte_seconds_bucket', { ...lane, le: '10' })]: `0+${quick}x40`,
        [series('gatehouse_backend_first_byte_seconds_bucket', { ...lane, le: '60' })]: '0+50x40',
        [series('gatehouse_backend_first_byte_seconds_bucket', { ...lane, le: '+Inf' })]: '0+50x40',
      },
    }),
  ),
  ...gauge('GatehouseProvisionedFull', 'gatehouse_backend_spilling', lane, ['1x200', '0x200'], ['150m', '30m'], {
    ...{ value: '100%', kept: { job: process.job, ...lane } },
  }),
]

const ofCollector = { ...collector, ...source }

const feedCases: readonly AlertCase[] = [
  ...gauge('GatehouseFeedFailing', 'gatehouse_feed_up', feed, ['0x20', '1x20'], ['12m', '5m']),
  ...gauge('GatehouseFeedBehind', 'gatehouse_feed_lag_seconds', feed, ['1800x20', '300x20'], ['12m', '5m'], {
    value: '30m 0s',
  }),
  {
    alert: 'GatehouseFeedBehind',
    series: {
      [series('gatehouse_feed_lag_seconds', feed)]: '1800x20',
      [series('gatehouse_feed_paused', feed)]: '1x20',
    },
    ...{ at: '15m', fires: null },
  },
  ...gauge('GatehouseFeedFarBehind', 'gatehouse_feed_lag_seconds', feed, ['90000x20', '80000x20'], ['12m', '5m'], {
    value: '1d 1h 0m 0s',
  }),
  ...gauge('GatehouseFeedPaused', 'gatehouse_feed_paused', feed, ['1x800', '0x800'], ['721m', '600m']),
  ...gauge('GatehouseFeedDropped', 'gatehouse_feed_dropped_segments_total', feed, ['0x9 2x30', '2x40'], ['30m', '5m']),
  ...gauge('GatehouseFeedSetAside', 'gatehouse_feed_set_aside', feed, ['0x9 6x60', '6x90'], ['60m', '5m'], {
    value: '6',
  }),
  ...gauge('GatehouseSourceFailing', 'gatehouse_source_up', ofCollector, ['0x20', '1x20'], ['12m', '5m']),
  ...[
    {
      newest: '600x60',
      rate: '0+5x60',
      fires: { labels: { job: collector.job, ...source }, value: '30m 0s' },
    },
    { newest: '0+60x60', rate: '0+5x60', fires: null },
    { newest: '600x60', rate: '5x60', fires: null },
  ].map(
    ({ newest, rate, fires }): AlertCase => ({
      ...{ alert: 'GatehouseSourceSilent', at: '40m', fires },
      series: { [series('gatehouse_source_newest_record_seconds', ofCollector)]: newest, [served]: rate },
    }),
  ),
  ...gauge('GatehouseSourceSetAside', 'gatehouse_source_set_aside', ofCollector, ['0x9 6x60', '6x90'], ['60m', '5m'], {
    value: '6',
  }),
]

export const alertCases: readonly AlertCase[] = [
  ...processCases,
  ...ledgerCases,
  ...callCases,
  ...limitCases,
  ...instanceCases,
  ...feedCases,
]
