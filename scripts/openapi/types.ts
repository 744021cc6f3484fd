/**
 * TypeScript types for the console's client, from the OpenAPI document. TypeScript 7 has no API for programs, which the
 * published generators need, and the document uses a small part of JSON Schema.
 */
import type { OpenApiDocument, Operation, Parameter, Schema } from './document.ts'

const columnsMax = 110

/** @returns the text of `packages/console/src/api/generated.ts`. */
export function clientText({ paths, components }: OpenApiDocument): string {
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => [`${method.toUpperCase()} ${path}`, operation] as const),
  )
  return [
    '/** Generated from the OpenAPI document of the management API by scripts/generate.ts. Do not edit. */',
    ...Object.entries(components.schemas).map(([name, schema]) => declaration(name, schema)),
    `/** By operation: what goes in, and what comes out. */\nexport interface Operations {\n${operations
      .map(([name, operation]) => `${comment(operation.summary, 2)}  '${name}': ${operationType(operation)}`)
      .join('\n')}\n}`,
    '/** The roles of which each operation requires any; `caller`: any caller with a verified identity. */',
    `export const rolesByOperation = {\n${operations
      .map(([name, { 'x-gatehouse-roles': roles = ['caller'] }]) => {
        return `  '${name}': [${roles.map(role => `'${role}'`).join(', ')}],`
      })
      .join('\n')}\n} as const satisfies Record<keyof Operations, readonly string[]>`,
  ]
    .join('\n\n')
    .replace('caller with a verified identity. */\n\n', 'caller with a verified identity. */\n')
    .concat('\n')
}

function declaration(name: string, schema: Schema): string {
  return `${comment(schema.description, 0)}export type ${typeName(name)} = ${typeOf(schema, 0)}`
}

/** A name of the document that JavaScript has already gets another one. */
function typeName(name: string): string {
  return name === 'Record' || name === 'Error' ? `Gatehouse${name}` : name
}

function operationType({ parameters = [], requestBody, responses }: Operation): string {
  const within = (place: Parameter['in']): string => parametersType(parameters.filter(one => one.in === place))
  const body = requestBody?.content['application/json']?.schema
  const members = [
    `    readonly path: ${within('path')}`,
    `    readonly query: ${within('query')}`,
    `    readonly body: ${body === undefined ? 'undefined' : typeOf(body, 4)}`,
    `    readonly answer: ${answerType(responses)}`,
  ]
  return `{\n${members.join('\n')}\n  }`
}

function parametersType(parameters: readonly Parameter[]): string {
  if (parameters.length === 0) return 'Readonly<Record<never, never>>'
  const members = parameters.map(({ name, required, schema, description }) => {
    const type = typeOf(schema, 6)
    const member = required === true ? `${keyText(name)}: ${type}` : `${keyText(name)}?: ${type} | undefined`
    return `${comment(description ?? schema.description, 6)}      readonly ${member}`
  })
  return `{\n${members.join('\n')}\n    }`
}

function answerType(responses: Operation['responses']): string {
  const good = Object.entries(responses).filter(([status]) => status.startsWith('2'))
  const types = good.map(([, { content }]) => {
    const schema = content?.['application/json']?.schema
    if (schema !== undefined) return typeOf(schema, 4)
    return content === undefined ? 'null' : 'string'
  })
  return types.length === 0 ? 'null' : [...new Set(types)].join(' | ')
}

/** @param indent columns before the line on which the type begins. */
export function typeOf(schema: Schema, indent: number): string {
  if (schema.$ref !== undefined) return typeName(schema.$ref.slice(schema.$ref.lastIndexOf('/') + 1))
  if (schema.const !== undefined) return literal(schema.const)
  if (schema.enum !== undefined) return schema.enum.map(literal).join(' | ')
  const choices = schema.anyOf ?? schema.oneOf
  if (choices !== undefined) return unionOf(choices.map(one => typeOf(one, indent)))
  if (schema.allOf !== undefined) return schema.allOf.map(one => `(${typeOf(one, indent)})`).join(' & ')
  const types = typeof schema.type === 'string' ? [schema.type] : (schema.type ?? [])
  if (types.length === 0) return 'unknown'
  return unionOf(types.map(type => typeNamed(type, schema, indent)))
}

function typeNamed(type: string, schema: Schema, indent: number): string {
  switch (type) {
    case 'string':
    case 'boolean':
    case 'null':
      return type
    case 'number':
    case 'integer':
      return 'number'
    case 'array':
      return arrayType(schema, indent)
    case 'object':
      return objectType(schema, indent)
    default:
      throw new TypeError(`the document has a type that this generator does not know: ${type}`)
  }
}

function arrayType({ items, prefixItems }: Schema, indent: number): string {
  if (prefixItems !== undefined) return `readonly [${prefixItems.map(one => typeOf(one, indent)).join(', ')}]`
  return items === undefined ? 'readonly unknown[]' : `readonly (${typeOf(items, indent)})[]`
}

function objectType({ properties, required = [], additionalProperties }: Schema, indent: number): string {
  if (properties === undefined) {
    const values = typeof additionalProperties === 'object' ? typeOf(additionalProperties, indent) : 'unknown'
    return `Readonly<Record<string, ${values}>>`
  }
  const inner = indent + 2
  const members = Object.entries(properties).map(([name, schema]) => {
    const optional = required.includes(name) ? '' : '?'
    const text = `${' '.repeat(inner)}readonly ${keyText(name)}${optional}: ${typeOf(schema, inner)}`
    return `${comment(schema.description, inner)}${text}`
  })
  return `{\n${members.join('\n')}\n${' '.repeat(indent)}}`
}

function unionOf(types: readonly string[]): string {
  return [...new Set(types)].join(' | ')
}

function literal(value: unknown): string {
  return typeof value === 'string' ? `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'` : String(value)
}

function keyText(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : literal(name)
}

/** A comment of lines that are not too long, with its line end; nothing without a text. */
function comment(text: string | undefined, indent: number): string {
  if (text === undefined || text === '') return ''
  const margin = ' '.repeat(indent)
  const lines: string[] = []
  let line = ''
  for (const word of text.replaceAll('*/', '* /').split(/\s+/)) {
    if (line !== '' && indent + line.length + word.length + 8 > columnsMax) {
      lines.push(line)
      line = ''
    }
    line = line === '' ? word : `${line} ${word}`
  }
  lines.push(line)
  if (lines.length === 1) return `${margin}/** ${line} */\n`
  return `${margin}/**\n${lines.map(one => `${margin} * ${one}\n`).join('')}${margin} */\n`
}
