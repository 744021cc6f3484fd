/** A metric as it is sent over OTLP: what `/metrics` prints, and the families of the GenAI conventions. */
import { type MetricRegistry, type Spread, SpreadHistogram } from './tally.ts'

export interface MetricPoint {
  readonly attributes: Readonly<Record<string, string>>
  readonly value: number | Spread
}

export interface Metric {
  readonly name: string
  readonly description: string
  /** In the notation of UCUM; empty where a value has none. */
  readonly unit: string
  readonly type: 'gauge' | 'counter' | 'histogram'
  readonly points: readonly MetricPoint[]
  /** When its figures began, in ms since the epoch. Default: with the process. */
  readonly startedAtMs?: number
}

/** All metrics of the registry, read now. Never rejects for a source that fails: its families are empty. */
export async function metricsOf(registry: MetricRegistry): Promise<Metric[]> {
  const read = await registry.getMetricsAsJSON()
  return read.map(({ name, help, type, values }) => {
    const registered = registry.getSingleMetric(name)
    const described = { name, description: help, unit: unitOf(name) }
    if (registered instanceof SpreadHistogram) {
      const points = registered.spreads.map(({ labels, spread }) => ({ attributes: labels, value: spread }))
      return { ...described, type: 'histogram', points }
    }
    const points = values.map(({ labels, value }) => ({ attributes: textsOf(labels), value }))
    // The types of prom-client call its types by numbers, which they are not.
    return { ...described, type: String(type) === 'counter' ? 'counter' : 'gauge', points }
  })
}

const textsOf = (labels: Partial<Record<string, string | number>>): Record<string, string> =>
  Object.fromEntries(Object.entries(labels).map(([name, value]) => [name, String(value)]))

const units: readonly (readonly [suffix: RegExp, unit: string])[] = [
  [/_seconds(_total)?$/, 's'],
  [/_bytes(_total)?$/, 'By'],
  [/_ratio$/, '1'],
]

function unitOf(name: string): string {
  return units.find(([suffix]) => suffix.test(name))?.[1] ?? ''
}
