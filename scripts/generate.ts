/**
 * Writes the generated files: from the configuration's schema its reference and JSON Schema, from the table of the
 * record's fields the table in docs/ledger.md, the journal's writer, and Data Explorer's tables and dashboard; from
 * descriptions Grafana's dashboards and Azure Monitor's workbook, from Prometheus' alerts their table in
 * docs/metrics.md and the chart's copy, from docs/refusals.md the advice of the command line, from Terraform's files
 * the tables in deploy/README.md, and from the OpenAPI document of the management API the types of the console's
 * client.
 *   npm run generate              writes what has changed
 *   npm run generate -- --check   writes nothing; exits 1 when a file differs from what would be written
 */
import { readFileSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { jsonSchemaText } from '../packages/gateway/src/config/json-schema.ts'
import { referenceText } from '../packages/gateway/src/config/reference.ts'
import { withFieldTable } from '../packages/gateway/src/ledger/field-docs.ts'
import { unrolledText } from '../packages/gateway/src/ledger/journal/unroll.ts'

import { workbookText } from './azure-monitor/workbook.ts'
import { dashboards } from './grafana/dashboards.ts'
import { grafanaText } from './grafana/json.ts'
import { readImports, withRoomsTable } from './imports.ts'
import { dashboardText } from './kusto/dashboard.ts'
import { tablesText } from './kusto/tables.ts'
import { openApiDocument } from './openapi/document.ts'
import { clientText } from './openapi/types.ts'
import { withAlertsTable } from './prometheus/alerts-table.ts'
import { refusalAdviceText } from './refusal-advice.ts'
import { withTerraformTables } from './terraform/tables.ts'

const root = dirname(import.meta.dirname)
const alertsFile = join(root, 'deploy/prometheus/alerts.yaml')
/** By file: its new text, made from its current one. */
const generated: Readonly<Record<string, (written: string) => string | Promise<string>>> = {
  'docs/configuration.md': referenceText,
  'gatehouse.schema.json': jsonSchemaText,
  'ARCHITECTURE.md': written => withRoomsTable(written, readImports(root)),
  'docs/ledger.md': withFieldTable,
  'packages/gateway/src/ledger/journal/unrolled.ts': unrolledText,
  'deploy/kusto/1-tables.kql': tablesText,
  'deploy/kusto/dashboard.json': dashboardText,
  'deploy/terraform/modules/observability/workbook.json': workbookText,
  'deploy/README.md': written => withTerraformTables(written, join(root, 'deploy/terraform')),
  'docs/metrics.md': written => withAlertsTable(written, alertsFile),
  'packages/gateway/src/cli/refusal-advice.json': () => refusalAdviceText(join(root, 'docs/refusals.md')),
  'packages/console/src/api/generated.ts': async () => clientText(await openApiDocument()),
  // Helm reads no file from outside of a chart.
  'deploy/helm/gatehouse/files/alerts.yaml': () => readFileSync(alertsFile, 'utf8'),
  ...Object.fromEntries(
    dashboards.map(dashboard => [`deploy/grafana/${dashboard.name}.json`, () => grafanaText(dashboard)]),
  ),
}

const unknown = process.argv.slice(2).filter(argument => argument !== '--check')
if (unknown.length > 0) {
  process.stderr.write(`✗ usage  unknown argument ${unknown[0]}\n  Try: npm run generate -- --check\n`)
  process.exit(2)
}
const checkOnly = process.argv.includes('--check')
const stale: string[] = []
for (const [name, make] of Object.entries(generated)) {
  const path = join(root, name)
  const written = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null
    throw error
  })
  const wanted = await make(written ?? '')
  if (written === wanted) continue
  stale.push(name)
  if (checkOnly) continue
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, wanted)
}
if (checkOnly && stale.length > 0) {
  process.stderr.write(
    `✗ generated_stale  ${stale.join(', ')} differ from what they are made from\n  Try: npm run generate\n`,
  )
  process.exit(1)
}
if (!checkOnly) process.stdout.write(stale.length === 0 ? 'nothing to write\n' : `written: ${stale.join(', ')}\n`)
