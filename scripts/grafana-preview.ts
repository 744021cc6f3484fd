/**
 * Draws the dashboards of deploy/grafana as pages, with the data of a Prometheus and without Grafana: to look at them
 * where there is none, and to judge a change of them.
 *   npm run dashboards -- --prometheus http://127.0.0.1:9090 --out dist/dashboards
 *   npm run dashboards -- --hours 6 --rate 5m --job 'gatehouse.*'
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { dashboards } from './grafana/dashboards.ts'
import { type DashboardFile, pageOf } from './grafana/preview/page.ts'
import { Prometheus, PrometheusError } from './grafana/preview/prometheus.ts'

const values = options()
const hours = Number(values.hours)
if (!(hours > 0 && hours <= 24 * 31)) usage(`--hours is "${values.hours}"; it must be a number above 0, at most 744.`)
const nowMs = Date.now()
const prometheus = new Prometheus(values.prometheus, {
  ...{ fromMs: nowMs - hours * 3_600_000, toMs: nowMs },
  variables: { $__rate_interval: values.rate, $__range: `${Math.ceil(hours * 3_600)}s`, $job: values.job },
})
const folder = join(import.meta.dirname, '..', 'deploy', 'grafana')
const out = resolve(values.out)
await mkdir(out, { recursive: true })
try {
  for (const { name } of dashboards) {
    const dashboard = JSON.parse(await readFile(join(folder, `${name}.json`), 'utf8')) as DashboardFile
    const path = join(out, `${name}.html`)
    await writeFile(path, await pageOf(dashboard, prometheus))
    process.stdout.write(`${path}\n`)
  }
} catch (error) {
  if (!(error instanceof PrometheusError)) throw error
  fail(1, 'prometheus_unavailable', error.message, 'the address of a running Prometheus, with --prometheus')
}

function options() {
  try {
    return parseArgs({
      options: {
        prometheus: { type: 'string', default: 'http://127.0.0.1:9090' },
        out: { type: 'string', default: 'dist/dashboards' },
        hours: { type: 'string', default: '6' },
        rate: { type: 'string', default: '5m' },
        job: { type: 'string', default: 'gatehouse.*' },
      },
    }).values
  } catch (error) {
    return usage(error instanceof Error ? error.message : String(error))
  }
}

function usage(what: string): never {
  return fail(2, 'usage', what, 'npm run dashboards -- --prometheus http://127.0.0.1:9090 --out dist/dashboards')
}

function fail(code: 1 | 2, name: string, what: string, next: string): never {
  process.stderr.write(`✗ ${name}  ${what}\n  Try: ${next}\n`)
  process.exit(code)
}
