/**
 * Reads the schema of a resource or of a provider's own block from typed bindings (declarations of
 * `@cdktn/provider-azurerm` and its like), which are generated from the provider's own schema. Sets cannot be told from
 * lists there, so all are lists.
 */
import type { AttributeSchema, BlockSchema, NestedSchema, TypeOf } from './schema.ts'

/** What a type of the bindings is, as far as an argument or a computed value can have it. */
const plainTypes: ReadonlyMap<string, TypeOf> = new Map<string, TypeOf>([
  ['string', 'string'],
  ['number', 'number'],
  ['boolean', 'bool'],
  ['cdktn.IResolvable', 'bool'],
  ['string[]', ['list', 'string']],
  ['number[]', ['list', 'number']],
  ['{ [key: string]: string; }', ['map', 'string']],
  ['cdktn.StringMap', ['map', 'string']],
  ['{ [key: string]: any; }', 'dynamic'],
  ['cdktn.AnyMap', 'dynamic'],
])

/**
 * The schema of the one resource, data source or provider that these declarations are of.
 * @throws Error where the declarations are not of the known shape.
 */
export function readBindings(declarations: string): BlockSchema {
  // Earlier bindings are for the same library under its former name.
  const text = declarations.replaceAll('cdktf.', 'cdktn.')
  const root = /export interface (\w+)Config (?:extends cdktn\.TerraformMetaArguments )?\{/.exec(text)?.[1]
  if (root === undefined) throw new Error('no interface of a configuration was found')
  return readBlock(text, `${root}Config`, root)
}

function readBlock(text: string, configured: string, made: string): BlockSchema {
  const attributes: Record<string, AttributeSchema> = {}
  const blocks: Record<string, NestedSchema> = {}
  for (const [, name, optional, written] of interfaceOf(text, configured).matchAll(
    // The name is in the link to the argument's documentation: a description may have a # of its own, as in PKCS#12.
    /\{@link [^\s}]*#(\w+) [^}]*\}[^/]*?\*\/\s+readonly \w+(\??): ([^;{]+|\{[^}]*\}[^;]*);/g,
  )) {
    if (name === undefined || written === undefined) continue
    const required = optional !== '?'
    const type = plain(written.replaceAll(/ \| cdktn\.IResolvable$/g, ''))
    if (type !== null) attributes[name] = { type, use: required ? 'required' : 'optional' }
    else blocks[name] = nested(text, written.replaceAll(/ \| cdktn\.IResolvable$/g, ''), required)
  }
  for (const [, getter, type] of classOf(text, made).matchAll(/^ {4}get (\w+)\(\): ([^;]+);/gm)) {
    if (getter === undefined || type === undefined) continue
    const name = snake(getter)
    const inherited = name in attributes || name in blocks || getter.endsWith('Input') || getter === 'internalValue'
    const read = inherited ? null : computed(text, type)
    if (read !== null) attributes[name] = { type: read, use: 'computed' }
  }
  return { attributes, blocks }
}

function nested(text: string, written: string, required: boolean): NestedSchema {
  const many = written.endsWith('[]')
  const of = many ? written.slice(0, -2) : written
  return { min: required ? 1 : 0, max: many ? 0 : 1, block: readBlock(text, of, `${of}OutputReference`) }
}

function computed(text: string, written: string): TypeOf | null {
  const type = plain(written)
  if (type !== null || !written.endsWith('List')) return type
  const { attributes } = readBlock(text, written.slice(0, -4), `${written.slice(0, -4)}OutputReference`)
  const members = Object.entries(attributes).map(([name, attribute]) => [name, attribute.type])
  return ['list', ['object', Object.fromEntries(members)]]
}

function plain(written: string): TypeOf | null {
  return plainTypes.get(written.replaceAll(/\s+/g, ' ')) ?? null
}

function interfaceOf(text: string, name: string): string {
  return new RegExp(`export interface ${name}(?: extends [\\w.]+)? \\{([\\s\\S]*?)\\n\\}`).exec(text)?.[1] ?? ''
}

function classOf(text: string, name: string): string {
  return new RegExp(`export declare class ${name} extends [\\w.]+ \\{([\\s\\S]*?)\\n\\}`).exec(text)?.[1] ?? ''
}

/** `primaryKeyV2` as `primary_key_v2`, as the bindings' generator named it. */
function snake(name: string): string {
  return name.replaceAll(/[A-Z]/g, letter => `_${letter.toLowerCase()}`)
}
