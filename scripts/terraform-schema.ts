/**
 * Writes a file for each provider into `test/terraform/schemas`: the schemas that the checks of `deploy/terraform` use,
 * of the types that its modules name:
 *   npm pack @cdktn/provider-azurerm@16.1.0 && tar xzf cdktn-provider-azurerm-16.1.0.tgz
 *   node scripts/run.mjs scripts/terraform-schema.ts hashicorp/azurerm=package/lib && npm run format
 * The same for hashicorp/azuread (`@cdktf/provider-azuread@14.3.1`) and azure/azapi (`cdktn-provider-azapi` 1.0.0 of
 * the Python Package Index, which has the npm package in it).
 * Run it again when a module uses another type. The bindings (MPL-2.0) are large, so they are no dependency: only names
 * and types of a few resources are kept.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readBindings } from '../test/terraform/bindings.ts'
import { type Module, readModules } from '../test/terraform/hcl.ts'
import type { BlockSchema } from '../test/terraform/schema.ts'

const root = join(import.meta.dirname, '..')
const given = process.argv.slice(2).map(argument => argument.split('='))
if (given.length === 0 || given.some(([source, library]) => !source?.includes('/') || library === undefined)) {
  process.stderr.write('✗ usage  terraform-schema.ts NAMESPACE/PROVIDER=DIRECTORY-OF-BINDINGS...\n')
  process.exit(2)
}

const modules = await readModules(join(root, 'deploy/terraform'))
for (const [source = '', library = ''] of given) writeSchema(source, library)

function writeSchema(source: string, library: string): void {
  const provider = source.split('/')[1] ?? ''
  const declarations = (of: string) => readFileSync(join(library, of.replaceAll('_', '-'), 'index.d.ts'), 'utf8')
  const ofTypes = (
    of: (module: Module) => readonly { readonly type: string }[],
    directory: (type: string) => string,
  ): Readonly<Record<string, BlockSchema>> =>
    Object.fromEntries(
      [...new Set(modules.flatMap(of).map(({ type }) => type))]
        .filter(type => type.startsWith(`${provider}_`))
        .sort()
        .map(type => [type, readBindings(declarations(directory(type)))]),
    )
  const version = new RegExp(`${provider}/([\\d.]+)/docs`).exec(declarations('provider'))?.[1]
  const configuration = readBindings(declarations('provider'))
  const { alias: _, ...attributes } = configuration.attributes
  const schema = {
    ...{ source, version, configuration: { ...configuration, attributes } },
    resources: ofTypes(
      module => module.resources,
      type => type.replace(`${provider}_`, ''),
    ),
    data: ofTypes(
      module => module.data,
      type => `data_${type}`,
    ),
  }
  writeFileSync(join(root, 'test/terraform/schemas', `${provider}.json`), `${JSON.stringify(schema)}\n`)
}
