/**
 * Schemas of the providers' resources, as far as `deploy/terraform` uses them: `azurerm.json`, which
 * `scripts/terraform-schema.ts` writes from published bindings of the provider.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** A type as Terraform writes it in JSON: `"string"`, `["list","string"]`, `["list",["object",{…}]]`. */
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
export interface ProviderSchema {
  /** Version of the provider that the bindings were made from. */
  readonly version: string
  readonly resources: Readonly<Record<string, BlockSchema>>
  readonly data: Readonly<Record<string, BlockSchema>>
}

/** The schema of azurerm, from `azurerm.json` beside this file. */
export function azurermSchema(): ProviderSchema {
  const schema: ProviderSchema = JSON.parse(readFileSync(join(import.meta.dirname, 'azurerm.json'), 'utf8'))
  return schema
}
