/**
 * Writes `test/deploy/chart/*.rendered.yaml`, what Helm makes of the chart with each set of values:
 *   node scripts/run.mjs scripts/render-chart.ts
 * `npm test` checks these files, and `npm run interop` that Helm still renders the same.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chart, renderedFile, renderedHead, valueSets, valuesFile } from '../test/deploy/chart/manifests.ts'
import { fetchHelm, helmVersion } from './helm/fetch.ts'
import { helm, templateArguments } from './helm/render.ts'

const program = fetchHelm()
const home = mkdtempSync(join(tmpdir(), 'gatehouse-helm-'))
try {
  for (const set of valueSets) {
    const { status, stdout, stderr } = helm(program, home, templateArguments(chart, set, valuesFile(set)))
    if (status !== 0) {
      process.stderr.write(`✗ chart_refused  ${set}: ${stderr}`)
      process.exitCode = 1
      continue
    }
    writeFileSync(renderedFile(set), renderedHead(set, helmVersion) + stdout)
    process.stdout.write(`${renderedFile(set)}\n`)
  }
} finally {
  rmSync(home, { recursive: true })
}
