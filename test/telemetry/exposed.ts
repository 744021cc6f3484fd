/**
 * A gateway with a feed, limits, Redis and traffic of every kind, a collector, and a real Prometheus (Debian's package)
 * that scrapes both and evaluates deploy/prometheus/alerts.yaml: what dashboards and alerts are written for.
 */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ConfigInput, configSchema } from '../../packages/gateway/src/config/schema/index.ts'
import { buildCollector } from '../../packages/gateway/src/house/collector.ts'
import { silentLog } from '../../packages/gateway/src/log.ts'
import { named } from '../support/limited.ts'
import { closedPort } from '../support/ports.ts'
import { startRedis } from '../support/redis.ts'
import { eventually, soon } from '../support/wait.ts'
import { ask, type Scope, startWorld, type World } from '../support/world.ts'
import { alertsFile } from './promtool.ts'

/** Values by label, of one metric. */
export type Labels = ReadonlyMap<string, ReadonlySet<string>>

export interface Exposed {
  /** Of Prometheus. */
  readonly url: string
  /** By name of the metric, as Prometheus has stored them. */
  readonly metrics: ReadonlyMap<string, Labels>
  /** Alerts with the health of their last evaluation: `ok`, or the error. */
  readonly alerts: ReadonlyMap<string, string>
  /** Evaluates an expression now. @returns labels of each series. @throws Error with what Prometheus says. */
  query(expression: string): Promise<readonly Readonly<Record<string, string>>[]>
  /** Trace ids of the exemplars that Prometheus has of the series. */
  exemplars(selector: string): Promise<readonly string[]>
  /** True where the ledger of the gateway has a record of the trace. */
  isRecorded(traceId: string): Promise<boolean>
}

const deployments = {
  'gpt-4o': { model: 'gpt-4o', kind: 'provisioned', tokensPerMinute: 60_000 },
  'gpt-4o-mini': { model: 'gpt-4o-mini', tokensPerMinute: 60_000 },
  'own-model': { model: 'model-without-a-price', tokensPerMinute: 60_000 },
} as const

export async function startExposed(t: Scope): Promise<Exposed> {
  const redis = await startRedis(t)
  const world = await startWorld(t, { deployments, change: config => changed(config, redis.url) })
  const collector = await buildCollector(collectorConfig(world), { log: silentLog })
  t.after(() => collector.close())
  const adminUrl = world.house.admin?.url ?? ''
  const prometheus = await startPrometheus(t, { gatehouse: adminUrl, 'gatehouse-collector': collector.admin.url })
  await traffic(world)
  await eventually('a call has waited', async () => {
    await Promise.all([1, 2, 3].map(() => chat(world, 'alice', 'hr-bot', 'own-model')))
    return (await prometheus.query('gatehouse_waiting_seconds_count')).length || null
  })
  await eventually(
    'Prometheus has what the collector took',
    async () => (await prometheus.query('gatehouse_source_taken_total > 0')).length || null,
  )
  await eventually(
    'Prometheus has a copy',
    async () => (await prometheus.query('gatehouse_copies_total')).length || null,
  )
  await eventually('every alert was evaluated', async () => {
    const alerts = await prometheus.alerts()
    return alerts.size > 0 && ![...alerts.values()].includes('unknown') ? true : null
  })
  const { url, query } = prometheus
  return {
    ...{ metrics: await prometheus.metrics(), alerts: await prometheus.alerts(), url, query },
    exemplars: prometheus.exemplars,
    async isRecorded(traceId) {
      await world.house.ledger.caughtUp()
      return (await world.house.ledger.row(traceId.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-'))) !== null
    },
  }
}

function changed(config: ConfigInput, redisUrl: string): ConfigInput {
  const shadow = { 'gpt-4o': { deployment: 'gpt-4o-mini', target: 'dev-openai-instance-2' } }
  return {
    ...config,
    admin: { ...config.admin, metricsWithoutToken: true },
    redis: { url: redisUrl, timeout: '10s' },
    limits: {
      ...{ store: 'redis', whenStoreIsDown: 'local', waitingLine: { length: 5 } },
      rules: {
        team: { costPerMonth: '1000 USD', tokensPerMinute: 1_000_000 },
        alone: { callsInFlight: 1, deployments: ['own-model'] },
      },
    },
    workloads: {
      ...config.workloads,
      'hr-bot': { ...named(config, 'hr-bot'), shadow },
      'code-assistant': { ...named(config, 'code-assistant'), limits: { requestsPerMinute: 1 } },
    },
    feeds: {
      lines: { kind: 'files', directory: join(config.ledger?.directory ?? '', '..', 'lines'), batch: { time: '1s' } },
    },
  }
}

function collectorConfig({ config, directory }: World): ReturnType<typeof configSchema.parse> {
  const { authority, tenants, audiences } = config.identity.entra
  return configSchema.parse({
    admin: { listen: '127.0.0.1:0', metricsWithoutToken: true },
    identity: { entra: { authority, tenants, audiences } },
    ...{ instances: {}, workloads: {} },
    ledger: { directory: join(directory, 'collected') },
    collect: { sources: { replicas: { kind: 'files', directory: join(directory, 'lines') } } },
  })
}

async function chat(world: World, as: string | null, workload: string, model: string, fault?: string): Promise<number> {
  const answer = await fetch(`${world.url}/main/${workload}/openai/v1/chat/completions`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(as === null ? {} : { authorization: `Bearer ${await world.token(as)}` }),
      ...(fault === undefined ? {} : { 'x-simulator-fault': fault }),
    },
    body: JSON.stringify({ model, max_tokens: 20, messages: ask('How many days of leave do I have?') }),
  })
  await answer.text()
  return answer.status
}

/** Calls of every kind: served, unpriced, refused by limits, refused without a token, failed. */
async function traffic(world: World): Promise<void> {
  const statuses = [
    await chat(world, 'alice', 'hr-bot', 'gpt-4o'),
    await chat(world, 'alice', 'hr-bot', 'gpt-4o-mini'),
    await chat(world, 'alice', 'hr-bot', 'own-model'),
    await chat(world, 'carol', 'code-assistant', 'gpt-4o-mini'),
    await chat(world, 'carol', 'code-assistant', 'gpt-4o-mini'),
    await chat(world, null, 'hr-bot', 'gpt-4o'),
  ]
  assert.deepEqual(statuses, [200, 200, 200, 200, 429, 401])
  assert.ok((await chat(world, 'alice', 'hr-bot', 'gpt-4o-mini', '500')) >= 500)
}

interface Prometheus {
  readonly url: string
  query: Exposed['query']
  exemplars: Exposed['exemplars']
  metrics(): Promise<ReadonlyMap<string, Labels>>
  alerts(): Promise<ReadonlyMap<string, string>>
}

/** @param targets URLs by job. */
async function startPrometheus(t: Scope, targets: Readonly<Record<string, string>>): Promise<Prometheus> {
  const directory = await mkdtemp(join(tmpdir(), 'gatehouse-prometheus-'))
  const configFile = join(directory, 'prometheus.yaml')
  const jobs = Object.entries(targets).map(([name, url]) => ({
    ...{ job_name: name, static_configs: [{ targets: [new URL(url).host] }] },
  }))
  const global = { scrape_interval: '500ms', scrape_timeout: '500ms', evaluation_interval: '1s' }
  await writeFile(configFile, JSON.stringify({ global, rule_files: [alertsFile], scrape_configs: jobs }))
  const listen = `127.0.0.1:${await closedPort()}`
  const args = [
    `--config.file=${configFile}`,
    `--web.listen-address=${listen}`,
    `--storage.tsdb.path=${directory}/data`,
    '--enable-feature=exemplar-storage',
  ]
  const child = spawn('prometheus', args, { stdio: ['ignore', 'ignore', 'pipe'] })
  const ended = once(child, 'close')
  let written = ''
  child.stderr.on('data', chunk => {
    written += String(chunk)
  })
  t.after(async () => {
    if (child.exitCode === null) child.kill('SIGKILL')
    await soon('Prometheus ends', ended)
    await rm(directory, { recursive: true, force: true })
  })
  const get = async (path: string): Promise<unknown> => {
    if (child.exitCode !== null) throw new Error(`Prometheus has ended with ${child.exitCode}:\n${written}`)
    const answer = await fetch(`http://${listen}/api/v1/${path}`)
    const { status, data, error } = (await answer.json()) as { status: string; data: unknown; error?: string }
    if (status !== 'success') throw new Error(error)
    return data
  }
  await eventually('Prometheus answers', () =>
    get('status/runtimeinfo').then(
      () => true,
      () => {
        if (child.exitCode !== null) throw new Error(written)
        return null
      },
    ),
  )
  return {
    url: `http://${listen}`,
    async query(expression) {
      const { result } = (await get(`query?query=${encodeURIComponent(expression)}`)) as {
        result: { metric?: Record<string, string> }[]
      }
      return result.map(({ metric = {} }) => metric)
    },
    async exemplars(selector) {
      const now = Date.now() / 1_000
      const found = (await get(
        `query_exemplars?query=${encodeURIComponent(selector)}&start=${now - 600}&end=${now}`,
      )) as readonly { readonly exemplars: readonly { readonly labels: Readonly<Record<string, string>> }[] }[]
      return found.flatMap(({ exemplars }) => exemplars.map(({ labels }) => labels['trace_id'] ?? ''))
    },
    async metrics() {
      const found = (await get(`series?match[]=${encodeURIComponent('{job=~"gatehouse.*"}')}`)) as Record<
        string,
        string
      >[]
      const metrics = new Map<string, Map<string, Set<string>>>()
      for (const { __name__: name = '', ...labels } of found) {
        const known = metrics.get(name) ?? new Map<string, Set<string>>()
        metrics.set(name, known)
        for (const [label, value] of Object.entries(labels)) {
          known.set(label, (known.get(label) ?? new Set()).add(value))
        }
      }
      return metrics
    },
    async alerts() {
      const { groups } = (await get('rules')) as {
        groups: { rules: { name: string; health: string; lastError?: string }[] }[]
      }
      const rules = groups.flatMap(group => group.rules)
      return new Map(rules.map(({ name, health, lastError }) => [name, lastError ?? health]))
    },
  }
}
