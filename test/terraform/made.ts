/** What Terraform has made, from `terraform show -json`. */
import { z } from 'zod'
import type { Resource } from './hcl.ts'
import { inTurn } from './terraform.ts'

const resource = z.object({ address: z.string(), type: z.string(), values: z.record(z.string(), z.unknown()) })
const module = z.object({
  resources: z.array(resource).default([]),
  get child_modules() {
    return z.array(module).default([])
  },
})
const state = z.object({ values: z.object({ root_module: module }) })

function resourcesOf({ resources, child_modules }: z.infer<typeof module>): readonly Resource[] {
  return [...resources, ...child_modules.flatMap(resourcesOf)]
}

/** The resources of a directory that was applied, those of its modules too. */
export async function madeIn(directory: string, reattach: string): Promise<readonly Resource[]> {
  const shown = await inTurn(directory, reattach, ['show', '-json'])
  return resourcesOf(state.parse(JSON.parse(shown.stdout)).values.root_module)
}
