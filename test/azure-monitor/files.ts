/** What is written for Azure Monitor: the alerts and their queries, the workbook. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { type Module, readModules } from '../terraform/hcl.ts'

const terraform = join(import.meta.dirname, '../../deploy/terraform')
const directory = join(terraform, 'modules/observability')

/** A query whose result decides about an alert. */
export interface Alert {
  readonly name: string
  readonly query: string
  /** Column with the number that is compared; null where rows are counted. */
  readonly measure: string | null
  /** Column by which alerts are apart; null for one alert. */
  readonly dimension: string | null
}

const modules = await readModules(terraform)
const module = modules.find(each => each.directory === 'modules/observability')
if (module === undefined) throw new RangeError('deploy/terraform has no module observability.')

/** The alerts of `alerts.tf`, whose members are written as literals there. */
export const alerts: readonly Alert[] = readAlerts(module)

/** Metrics that alerts are about: namespace and name, which are literals there too. */
export const metricAlerts = [
  ...String(module.locals['metric_alerts']).matchAll(/^ +namespace = "([^"]+)"\n +metric +=+ "(\w+)"$/gm),
].map(([, namespace = '', name = '']): readonly [namespace: string, name: string] => [namespace, name])

function readAlerts({ locals }: Module): readonly Alert[] {
  const text = String(locals['alerts'])
  return [...text.matchAll(/^ +([a-z-]+) = \{([^{}]*measure[^{}]*)\}/gm)].map(([, name = '', members = '']) => ({
    name,
    query: readFileSync(join(directory, 'queries', `${name}.kql`), 'utf8'),
    measure: memberOf(members, 'measure'),
    dimension: memberOf(members, 'dimension'),
  }))
}

function memberOf(members: string, name: string): string | null {
  const [, value] = new RegExp(`^ +${name} += (?:"(\\w+)"|null)$`, 'm').exec(members) ?? []
  return value ?? null
}

const named = { name: z.string() }
const workbookSchema = z.strictObject({
  version: z.literal('Notebook/1.0'),
  items: z.array(
    z.discriminatedUnion('type', [
      z.strictObject({ type: z.literal(1), content: z.strictObject({ json: z.string() }), ...named }),
      z.strictObject({
        type: z.literal(9),
        content: z.strictObject({
          version: z.literal('KqlParameterItem/1.0'),
          parameters: z.array(
            z.strictObject({
              id: z.uuid(),
              version: z.literal('KqlParameterItem/1.0'),
              name: z.string(),
              label: z.string(),
              type: z.literal(4),
              isRequired: z.boolean(),
              value: z.strictObject({ durationMs: z.int() }),
              typeSettings: z.strictObject({
                selectableValues: z.array(z.strictObject({ durationMs: z.int() })),
                allowCustom: z.boolean(),
              }),
            }),
          ),
          style: z.literal('pills'),
          queryType: z.literal(0),
          resourceType: z.literal('microsoft.operationalinsights/workspaces'),
        }),
        ...named,
      }),
      z.strictObject({
        type: z.literal(3),
        content: z.strictObject({
          version: z.literal('KqlItem/1.0'),
          query: z.string(),
          size: z.literal(0),
          title: z.string(),
          queryType: z.union([z.literal(0), z.literal(9)]),
          visualization: z.enum(['timechart', 'table', 'barchart']),
          timeContextFromParameter: z.literal('TimeRange').optional(),
          resourceType: z.literal('microsoft.operationalinsights/workspaces').optional(),
        }),
        customWidth: z.enum(['50', '100']),
        ...named,
      }),
    ]),
  ),
  $schema: z.url(),
})

export const workbook = workbookSchema.parse(JSON.parse(readFileSync(join(directory, 'workbook.json'), 'utf8')))

const dataExplorerQuery = z.strictObject({
  version: z.literal('AzureDataExplorerQuery/1.0'),
  queryText: z.string(),
  clusterName: z.literal('CLUSTER'),
  databaseName: z.literal('gatehouse'),
})

/** A chart of the workbook, with a time in place of its parameter. */
export interface ChartQuery {
  readonly title: string
  readonly visualization: 'timechart' | 'table' | 'barchart'
  readonly query: string
}

/** Charts over Log Analytics (0) or Data Explorer (9). */
export function chartsOf(source: 0 | 9): readonly ChartQuery[] {
  return workbook.items.flatMap(item => {
    if (item.type !== 3 || item.content.queryType !== source) return []
    const { title, visualization, query } = item.content
    const text = source === 9 ? dataExplorerQuery.parse(JSON.parse(query)).queryText : query
    return [
      {
        ...{ title, visualization },
        query: text
          .replaceAll('{TimeRange:grain}', '30m')
          .replaceAll(/\{TimeRange:(?:start|end)\}/g, 'datetime(2026-11-26)'),
      },
    ]
  })
}
