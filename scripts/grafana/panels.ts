/** The words in which `dashboards.ts` describes dashboards: expressions of PromQL, panels, rows. */

/** Units of Grafana, by their ids. */
export type Unit =
  | 'short'
  | 'none'
  | 'reqps'
  | 'percentunit'
  | 's'
  | 'bytes'
  | 'Bps'
  | 'suffix: records/s'
  | 'suffix: tokens/s'

export interface Query {
  readonly expr: string
  /** Name of each series, with `{{label}}`; of a table: of its column. */
  readonly legend: string
}

export interface Panel {
  readonly title: string
  readonly type: 'timeseries' | 'state-timeline' | 'stat' | 'bargauge' | 'table'
  readonly unit: Unit
  readonly queries: readonly Query[]
  /** Explains what cannot be seen from the title. */
  readonly description: string
  /** Of 24. */
  readonly width: number
  /** From here on it is yellow, and red. */
  readonly thresholds?: readonly [warning: number, critical: number]
  readonly stacked?: boolean
  /** Of a line of states: what its values mean. */
  readonly states?: readonly State[]
}

export interface State {
  readonly value: number
  readonly text: string
  readonly color: 'green' | 'yellow' | 'red'
}

export interface Row {
  readonly title: string
  readonly panels: readonly Panel[]
}

export interface Dashboard {
  /** Name of the file, and end of the uid: an import replaces the dashboard that is there. */
  readonly name: string
  readonly title: string
  readonly rows: readonly Row[]
}

/** Series of the chosen jobs. @param matchers further ones, as `outcome="failed"`. */
export function of(metric: string, matchers = ''): string {
  return `${metric}{job=~"$job"${matchers === '' ? '' : `, ${matchers}`}}`
}

/** Increase of a counter per second. */
export function rate(metric: string, matchers = ''): string {
  return `rate(${of(metric, matchers)}[$__rate_interval])`
}

/** Share of all; 0 where there is no part and where there is nothing: a panel without data looks broken. */
export function share(part: string, all: string): string {
  return `(${part} or 0 * ${all}) / (${all} > 0) or 0 * ${all}`
}

/** Calls that were refused before their workload was known have none. @returns series with a name that can be read. */
export function withWorkload(expression: string): string {
  return `label_replace(${expression}, "workload", "no workload", "workload", "")`
}

/** @param labels separated by commas; none: one sum of all. */
export function sum(labels: string, expression: string): string {
  return labels === '' ? `sum(${expression})` : `sum by (${labels}) (${expression})`
}

export function max(labels: string, expression: string): string {
  return labels === '' ? `max(${expression})` : `max by (${labels}) (${expression})`
}

/** A quantile of a histogram, over the time between two points of a graph. */
export function quantile(share: number, labels: string, metric: string): string {
  const all = labels === '' ? 'le' : `${labels}, le`
  return `histogram_quantile(${share}, ${sum(all, rate(`${metric}_bucket`))})`
}

type More = Partial<Pick<Panel, 'description' | 'width' | 'thresholds' | 'stacked'>>

/** Lines over time. @param queries by their legends. */
export function graph(title: string, unit: Unit, queries: Readonly<Record<string, string>>, more: More = {}): Panel {
  return { ...{ title, type: 'timeseries', unit, width: 12, description: '' }, ...more, queries: listed(queries) }
}

/** A row for each series, in the colour of its state. */
export function states(
  title: string,
  means: readonly State[],
  queries: Readonly<Record<string, string>>,
  more: More = {},
): Panel {
  const panel = { title, type: 'state-timeline', unit: 'none', width: 12, description: '', states: means } as const
  return { ...panel, ...more, queries: listed(queries) }
}

/** 1 is good. */
export const yesNo: readonly State[] = [
  { value: 0, text: 'no', color: 'red' },
  { value: 1, text: 'yes', color: 'green' },
]

/** One figure. */
export function figure(title: string, unit: Unit, expr: string, more: More = {}): Panel {
  return { ...{ title, type: 'stat', unit, width: 4, description: '' }, ...more, queries: listed({ '': expr }) }
}

/** A bar for each series, as it is now. */
export function bars(title: string, unit: Unit, queries: Readonly<Record<string, string>>, more: More = {}): Panel {
  return { ...{ title, type: 'bargauge', unit, width: 12, description: '' }, ...more, queries: listed(queries) }
}

/** A line for each series, as it is now. */
export function table(title: string, unit: Unit, queries: Readonly<Record<string, string>>, more: More = {}): Panel {
  return { ...{ title, type: 'table', unit, width: 12, description: '' }, ...more, queries: listed(queries) }
}

function listed(queries: Readonly<Record<string, string>>): readonly Query[] {
  return Object.entries(queries).map(([legend, expr]) => ({ legend, expr }))
}
