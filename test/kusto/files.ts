/** The files of deploy/kusto, and their JSON under schemas of our own. */
import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { commandsIn } from './service.ts'

const read = (name: string): string => readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8')

export const policiesText = read('deploy/kusto/2-policies.kql')
/** The commands of all scripts, in the order in which they are run. */
export const commands: readonly string[] = [
  read('deploy/kusto/1-tables.kql'),
  policiesText,
  read('deploy/kusto/3-functions.kql'),
].flatMap(commandsIn)

export const dataExplorerPage: string = read('docs/data-explorer.md')

const timespan = z.string().regex(/^(\d+\.)?\d{2}:\d{2}:\d{2}$/)

export const mappingSchema = z
  .array(
    z.strictObject({
      column: z.string().regex(/^[A-Z]\w*$/),
      Properties: z.strictObject({ Path: z.string().regex(/^\$\.[a-z]\w*$/) }),
    }),
  )
  .nonempty()
export type Mapping = z.infer<typeof mappingSchema>

const updatePolicy = z
  .array(
    z.strictObject({
      IsEnabled: z.literal(true),
      Source: z.string(),
      Query: z.string(),
      IsTransactional: z.literal(true),
      PropagateIngestionProperties: z.boolean(),
    }),
  )
  .length(1)
const retentionPolicy = z.strictObject({
  SoftDeletePeriod: timespan,
  Recoverability: z.enum(['Enabled', 'Disabled']),
})
const batchingPolicy = z.strictObject({
  MaximumBatchingTimeSpan: timespan,
  MaximumNumberOfItems: z.int().min(1).max(10_000),
  MaximumRawDataSizeMB: z.int().min(100).max(4_096),
})
const managedIdentityPolicy = z
  .array(z.strictObject({ ObjectId: z.string(), AllowedUsages: z.literal('DataConnection') }))
  .nonempty()

/** Schema of the JSON in a command, by the beginning of the command. */
const schemas: readonly (readonly [RegExp, z.ZodType])[] = [
  [/^\.create-or-alter table \w+ ingestion json mapping /, mappingSchema],
  [/^\.alter table \w+ policy update /, updatePolicy],
  [/^\.alter (table|materialized-view) \w+ policy retention /, retentionPolicy],
  [/^\.alter table \w+ policy ingestionbatching /, batchingPolicy],
  [/^\.alter-merge database \w+ policy managed_identity /, managedIdentityPolicy],
]

/** The JSON of a command, checked; null for a command without. @throws when it does not keep to its schema. */
export function jsonIn(command: string): unknown {
  const [, long, short] = /```([\s\S]*)```|policy managed_identity '([^']*)'/.exec(command) ?? []
  const text = long ?? short
  if (text === undefined) return null
  const schema = schemas.find(([form]) => form.test(command))?.[1]
  if (schema === undefined) throw new RangeError(`no schema for the JSON of ${command.slice(0, 60)}`)
  return schema.parse(JSON.parse(text))
}

/** The JSON of the only command that begins so. */
function jsonOf(form: RegExp): unknown {
  const found = commands.filter(command => form.test(command))
  if (found.length !== 1) throw new RangeError(`${found.length} commands are ${form.source}`)
  return jsonIn(found[0] ?? '')
}

export const mapping: Mapping = mappingSchema.parse(jsonOf(/ingestion json mapping/))
export const updateQuery: string = updatePolicy.parse(jsonOf(/policy update/))[0]?.Query ?? ''

/** Name and type of a table's columns. */
export function columnsOf(table: string): readonly (readonly [name: string, type: string])[] {
  const form = new RegExp(`^\\.create-merge table ${table} \\(([^)]*)\\)`)
  const schema = commands.map(command => form.exec(command)?.[1]).find(found => found !== undefined) ?? ''
  return schema.split(',').map(column => {
    const [name = '', type = ''] = column.trim().split(': ')
    return [name, type]
  })
}

/** Columns that may hold strings of up to 32 MiB. */
export const longColumns: ReadonlySet<string> = new Set(
  commands.flatMap(
    command => /^\.alter column ExchangeRaw\.(\w+) policy encoding type = "BigObject32"/.exec(command)?.[1] ?? [],
  ),
)

const uuid = z.uuid()
const showOnPages = z.strictObject({ kind: z.literal('selection'), pageIds: z.array(uuid) })
const dashboardSchema = z.strictObject({
  $schema: z.literal('https://dataexplorer.azure.com/static/d/schema/20/dashboard.json'),
  schema_version: z.literal('20'),
  title: z.string(),
  autoRefresh: z.strictObject({ enabled: z.boolean(), defaultInterval: z.string(), minInterval: z.string() }),
  dataSources: z.array(
    z.strictObject({
      id: uuid,
      name: z.string(),
      kind: z.literal('manual-kusto'),
      scopeId: z.literal('kusto'),
      clusterUri: z.url(),
      database: z.string(),
    }),
  ),
  pages: z.array(z.strictObject({ name: z.string(), id: uuid })),
  parameters: z.array(
    z.discriminatedUnion('kind', [
      z.strictObject({
        kind: z.literal('duration'),
        id: uuid,
        displayName: z.string(),
        description: z.string(),
        beginVariableName: z.string(),
        endVariableName: z.string(),
        defaultValue: z.strictObject({ kind: z.literal('dynamic'), count: z.int(), unit: z.literal('days') }),
        showOnPages,
      }),
      z.strictObject({
        kind: z.literal('string'),
        id: uuid,
        displayName: z.string(),
        description: z.string(),
        variableName: z.string(),
        selectionType: z.literal('freetext'),
        defaultValue: z.strictObject({ kind: z.literal('value'), value: z.string() }),
        showOnPages,
      }),
    ]),
  ),
  tiles: z.array(
    z.strictObject({
      id: uuid,
      title: z.string(),
      query: z.string(),
      layout: z.strictObject({
        x: z.int().min(0),
        y: z.int().min(0),
        width: z.int().min(1).max(24),
        height: z.int().min(1),
      }),
      pageId: uuid,
      visualType: z.enum(['table', 'timechart']),
      dataSourceId: uuid,
      visualOptions: z.record(z.string(), z.unknown()),
      usedParamVariables: z.array(z.string()),
    }),
  ),
})
export type Dashboard = z.infer<typeof dashboardSchema>

export const dashboard: Dashboard = dashboardSchema.parse(JSON.parse(read('deploy/kusto/dashboard.json')))
