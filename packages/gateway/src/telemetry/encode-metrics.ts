/**
 * Metrics as a request of OTLP (opentelemetry/proto/collector/metrics/v1/metrics_service.proto). Numbers of fields are
 * those of opentelemetry/proto/metrics/v1.
 */
import { AttributeWriter } from '../ledger/feeds/otlp/attribute-writer.ts'
import { writeResource, writeScope } from '../ledger/feeds/otlp/encode.ts'
import type { Metric, MetricPoint } from './metric.ts'
import { type Exemplar, Spread, SpreadOfCalls } from './tally.ts'

const request = { resourceMetrics: 1 } as const
const resourceMetrics = { resource: 1, scopeMetrics: 2 } as const
const scopeMetrics = { scope: 1, metrics: 2 } as const
const metric = { name: 1, description: 2, unit: 3, gauge: 5, counter: 7, histogram: 9 } as const
const data = { points: 1, temporality: 2, isMonotonic: 3 } as const
const numberPoint = { start: 2, time: 3, double: 4, attributes: 7 } as const
const histogramPoint = {
  ...{ start: 2, time: 3, count: 4, sum: 5, bucketCounts: 6, bounds: 7, exemplars: 8, attributes: 9 },
} as const
const exemplar = { time: 2, double: 3, spanId: 4, traceId: 5 } as const
/** Sums since a start, not since the last request: what was lost on the way is in the next one. */
const cumulative = 2

export interface MetricsTimes {
  readonly nowMs: number
  /** When the process began. */
  readonly startedAtMs: number
}

/** Encodes requests, one after the other, into the same memory. */
export class MetricsEncoder {
  readonly #service: string
  readonly #replica: string
  readonly #attributes = new AttributeWriter()
  readonly #starts = new Starts()

  /** @param service `service.name`. @param replica `service.instance.id`. */
  constructor(service: string, replica: string) {
    this.#service = service
    this.#replica = replica
  }

  encode(metrics: readonly Metric[], times: MetricsTimes): Buffer {
    const { writer } = this.#attributes
    writer.reset()
    const begun = writer.begin(request.resourceMetrics)
    writeResource(this.#attributes, resourceMetrics.resource, this.#service, this.#replica)
    const scopeBegun = writer.begin(resourceMetrics.scopeMetrics)
    writeScope(writer, scopeMetrics.scope)
    for (const one of metrics) if (one.points.length > 0) this.#metric(one, times)
    writer.end(scopeBegun)
    writer.end(begun)
    this.#starts.seen(times.nowMs)
    return writer.finish()
  }

  #metric(one: Metric, times: MetricsTimes): void {
    const { writer } = this.#attributes
    const begun = writer.begin(scopeMetrics.metrics)
    writer.text(metric.name, one.name)
    writer.text(metric.description, one.description)
    if (one.unit !== '') writer.text(metric.unit, one.unit)
    const dataBegun = writer.begin(metric[one.type])
    for (const point of one.points) this.#point(one, point, times)
    if (one.type !== 'gauge') writer.varint(data.temporality, cumulative)
    if (one.type === 'counter') writer.varint(data.isMonotonic, 1)
    writer.end(dataBegun)
    writer.end(begun)
  }

  #point(one: Metric, { attributes, value }: MetricPoint, { nowMs, startedAtMs: processMs }: MetricsTimes): void {
    const { writer } = this.#attributes
    const startedAtMs = one.startedAtMs ?? processMs
    const begun = writer.begin(data.points)
    if (value instanceof Spread) {
      writer.nanoseconds(histogramPoint.start, startedAtMs)
      this.#histogram(value, nowMs)
      this.#labels(histogramPoint.attributes, attributes)
    } else {
      if (one.type === 'counter') {
        const key = `${one.name} ${JSON.stringify(attributes)}`
        writer.nanoseconds(numberPoint.start, this.#starts.of(key, value, startedAtMs))
      }
      writer.nanoseconds(numberPoint.time, nowMs)
      writer.double(numberPoint.double, value)
      this.#labels(numberPoint.attributes, attributes)
    }
    writer.end(begun)
  }

  #histogram(spread: Spread, nowMs: number): void {
    const { writer } = this.#attributes
    const counts = [...spread.counts]
    writer.nanoseconds(histogramPoint.time, nowMs)
    writer.fixed64(
      histogramPoint.count,
      counts.reduce((sum, count) => sum + count, 0),
    )
    writer.double(histogramPoint.sum, spread.sum)
    writer.fixed64s(histogramPoint.bucketCounts, counts)
    writer.doubles(histogramPoint.bounds, spread.bounds)
    if (!(spread instanceof SpreadOfCalls)) return
    for (const bucket of counts.keys()) {
      const found = spread.exemplar(bucket)
      if (found !== null) this.#exemplar(found)
    }
  }

  #exemplar({ value, atMs, traceId, spanId }: Exemplar): void {
    const { writer } = this.#attributes
    const begun = writer.begin(histogramPoint.exemplars)
    writer.nanoseconds(exemplar.time, atMs)
    writer.double(exemplar.double, value)
    writer.hex(exemplar.spanId, spanId)
    writer.hex(exemplar.traceId, traceId)
    writer.end(begun)
  }

  #labels(field: number, attributes: MetricPoint['attributes']): void {
    for (const [name, value] of Object.entries(attributes)) this.#attributes.write(field, name, value)
  }
}

/**
 * When counters began. Most begin with the process; those of what a reload replaces begin again, at 0, and a receiver
 * must not take that for a step back.
 */
class Starts {
  readonly #known = new Map<string, { value: number; startMs: number | null; isSeen: boolean }>()
  #lastMs: number | null = null

  /** Milliseconds since the epoch. */
  of(key: string, value: number, startedAtMs: number): number {
    const known = this.#known.get(key)
    if (known === undefined) {
      this.#known.set(key, { value, startMs: null, isSeen: true })
      return startedAtMs
    }
    if (value < known.value) known.startMs = this.#lastMs
    known.value = value
    known.isSeen = true
    return known.startMs ?? startedAtMs
  }

  /** A request is complete: counters that were not in it are forgotten. */
  seen(nowMs: number): void {
    this.#lastMs = nowMs
    for (const [key, one] of this.#known) {
      if (one.isSeen) one.isSeen = false
      else this.#known.delete(key)
    }
  }
}
