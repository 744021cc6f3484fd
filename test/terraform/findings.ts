/** What Terraform and the rules find in an example of `deploy/terraform`. */
import { join } from 'node:path'
import { z } from 'zod'
import { brokenValues } from './chart-values.ts'
import { valuesOf } from './examples.ts'
import { madeIn } from './made.ts'
import type { RunningProviders } from './provider.ts'
import { brokenRules } from './rules/index.ts'
import { allSchemas, providerSchemas } from './schema.ts'
import { apply, init, inTurn } from './terraform.ts'

const schema = allSchemas(providerSchemas())
const output = z.object({ value: z.string() })
const outputs = z.object({ chart_values: output, gateway_yaml: output })

/** @returns a line for each finding; empty where there is none. */
export async function findings(directory: string, { reattach }: RunningProviders, of = 'minimal'): Promise<string> {
  const formatted = await inTurn(directory, reattach, ['fmt', '-no-color', '-check', '-recursive'])
  if (formatted.status !== 0) return formatted.text
  const example = join(directory, 'examples', of)
  const applied = await inTurn(example, reattach, init, ['validate', '-no-color'], [...apply, ...valuesOf(of)])
  if (applied.status !== 0) return applied.text
  const broken = brokenRules(await madeIn(example, reattach), schema)
  if (of !== 'aks') return broken.join('\n')
  const { stdout } = await inTurn(example, reattach, ['output', '-json'])
  const shown = outputs.parse(JSON.parse(stdout))
  return [...broken, ...brokenValues(shown.chart_values.value, shown.gateway_yaml.value)].join('\n')
}
