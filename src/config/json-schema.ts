/** The JSON Schema (draft 2020-12) of the configuration as it is written, for editors, and its look-up by path. */
import { z } from 'zod'
import type { Path } from './messages.ts'
import { configSchema } from './schema.ts'

/** The parts of JSON Schema that the configuration's schema makes use of. */
export interface SchemaView {
  readonly type?: string
  readonly description?: string
  readonly default?: unknown
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly properties?: Readonly<Record<string, SchemaView>>
  readonly required?: readonly string[]
  readonly additionalProperties?: SchemaView | false
  readonly propertyNames?: SchemaView
  readonly items?: SchemaView
  readonly anyOf?: readonly SchemaView[]
  readonly minimum?: number
  readonly maximum?: number
  readonly minLength?: number
  readonly maxLength?: number
  readonly minItems?: number
  readonly pattern?: string
  readonly format?: string
  /** Bounds of a duration, as `1s .. 5m`. */
  readonly range?: string
}

/** Costs some milliseconds: for messages, editors and the reference, not for every load. */
export function configJsonSchema(): SchemaView & { readonly $schema: string } {
  const schema = z.toJSONSchema(configSchema, { target: 'draft-2020-12', io: 'input', reused: 'inline' })
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Gatehouse configuration',
    ...schema,
  } as SchemaView & { readonly $schema: string }
}

/** The text of gatehouse.schema.json. */
export function jsonSchemaText(): string {
  return `${JSON.stringify(configJsonSchema(), null, 2)}\n`
}

/** What the schema says of a path: several views where there are several forms, none where the path is unknown. */
export function schemaAt(schema: SchemaView, path: Path): readonly SchemaView[] {
  let views = forms(schema)
  for (const step of path) views = views.flatMap(view => below(view, step)).flatMap(forms)
  return views
}

function forms(view: SchemaView): readonly SchemaView[] {
  return view.anyOf === undefined ? [view] : view.anyOf.flatMap(forms)
}

function below(view: SchemaView, step: string | number): readonly SchemaView[] {
  if (typeof step === 'number') return view.items === undefined ? [] : [view.items]
  const property =
    view.properties !== undefined && Object.hasOwn(view.properties, step) ? view.properties[step] : undefined
  if (property !== undefined) return [property]
  return typeof view.additionalProperties === 'object' ? [view.additionalProperties] : []
}
