/** deploy/grafana, held against what Grafana demands of a dashboard's JSON (its documentation: "JSON model"). */
import { globSync, readFileSync } from 'node:fs'
import { z } from 'zod'

const datasource = z.strictObject({ type: z.literal('prometheus'), uid: z.literal('${datasource}') })
const gridPos = z.strictObject({
  x: z.int().min(0).max(23),
  y: z.int().min(0),
  w: z.int().min(1).max(24),
  h: z.int().min(1),
})
const target = z.strictObject({
  refId: z.string().regex(/^[A-Z]$/),
  datasource,
  expr: z.string().min(1),
  legendFormat: z.string().min(1),
  editorMode: z.literal('code'),
  ...{ instant: z.boolean(), range: z.boolean(), format: z.enum(['time_series', 'table']) },
})
const step = z.strictObject({ color: z.enum(['green', 'yellow', 'red']), value: z.number().nullable() })
/** Ids of Grafana's list of units. */
const unit = z.union([
  z.enum(['short', 'none', 'reqps', 'percentunit', 's', 'bytes', 'Bps']),
  z.string().regex(/^suffix: \S+$/),
])
/** Values and their words. */
const mapping = z.strictObject({
  type: z.literal('value'),
  options: z.record(
    z.string().regex(/^\d$/),
    z.strictObject({ text: z.string().min(1), color: z.enum(['green', 'yellow', 'red']), index: z.int() }),
  ),
})
const defaults = z.strictObject({
  ...{ unit, min: z.literal(0).optional() },
  color: z.strictObject({ mode: z.enum(['palette-classic', 'thresholds']) }),
  thresholds: z.strictObject({ mode: z.literal('absolute'), steps: z.array(step).min(1) }),
  ...{ mappings: z.array(mapping), noValue: z.literal('-') },
  custom: z.record(z.string(), z.unknown()),
})
const columns = z.strictObject({
  excludeByName: z.record(z.string(), z.boolean()),
  renameByName: z.record(z.string(), z.string()),
})
const common = { id: z.int().positive(), title: z.string().min(1), gridPos }
const row = z.strictObject({ ...common, type: z.literal('row'), collapsed: z.literal(false), panels: z.tuple([]) })
const drawn = z.strictObject({
  ...common,
  type: z.enum(['timeseries', 'state-timeline', 'stat', 'bargauge', 'table']),
  ...{ description: z.string(), datasource, targets: z.array(target).min(1) },
  fieldConfig: z.strictObject({ defaults, overrides: z.tuple([]) }),
  options: z.record(z.string(), z.unknown()),
  transformations: z.array(z.strictObject({ id: z.literal('organize'), options: columns })),
})
const panel = z.discriminatedUnion('type', [row, drawn])
const variable = z.discriminatedUnion('type', [
  z.looseObject({ type: z.literal('datasource'), name: z.literal('datasource'), query: z.literal('prometheus') }),
  z.looseObject({ type: z.literal('query'), name: z.literal('job'), datasource, definition: z.string() }),
])
const dashboardSchema = z.looseObject({
  uid: z.string().regex(/^[\w-]{1,40}$/),
  title: z.string().min(1),
  id: z.null(),
  schemaVersion: z.int().min(36),
  time: z.strictObject({ from: z.string(), to: z.literal('now') }),
  templating: z.strictObject({ list: z.array(variable) }),
  panels: z.array(panel).min(1),
})

export type GrafanaDashboard = z.infer<typeof dashboardSchema>

export interface DashboardQuery {
  /** Dashboard and panel. */
  readonly where: string
  /** With the variables of Grafana replaced. */
  readonly expression: string
  /** Labels that the legend shows. */
  readonly legend: readonly string[]
}

const folder = new URL('../../deploy/grafana/', import.meta.url)
export const grafanaDashboards: readonly GrafanaDashboard[] = globSync('*.json', { cwd: folder })
  .sort()
  .map(name => dashboardSchema.parse(JSON.parse(readFileSync(new URL(name, folder), 'utf8'))))

export const dashboardQueries: readonly DashboardQuery[] = grafanaDashboards.flatMap(({ title, panels }) =>
  panels.flatMap(one =>
    one.type === 'row'
      ? []
      : one.targets.map(({ expr, legendFormat }) => ({
          where: `${title}: ${one.title}`,
          expression: withVariables(expr),
          legend: [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label = '']) => label),
        })),
  ),
)

/** @throws Error for a variable that no dashboard has. */
function withVariables(expression: string): string {
  const replaced = expression
    .replaceAll('$job', 'gatehouse.*')
    .replaceAll('$__rate_interval', '5m')
    .replaceAll('$__range', '1h')
  if (replaced.includes('$')) throw new Error(`${expression}: a variable that is not defined`)
  return replaced
}
