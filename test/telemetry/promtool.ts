/** Prometheus' own program for checks, from Debian's package `prometheus`. */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'
import { z } from 'zod'

export const alertsFile = fileURLToPath(new URL('../../deploy/prometheus/alerts.yaml', import.meta.url))

const ruleSchema = z.strictObject({
  alert: z.string().regex(/^Gatehouse[A-Z][A-Za-z]+$/),
  expr: z.string(),
  for: z.string().optional(),
  labels: z.strictObject({ severity: z.enum(['critical', 'warning']) }),
  annotations: z.strictObject({ summary: z.string(), description: z.string(), runbook_url: z.string() }),
})
const rulesSchema = z.strictObject({
  groups: z.array(z.strictObject({ name: z.string(), rules: z.array(ruleSchema) })),
})

export type AlertRule = z.infer<typeof ruleSchema>

export const alertsText = readFileSync(alertsFile, 'utf8')
export const alertRules: readonly AlertRule[] = rulesSchema
  .parse(parse(alertsText))
  .groups.flatMap(group => group.rules)

/** What a run of the program said. */
export interface Ran {
  readonly status: number | null
  readonly text: string
}

/** Runs promtool on a document, which is written as JSON: that is YAML too. */
export async function promtool(command: readonly string[], document: unknown): Promise<Ran> {
  const directory = await mkdtemp(join(tmpdir(), 'gatehouse-promtool-'))
  const file = join(directory, 'document.yaml')
  await writeFile(file, typeof document === 'string' ? document : JSON.stringify(document))
  try {
    const { status, stdout, stderr, error } = spawnSync('promtool', [...command, file], { encoding: 'utf8' })
    if (error) throw error
    return { status, text: stdout + stderr }
  } finally {
    await rm(directory, { recursive: true })
  }
}
