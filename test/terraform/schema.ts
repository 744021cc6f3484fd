/**
 * Schemas of the providers' resources, as far as `deploy/terraform` uses them: a file for each provider in `schemas`,
 * which `scripts/terraform-schema.ts` writes from published bindings of the provider.
 */
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** A type as Terraform writes it in JSON: `"string"`, `"dynamic"`, `["list","string"]`, `["list",["object",{…}]]`. */
export type TypeOf = string | readonly [string, TypeOf | Readonly<Record<string, TypeOf>>]

/** An attribute. What is neither required nor computed alone may be given or left out. */
export interface AttributeSchema {
  readonly type: TypeOf
  readonly use: 'required' | 'optional' | 'computed'
}

/** A nested block and how often it may occur; `max` 0 is any number. */
export interface NestedSchema {
  readonly min: number
  readonly max: number
  readonly block: BlockSchema
}

/** The arguments of a block. */
export interface BlockSchema {
  readonly attributes: Readonly<Record<string, AttributeSchema>>
  readonly blocks: Readonly<Record<string, NestedSchema>>
}

/** Resources and data sources by type. */
export interface Schemas {
  readonly resources: Readonly<Record<string, BlockSchema>>
  readonly data: Readonly<Record<string, BlockSchema>>
}

export interface ProviderSchema extends Schemas {
  /** Its address in Terraform's registry, as `hashicorp/azurerm`. */
  readonly source: string
  /** Version of the provider that the bindings were made from. */
  readonly version: string
  /** Arguments of the `provider` block. */
  readonly configuration: BlockSchema
}

/** The schemas in `schemas` beside this file, one for each provider. */
export function providerSchemas(): readonly ProviderSchema[] {
  const directory = join(import.meta.dirname, 'schemas')
  return globSync('*.json', { cwd: directory })
    .sort()
    .map((name): ProviderSchema => JSON.parse(readFileSync(join(directory, name), 'utf8')))
}

/** All resources and data sources: no two providers have a type of the same name. */
export function allSchemas(providers: readonly ProviderSchema[]): Schemas {
  return {
    resources: Object.assign({}, ...providers.map(each => each.resources)),
    data: Object.assign({}, ...providers.map(each => each.data)),
  }
}
