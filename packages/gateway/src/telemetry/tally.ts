/**
 * Figures that calls write and a scrape reads. While a call is handled, nothing is hashed, allocated or validated: a
 * child is looked up by its key and counted up.
 */
import {
  Counter,
  Gauge,
  Histogram,
  type OpenMetricsContentType,
  type PrometheusContentType,
  type Registry,
} from 'prom-client'
import { exchangeSpan, traceOf } from '../ledger/feeds/spans/ids.ts'

/** Metrics of one format of text. */
export type MetricRegistry = Registry<PrometheusContentType> | Registry<OpenMetricsContentType>

/** Label values, in the order of the family's label names. */
export type Labels = readonly string[]

/**
 * Further children of one family are counted together, under `other`: nothing from outside can make the memory grow.
 */
const childrenMax = 10_000

/** Children by key. Any key that identifies the labels will do; the caller makes it. */
export class Children<Child> {
  readonly #byKey = new Map<string, { readonly labels: Labels; readonly child: Child }>()
  readonly #make: () => Child
  constructor(make: () => Child) {
    this.#make = make
  }

  /** The child of a known key; `add` creates others. */
  find(key: string): Child | undefined {
    return this.#byKey.get(key)?.child
  }

  add(key: string, labels: Labels): Child {
    const known = this.#byKey.get(key)
    if (known !== undefined) return known.child
    if (this.#byKey.size >= childrenMax && key !== 'other')
      return this.add(
        'other',
        labels.map(() => 'other'),
      )
    const child = this.#make()
    this.#byKey.set(key, { labels, child })
    return child
  }

  all(): Iterable<{ readonly labels: Labels; readonly child: Child }> {
    return this.#byKey.values()
  }
}

export interface Count {
  value: number
}

export function newCount(): Count {
  return { value: 0 }
}

/** Values sorted into buckets: `counts[i]` counts those up to `bounds[i]`, the last one those beyond. */
export class Spread {
  readonly bounds: readonly number[]
  readonly counts: Float64Array
  sum = 0
  constructor(bounds: readonly number[]) {
    this.bounds = bounds
    this.counts = new Float64Array(bounds.length + 1)
  }

  /** @returns the bucket. */
  add(value: number): number {
    const { bounds, counts } = this
    let at = 0
    while (at < bounds.length && value > (bounds[at] as number)) at += 1
    counts[at] = (counts[at] as number) + 1
    this.sum += value
    return at
  }
}

/** The call whose value came last into a bucket. */
export interface Exemplar {
  readonly value: number
  /** Milliseconds since the epoch. */
  readonly atMs: number
  readonly traceId: string
  readonly spanId: string
}

/** The call that an exemplar is made of. */
export interface ExemplarCall {
  /** Id of its record. */
  readonly id: string
  /** Id of the record that it copies, whose trace it is in; null for a call of a client. */
  readonly copyOf: string | null
  /** Trace of its caller; null where the record's id is the trace. */
  readonly traceId: string | null
  readonly endedAtMs: number
}

/** A spread that remembers the newest call of each bucket. Nothing is made of the call before somebody asks. */
export class SpreadOfCalls extends Spread {
  readonly #calls: (ExemplarCall | undefined)[] = []
  readonly #values: Float64Array

  constructor(bounds: readonly number[]) {
    super(bounds)
    this.#values = new Float64Array(bounds.length + 1)
  }

  addCall(value: number, call: ExemplarCall): void {
    const at = this.add(value)
    this.#calls[at] = call
    this.#values[at] = value
  }

  /** Of a bucket; null where it has no value yet. */
  exemplar(bucket: number): Exemplar | null {
    const call = this.#calls[bucket]
    if (call === undefined) return null
    const value = this.#values[bucket] ?? 0
    return { value, atMs: call.endedAtMs, traceId: traceOf(call), spanId: exchangeSpan(call.id) }
  }
}

/** Name, help and labels of a family, as the documentation has them. */
export interface Family {
  readonly name: string
  readonly help: string
  readonly labels?: readonly string[]
}

/** One series at the time of a scrape. */
export type Reading = readonly [labels: Labels, value: number]

/**
 * A counter or a gauge that is read at each scrape. A reading that fails leaves the family empty; the scrape is
 * answered.
 */
export function readAtScrape(
  registry: MetricRegistry,
  type: 'counter' | 'gauge',
  family: Family,
  read: () => Iterable<Reading> | Promise<Iterable<Reading>>,
): void {
  const names = family.labels ?? []
  const configuration = {
    name: family.name,
    help: family.help,
    labelNames: [...names],
    registers: [registry],
    async collect(this: Counter | Gauge) {
      const readings = await settled(read)
      // No await in between: two scrapes at once must not add to each other.
      this.reset()
      if (names.length === 0 && readings.length === 0) this.remove()
      for (const [labels, value] of readings) this.inc(labelled(names, labels), value)
    },
  }
  if (type === 'counter') new Counter(configuration)
  else new Gauge(configuration)
}

async function settled(read: () => Iterable<Reading> | Promise<Iterable<Reading>>): Promise<Reading[]> {
  try {
    return [...(await read())]
  } catch {
    return []
  }
}

function labelled(names: readonly string[], values: Labels): Record<string, string> {
  return Object.fromEntries(names.map((name, at) => [name, values[at] ?? '']))
}

/** A histogram whose buckets are kept in `Spread`s. */
export class SpreadHistogram extends Histogram {
  readonly #family: Family
  readonly #children: Children<Spread>

  constructor(registry: MetricRegistry, family: Family, children: Children<Spread>) {
    super({ name: family.name, help: family.help, labelNames: [...(family.labels ?? [])], registers: [registry] })
    this.#family = family
    this.#children = children
  }

  /** Labels and buckets of each child. */
  get spreads(): { readonly labels: Record<string, string>; readonly spread: Spread }[] {
    const names = this.#family.labels ?? []
    return [...this.#children.all()].map(({ labels, child }) => ({ labels: labelled(names, labels), spread: child }))
  }

  /**
   * The registry prints from this method, and so does `get`. It is not in prom-client's types; a test of
   * metrics.test.ts is named after it.
   */
  async getForPromString() {
    const { name, help } = this.#family
    const values = [...this.#children.all()].flatMap(({ labels, child }) => this.#lines(labels, child))
    return { name, help, type: 'histogram', aggregator: 'sum', values }
  }

  #lines(labels: Labels, spread: Spread) {
    const { name } = this.#family
    const own = labelled(this.#family.labels ?? [], labels)
    // `get` of prom-client needs them.
    const sharedLabels = {}
    let below = 0
    const buckets = Array.from(spread.counts, (count, at) => {
      below += count
      const le = at < spread.bounds.length ? (spread.bounds[at] as number) : '+Inf'
      return {
        metricName: `${name}_bucket`,
        labels: { le, ...own },
        sharedLabels,
        value: below,
        ...exemplarOf(spread, at),
      }
    })
    return [
      ...buckets,
      { metricName: `${name}_sum`, labels: own, sharedLabels, value: spread.sum },
      { metricName: `${name}_count`, labels: own, sharedLabels, value: below },
    ]
  }
}

/** As the registry prints it in the format of OpenMetrics, and nowhere else. */
function exemplarOf(spread: Spread, bucket: number): object {
  const exemplar = spread instanceof SpreadOfCalls ? spread.exemplar(bucket) : null
  if (exemplar === null) return {}
  const { value, atMs, traceId } = exemplar
  return { exemplar: { labelSet: { trace_id: traceId }, value, timestamp: atMs / 1_000 } }
}
