/** A small configuration that tests change in one place and check, for the rules across fields. */
import { parse as parseYaml } from 'yaml'
import { parseConfig } from '../load.ts'
import { ConfigError, type Problem } from '../messages.ts'

export const base = `
admin: { roles: { viewer: [{ tenant: 11111111-2222-3333-4444-555555555555 }] } }
identity: { entra: { tenants: [11111111-2222-3333-4444-555555555555] } }
instances:
  one: { endpoint: "https://one.example", deployments: { gpt-4o: { model: gpt-4o }, small: { model: gpt-4o-mini } } }
  two: { endpoint: "https://two.example", deployments: { gpt-4o: { model: gpt-4o } } }
pools:
  main: { members: [{ instance: one }, { instance: two }] }
workloads:
  bot: { callers: [{ tenant: 11111111-2222-3333-4444-555555555555 }], targets: [main], deployments: [gpt-4o] }
`

/** The base with one value set at a path, as `pools/main/members/0/instance`. */
export function changed(path: string, value: unknown, from = base): string {
  const root = parseYaml(from) as Record<string, unknown>
  const steps = path.split('/')
  const last = steps.pop() ?? ''
  let at = root
  for (const step of steps) {
    at[step] ??= {}
    at = at[step] as Record<string, unknown>
  }
  at[last] = value
  return JSON.stringify(root)
}

export async function check(text: string): Promise<{ errors: readonly Problem[]; warnings: readonly Problem[] }> {
  try {
    const parts = { path: '/c/gatehouse.yaml', env: { KEY: '0123456789abcdef' }, readFile: async () => '' }
    return { errors: [], warnings: (await parseConfig(text, parts)).warnings }
  } catch (error) {
    if (error instanceof ConfigError) return { errors: error.problems, warnings: [] }
    throw error
  }
}

export const brief = (problems: readonly Problem[]): string[] => problems.map(({ code, path }) => `${code} ${path}`)

/** The base with several values set, by path. */
export function changedBy(values: Readonly<Record<string, unknown>>): string {
  return Object.entries(values).reduce((text, [path, value]) => changed(path, value, text), base)
}
