/** Resources that the process uses, read at each scrape. The names are those of Prometheus' client libraries. */
import { readdir } from 'node:fs/promises'
import { performance } from 'node:perf_hooks'
import { type MetricRegistry, readAtScrape } from './tally.ts'

export function registerProcess(registry: MetricRegistry, version: string): void {
  const add = (type: 'counter' | 'gauge', name: string, help: string, read: () => number | Promise<number>): void => {
    readAtScrape(registry, type, { name, help }, async () => [[[], await read()]])
  }
  const about = { name: 'gatehouse_info', help: 'Always 1: what runs is in the labels.', labels: ['version', 'node'] }
  readAtScrape(registry, 'gauge', about, () => [[[version, process.version], 1]])
  add('gauge', 'process_start_time_seconds', 'Start of the process, since the epoch.', () =>
    Math.round(performance.timeOrigin / 1_000),
  )
  add('counter', 'process_cpu_seconds_total', 'CPU time of the process, all its threads.', () => {
    const { user, system } = process.cpuUsage()
    return (user + system) / 1e6
  })
  add('gauge', 'process_resident_memory_bytes', 'Memory of the process.', () => process.memoryUsage.rss())
  // Rejects where there is no /proc: the family is then empty.
  add(
    'gauge',
    'process_open_fds',
    'Open files and sockets (Linux).',
    async () => (await readdir('/proc/self/fd')).length,
  )
  add('gauge', 'nodejs_heap_size_used_bytes', 'Heap of JavaScript in use.', () => process.memoryUsage().heapUsed)
  add(
    'gauge',
    'nodejs_external_memory_bytes',
    'Memory of buffers outside the heap.',
    () => process.memoryUsage().external,
  )
  add(
    'counter',
    'nodejs_eventloop_active_seconds_total',
    'Time in which the event loop was busy: its rate is the share of one core that is used.',
    () => performance.eventLoopUtilization().active / 1_000,
  )
}
