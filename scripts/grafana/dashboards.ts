/** Grafana's dashboards of Gatehouse. `npm run generate` writes them to deploy/grafana. */
import {
  bars,
  type Dashboard,
  figure,
  graph,
  max,
  of,
  quantile,
  rate,
  type State,
  share,
  states,
  sum,
  table,
  withWorkload,
  yesNo,
} from './panels.ts'

const calls = 'gatehouse_calls_total'
const duration = 'gatehouse_call_duration_seconds'
const firstByte = 'gatehouse_backend_first_byte_seconds'
const lane = 'backend, deployment'
const laneLegend = '{{backend}} {{deployment}}'
const breakerIs = (state: string): string => max(lane, of('gatehouse_backend_breaker', `state="${state}"`))
const breakers: readonly State[] = [
  { value: 0, text: 'closed', color: 'green' },
  { value: 1, text: 'half open', color: 'yellow' },
  { value: 2, text: 'open', color: 'red' },
]
/** Up, and 2 where an operator has paused it. */
const feedStates: readonly State[] = [
  { value: 0, text: 'fails', color: 'red' },
  { value: 1, text: 'works', color: 'green' },
  { value: 2, text: 'paused, fails', color: 'red' },
  { value: 3, text: 'paused', color: 'yellow' },
]
const inRange = (metric: string, matchers = ''): string => `increase(${of(metric, matchers)}[$__range])`
const failed = `(${rate(calls, 'outcome=~"failed|interrupted"')} or ${rate(calls, 'status=~"5.."')})`
const p = (metric: string, labels: string, legend: string): Readonly<Record<string, string>> => ({
  [`p50 ${legend}`.trim()]: quantile(0.5, labels, metric),
  [`p95 ${legend}`.trim()]: quantile(0.95, labels, metric),
})

const overview: Dashboard = {
  name: 'overview',
  title: 'Gatehouse: overview',
  rows: [
    {
      title: 'Now',
      panels: [
        figure('Calls per second', 'reqps', sum('', rate(calls))),
        figure('Failed', 'percentunit', share(sum('', failed), sum('', rate(calls))), {
          ...{ thresholds: [0.01, 0.05], description: 'Calls that failed or broke off, or ended with 5xx.' },
        }),
        figure('Refused', 'percentunit', share(sum('', rate(calls, 'outcome="refused"')), sum('', rate(calls))), {
          thresholds: [0.05, 0.2],
        }),
        // Without a call it is no number.
        figure('Duration, p95', 's', `${quantile(0.95, '', duration)} >= 0`, { thresholds: [30, 60] }),
        figure('Calls in flight', 'short', sum('', of('gatehouse_calls_in_flight'))),
        figure('Gateways that are ready', 'short', sum('', of('gatehouse_ready'))),
      ],
    },
    {
      title: 'Calls',
      panels: [
        graph(
          'Calls by workload',
          'reqps',
          { '{{workload}}': withWorkload(sum('workload', rate(calls))) },
          { stacked: true },
        ),
        graph('Calls by outcome and status', 'reqps', {
          '{{outcome}} {{status}}': sum('outcome, status', rate(calls)),
        }),
        graph(
          'Refusals and failures by code',
          'reqps',
          { '{{code}}': sum('code', rate(calls, 'code!=""')) },
          {
            description: 'docs/refusals.md says what each code means.',
          },
        ),
        graph('Failed share by workload', 'percentunit', {
          '{{workload}}': withWorkload(share(sum('workload', failed), sum('workload', rate(calls)))),
        }),
        graph('Duration by workload', 's', {
          'p50 {{workload}}': withWorkload(quantile(0.5, 'workload', duration)),
          'p95 {{workload}}': withWorkload(quantile(0.95, 'workload', duration)),
        }),
        graph('Tokens by workload', 'suffix: tokens/s', {
          '{{workload}} {{type}}': sum('workload, type', rate('gatehouse_tokens_total')),
        }),
      ],
    },
  ],
}

const capacity: Dashboard = {
  name: 'capacity',
  title: 'Gatehouse: capacity and provisioned throughput',
  rows: [
    {
      title: 'Provisioned throughput',
      panels: [
        graph(
          'Utilization',
          'percentunit',
          { [laneLegend]: max(lane, of('gatehouse_backend_utilization_ratio')) },
          {
            ...{ thresholds: [0.8, 0.95], description: 'As the instance last reported it.' },
          },
        ),
        graph(
          'Spilling',
          'percentunit',
          { [laneLegend]: `avg by (${lane}) (${of('gatehouse_backend_spilling')})` },
          {
            description: 'Share of the gateways that send new calls on to members that are paid by the token.',
          },
        ),
      ],
    },
    {
      title: 'Instances',
      panels: [
        graph('Tries', 'reqps', { [laneLegend]: sum(lane, rate('gatehouse_backend_tries_total')) }, { stacked: true }),
        graph('Failed tries', 'percentunit', {
          [laneLegend]: `${sum(lane, rate('gatehouse_backend_failures_total'))} / ${sum(lane, rate('gatehouse_backend_tries_total'))}`,
        }),
        graph('First byte', 's', p(firstByte, lane, laneLegend)),
        graph('Calls in flight', 'short', { [laneLegend]: sum(lane, of('gatehouse_backend_in_flight')) }),
        graph('Tokens left this minute', 'short', {
          [laneLegend]: `min by (${lane}) (${of('gatehouse_backend_remaining_tokens')})`,
        }),
        graph('Requests left', 'short', {
          [laneLegend]: `min by (${lane}) (${of('gatehouse_backend_remaining_requests')})`,
        }),
        states(
          'Breakers',
          breakers,
          { [laneLegend]: `2 * ${breakerIs('open')} + ${breakerIs('half-open')}` },
          {
            description:
              'The worst of all gateways. Open: the deployment is not in use after failures. Half open: it is being tested.',
          },
        ),
        states('Instances that accept the gateway', yesNo, {
          '{{backend}}': `1 - ${max('backend', of('gatehouse_instance_credential_refused'))}`,
        }),
      ],
    },
    {
      title: 'Limits and the waiting line',
      panels: [
        bars(
          'Fullest limits',
          'percentunit',
          {
            '{{rule}} {{measure}}': `topk(15, ${max('rule, measure, mode', of('gatehouse_limit_used_ratio'))})`,
          },
          { thresholds: [0.8, 0.95] },
        ),
        graph(
          'Refused by limits',
          'reqps',
          {
            '{{rule}} {{measure}} {{mode}}': sum('rule, measure, mode', rate('gatehouse_limit_refusals_total')),
          },
          { description: 'Mode shadow: would have been refused.' },
        ),
        graph('Calls that wait', 'short', { '{{instance}}': sum('instance', of('gatehouse_waiting_calls')) }),
        graph('Time in the line', 's', p('gatehouse_waiting_seconds', 'priority', '{{priority}}')),
        graph(
          'Error of estimated prompts',
          'percentunit',
          p('gatehouse_prompt_estimate_error_ratio', 'deployment', '{{deployment}}'),
          {
            ...{ width: 24, description: '0 is exact; 1 means that a call reserves twice its prompt.' },
          },
        ),
      ],
    },
  ],
}

const money: Dashboard = {
  name: 'money',
  title: 'Gatehouse: money',
  rows: [
    {
      title: 'Cost of the chosen time',
      panels: [
        bars(
          'By workload',
          'short',
          { '{{workload}} {{currency}}': sum('workload, currency', inRange('gatehouse_cost_total')) },
          {
            description: 'From counters of the processes: about right. `gatehouse usage` is exact.',
          },
        ),
        bars('By deployment', 'short', {
          '{{deployment}} {{currency}}': sum('deployment, currency', inRange('gatehouse_cost_total')),
        }),
        bars(
          'Budgets',
          'percentunit',
          {
            '{{rule}} {{measure}}': max(
              'rule, measure',
              of('gatehouse_limit_used_ratio', 'measure=~"costPer.*|tokensPer(Day|Week|Month)"'),
            ),
          },
          { thresholds: [0.75, 0.9] },
        ),
        table(
          'Calls without a price',
          'short',
          { Calls: `round(${sum('model', inRange('gatehouse_unpriced_calls_total'))})` },
          {
            description: 'Their cost is missing in all sums. docs/prices.md',
          },
        ),
      ],
    },
    {
      title: 'Over time',
      panels: [
        graph(
          'Cost per hour by workload',
          'short',
          {
            '{{workload}} {{currency}}': `3600 * ${sum('workload, currency', rate('gatehouse_cost_total'))}`,
          },
          { stacked: true },
        ),
        graph('Tokens by type', 'suffix: tokens/s', { '{{type}}': sum('type', rate('gatehouse_tokens_total')) }),
        graph('Cached share of prompts', 'percentunit', {
          '{{workload}}': `${sum('workload', rate('gatehouse_cached_tokens_total'))} / ${sum('workload', rate('gatehouse_tokens_total', 'type="prompt"'))}`,
        }),
        graph('Reasoning share of completions', 'percentunit', {
          '{{workload}}': `${sum('workload', rate('gatehouse_reasoning_tokens_total'))} / ${sum('workload', rate('gatehouse_tokens_total', 'type="completion"'))}`,
        }),
        graph('Calls whose usage was not reported', 'reqps', {
          '{{workload}} {{source}}': sum('workload, source', rate('gatehouse_unreported_calls_total')),
        }),
        graph(
          'Copies',
          'reqps',
          { '{{workload}} {{kind}}': sum('workload, kind', rate('gatehouse_copies_total')) },
          {
            description: 'Shadow copies, hedges and questions of the gateway itself: they cost as calls do.',
          },
        ),
      ],
    },
  ],
}

const health: Dashboard = {
  name: 'health',
  title: 'Gatehouse: health of the gateways',
  rows: [
    {
      title: 'Processes',
      panels: [
        table('What runs', 'none', { Version: max('instance, version, node', of('gatehouse_info')) }),
        states('Ready', yesNo, { '{{instance}}': of('gatehouse_ready') }),
        graph(
          'Event loop',
          'percentunit',
          { '{{instance}}': rate('nodejs_eventloop_active_seconds_total') },
          {
            ...{ thresholds: [0.7, 0.85], description: 'At 100 % the process has no room left.' },
          },
        ),
        graph(
          'CPU',
          'percentunit',
          { '{{instance}}': rate('process_cpu_seconds_total') },
          {
            description: 'All threads, as a share of one core.',
          },
        ),
        graph('Memory', 'bytes', {
          '{{instance}} process': of('process_resident_memory_bytes'),
          '{{instance}} heap': of('nodejs_heap_size_used_bytes'),
          '{{instance}} buffers': of('nodejs_external_memory_bytes'),
        }),
        graph('Open files and sockets', 'short', { '{{instance}}': of('process_open_fds') }),
        graph('Age', 's', { '{{instance}}': `time() - ${of('process_start_time_seconds')}` }),
        graph(
          'Answers that are read on',
          'short',
          { '{{instance}}': of('gatehouse_calls_read_on') },
          {
            description: 'Their client has left.',
          },
        ),
      ],
    },
    {
      title: 'Ledger',
      panels: [
        states('Disk takes records', yesNo, { '{{instance}}': of('gatehouse_ledger_writable') }),
        graph('Free on the disk', 'percentunit', {
          '{{instance}}': `${of('gatehouse_ledger_disk_free_bytes')} / ${of('gatehouse_ledger_disk_size_bytes')}`,
        }),
        graph('Records in trouble', 'short', {
          '{{instance}} lost': of('gatehouse_ledger_lost_records_total'),
          '{{instance}} refused by the disk': of('gatehouse_ledger_refused_records_total'),
          '{{instance}} wait in memory': of('gatehouse_ledger_held_entries'),
        }),
        graph('Bytes in trouble', 'bytes', {
          '{{instance}} bodies lost': of('gatehouse_ledger_lost_body_bytes_total'),
          '{{instance}} damaged': of('gatehouse_ledger_damaged_bytes'),
        }),
        graph('Open exchanges', 'short', { '{{instance}}': of('gatehouse_ledger_open_exchanges') }),
        graph('Background work that is owed', 'short', { '{{instance}}': of('gatehouse_background_owed') }),
      ],
    },
    {
      title: 'What it needs',
      panels: [
        states('Redis answers', yesNo, {
          '{{instance}} Redis': of('gatehouse_redis_up'),
          '{{instance}} store of the limits': of('gatehouse_limits_store_up'),
        }),
        graph('Answers of Redis', 's', p('gatehouse_limits_store_answer_seconds', 'instance', '{{instance}}')),
        states('Healthy instances', yesNo, {
          '{{instance}} {{backend}}': of('gatehouse_instance_healthy'),
        }),
        graph('Tries in which an instance refused the gateway', 'reqps', {
          '{{backend}}': sum('backend', rate('gatehouse_instance_credential_refusals_total')),
        }),
      ],
    },
  ],
}

const feedLegend = '{{feed}} {{instance}}'

const feeds: Dashboard = {
  name: 'feeds',
  title: 'Gatehouse: feeds and collector',
  rows: [
    {
      title: 'Feeds',
      panels: [
        states('Works', feedStates, {
          [feedLegend]: `${of('gatehouse_feed_up')} + 2 * ${of('gatehouse_feed_paused')}`,
        }),
        graph('Age of the oldest record that waits', 's', { [feedLegend]: of('gatehouse_feed_lag_seconds') }),
        graph('Records that wait', 'short', { [feedLegend]: of('gatehouse_feed_lag_records') }),
        graph('Records taken', 'suffix: records/s', { [feedLegend]: rate('gatehouse_feed_sent_total') }),
        graph('Bytes taken', 'Bps', { [feedLegend]: rate('gatehouse_feed_sent_bytes_total') }),
        graph('Records offered again', 'suffix: records/s', { [feedLegend]: rate('gatehouse_feed_retried_total') }),
        graph(
          'Set aside',
          'short',
          { [feedLegend]: of('gatehouse_feed_set_aside') },
          {
            description: 'Records that the receiver can never take.',
          },
        ),
        graph(
          'Dropped segments',
          'short',
          { [feedLegend]: of('gatehouse_feed_dropped_segments_total') },
          {
            description: 'Deleted before the feed had read them: what they held never arrives.',
          },
        ),
      ],
    },
    {
      title: 'Sources of a collector',
      panels: [
        states('Works', yesNo, { '{{source}}': of('gatehouse_source_up') }),
        graph('Age of the newest record', 's', {
          // 0 until the first record has come.
          '{{source}}': `time() - (${of('gatehouse_source_newest_record_seconds')} > 0)`,
        }),
        graph('Records taken', 'suffix: records/s', {
          '{{source}}': rate('gatehouse_source_taken_total'),
          '{{source}} doubles': rate('gatehouse_source_doubles_total'),
        }),
        graph('Incomplete and set aside', 'short', {
          '{{source}} incomplete': of('gatehouse_source_incomplete'),
          '{{source}} set aside': of('gatehouse_source_set_aside'),
        }),
      ],
    },
  ],
}

export const dashboards: readonly Dashboard[] = [overview, capacity, money, health, feeds]
