/** The demonstration's configuration as a file, so that it can be read, edited and applied like any other. */
import { rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { type LoadedConfig, loadConfig } from '../config/load.ts'
import type { ConfigInput } from '../config/schema/index.ts'

const head = `# The demonstration's configuration. Each start writes it anew; until then a change counts at once, whether it is made
# here or on the page "Configuration" of the console, where erin is an administrator. docs/configuration.md has every
# setting.
`

/** Writes it, for its user alone: it has the key of a simulated instance. */
export async function writeConfiguration(directory: string, input: ConfigInput): Promise<LoadedConfig> {
  const file = join(directory, 'gatehouse.yaml')
  const fresh = `${file}.new`
  await writeFile(fresh, head + stringify(input, { aliasDuplicateObjects: false, lineWidth: 120 }), { mode: 0o600 })
  await rename(fresh, file)
  return loadConfig(file, process.env)
}
