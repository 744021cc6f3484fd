/** The JSON Schema (draft 2020-12) of a configuration as it is written, for editors, and lookups in it by path. */
import { z } from 'zod'
import { withExamples } from './examples.ts'
import type { Path } from './messages.ts'
import { configSchema } from './schema/index.ts'
import type { SchemaView } from './schema-view.ts'

export type { SchemaView } from './schema-view.ts'

/** Costs some milliseconds: used for messages, editors and the reference, not for every load. */
export function configJsonSchema(): SchemaView & { readonly $schema: string } {
  const schema = z.toJSONSchema(configSchema, {
    ...{ target: 'draft-2020-12', io: 'input', reused: 'inline' },
    // Variants that a member selects: at most one of them fits anyway.
    override: ({ jsonSchema }) => {
      if (jsonSchema.oneOf === undefined) return
      jsonSchema.anyOf = jsonSchema.oneOf
      delete jsonSchema.oneOf
    },
  })
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Gatehouse configuration',
    ...withExamples(schema as SchemaView),
  }
}

const expression: SchemaView = { title: 'expression', type: 'string', pattern: '\\$\\{(env|file):[^}]+\\}' }

/** A collector serves no calls and needs none of these. */
const forCalls = ['instances', 'workloads']

/**
 * The text of gatehouse.schema.json. Editors see the file before expressions are resolved, so expressions are accepted
 * wherever text is.
 */
export function jsonSchemaText(): string {
  const { required = [], ...schema } = withExpressions(configJsonSchema())
  const always = required.filter(name => !forCalls.includes(name))
  const needs = (names: readonly string[]): object => ({
    properties: Object.fromEntries(names.map(name => [name, true])),
    required: names,
  })
  const oneOfTwo = [needs(['collect']), needs(forCalls)]
  return `${JSON.stringify({ ...schema, required: always, anyOf: oneOfTwo }, null, 2)}\n`
}

function withExpressions(view: SchemaView): SchemaView {
  if (view.anyOf !== undefined) {
    const inner = view.anyOf.map(form => (form.type === 'string' ? form : withExpressions(form)))
    return inner.some(form => form.type === 'string')
      ? { ...view, anyOf: [...inner, expression] }
      : { ...view, anyOf: inner }
  }
  if (view.type === 'string') return isConstrained(view) ? orExpression(view) : view
  const { properties, additionalProperties, items } = view
  return {
    ...view,
    ...(properties === undefined ? {} : { properties: mapValues(properties, withExpressions) }),
    ...(typeof additionalProperties === 'object'
      ? { additionalProperties: withExpressions(additionalProperties) }
      : {}),
    ...(items === undefined ? {} : { items: withExpressions(items) }),
  }
}

function isConstrained(view: SchemaView): boolean {
  return [view.pattern, view.format, view.enum, view.const, view.minLength].some(constraint => constraint !== undefined)
}

/** Titles and descriptions stay outside, where editors look for them. */
function orExpression(view: SchemaView): SchemaView {
  const { title, description, default: standard, examples, writeOnly, ...form } = view
  return {
    ...(writeOnly === undefined ? {} : { writeOnly }),
    ...(title === undefined ? {} : { title }),
    ...(description === undefined ? {} : { description }),
    ...(standard === undefined ? {} : { default: standard }),
    ...(examples === undefined ? {} : { examples }),
    anyOf: [form, expression],
  }
}

function mapValues<Value>(
  values: Readonly<Record<string, Value>>,
  change: (value: Value) => Value,
): Record<string, Value> {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, change(value)]))
}

/**
 * The schema at a path: several views where there are several variants, none where the path is unknown.
 * @param root the value at the beginning of the path. Where one of its members selects a variant, the others are left
 *   out.
 */
export function schemaAt(schema: SchemaView, path: Path, root?: unknown): readonly SchemaView[] {
  let value = root
  let views = selected(forms(schema), value)
  for (const step of path) {
    value = memberOf(value, step)
    views = selected(views.flatMap(view => below(view, step)).flatMap(forms), value)
  }
  return views
}

/** The variants whose constant members are those of the value; all of them when there is none. */
function selected(views: readonly SchemaView[], value: unknown): readonly SchemaView[] {
  const chosen = views.filter(({ properties = {} }) => {
    const constants = Object.entries(properties).filter(([, property]) => property.const !== undefined)
    return constants.length > 0 && constants.every(([key, property]) => memberOf(value, key) === property.const)
  })
  return chosen.length > 0 ? chosen : views
}

function memberOf(value: unknown, step: string | number): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined
  return (value as Readonly<Record<string | number, unknown>>)[step]
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
