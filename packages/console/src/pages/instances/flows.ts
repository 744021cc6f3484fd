/** The picture of traffic: bars of workloads, pools and instances, and bands between them as wide as their calls. */

export interface Flow {
  readonly workload: string
  readonly pool: string
  readonly instance: string
  readonly calls: number
}

export interface Bar {
  readonly name: string
  /** 0: workloads, 1: pools, 2: instances. */
  readonly column: 0 | 1 | 2
  readonly calls: number
  readonly top: number
  readonly height: number
}

export interface Band {
  readonly key: string
  readonly calls: number
  /** Column of its left end, 0 or 1. */
  readonly column: 0 | 1
  /** Upper edges at both ends. */
  readonly fromTop: number
  readonly toTop: number
  readonly height: number
  /** Place of its workload among all, from 0: bands of a workload have one colour. */
  readonly workload: number
}

export interface Picture {
  readonly bars: readonly Bar[]
  readonly bands: readonly Band[]
  readonly height: number
}

/** Above each bar, for its name. */
export const labelHeight = 20
const gap = 10
const heightMin = 3

/** @param fullHeight of all calls together, without the room for names. */
export function pictureOf(flows: readonly Flow[], fullHeight: number): Picture {
  const all = flows.reduce((sum, { calls }) => sum + calls, 0)
  const heightOf = (calls: number): number => Math.max(heightMin, (calls / Math.max(1, all)) * fullHeight)
  const columns = (['workload', 'pool', 'instance'] as const).map((member, column) =>
    stacked(sumsBy(flows, member), column as 0 | 1 | 2, heightOf),
  )
  const workloads = (columns[0] ?? []).map(({ name }) => name)
  const bands = [0, 1].flatMap(column => bandsOf(flows, column as 0 | 1, columns, workloads, heightOf))
  const bars = columns.flat()
  const height = Math.max(0, ...bars.map(({ top, height }) => top + height))
  return { bars, bands, height }
}

type Sums = readonly (readonly [name: string, calls: number])[]

/** Most calls first. */
function sumsBy(flows: readonly Flow[], member: 'workload' | 'pool' | 'instance'): Sums {
  const sums = new Map<string, number>()
  for (const flow of flows) sums.set(flow[member], (sums.get(flow[member]) ?? 0) + flow.calls)
  return [...sums].sort(([a, one], [b, other]) => other - one || a.localeCompare(b))
}

function stacked(sums: Sums, column: 0 | 1 | 2, heightOf: (calls: number) => number): readonly Bar[] {
  let top = 0
  return sums.map(([name, calls]) => {
    const bar: Bar = { name, column, calls, top: top + labelHeight, height: heightOf(calls) }
    top = bar.top + bar.height + gap
    return bar
  })
}

function bandsOf(
  flows: readonly Flow[],
  column: 0 | 1,
  columns: readonly (readonly Bar[])[],
  workloads: readonly string[],
  heightOf: (calls: number) => number,
): readonly Band[] {
  const [from, to] = column === 0 ? (['workload', 'pool'] as const) : (['pool', 'instance'] as const)
  const free = (bars: readonly Bar[] = []): Map<string, number> => new Map(bars.map(({ name, top }) => [name, top]))
  const [left, right] = [free(columns[column]), free(columns[column + 1])]
  const order = (name: string, bars: readonly Bar[] = []): number => bars.findIndex(bar => bar.name === name)
  const sorted = flows.toSorted(
    (one, other) =>
      order(one[from], columns[column]) - order(other[from], columns[column]) ||
      workloads.indexOf(one.workload) - workloads.indexOf(other.workload) ||
      order(one[to], columns[column + 1]) - order(other[to], columns[column + 1]),
  )
  return sorted.map(flow => {
    const height = heightOf(flow.calls)
    const [fromTop, toTop] = [left.get(flow[from]) ?? 0, right.get(flow[to]) ?? 0]
    left.set(flow[from], fromTop + height)
    right.set(flow[to], toTop + height)
    const key = `${column}|${flow.workload}|${flow.pool}|${flow.instance}`
    return { key, calls: flow.calls, column, fromTop, toTop, height, workload: workloads.indexOf(flow.workload) }
  })
}
