/** Findings about arguments and references, as `terraform validate` has them: for machines without that program. */
import { type Block, blocksOf, type Module, texts } from './hcl.ts'
import type { BlockSchema, Schemas } from './schema.ts'

const metaArguments = new Set(['for_each', 'count', 'depends_on', 'lifecycle', 'provider', 'dynamic'])
const callArguments = new Set(['source', 'for_each', 'count', 'depends_on', 'providers'])

/** What is wrong with the arguments of resources and modules, and with what they refer to. */
export function wrongArguments(modules: readonly Module[], schema: Schemas): readonly string[] {
  return modules.flatMap(module => [
    ...module.resources.flatMap(({ address, type, values }) =>
      wrongBlock(`${module.directory}: ${address}`, values, schema.resources[type]),
    ),
    ...module.data.flatMap(({ address, type, values }) =>
      wrongBlock(`${module.directory}: ${address}`, values, schema.data[type]),
    ),
    ...wrongCalls(module, modules),
    ...deadNames(module, modules, schema),
  ])
}

function wrongBlock(place: string, values: Block, schema: BlockSchema | undefined): readonly string[] {
  if (schema === undefined) return [`${place}: there is no such type, or test/terraform/schemas lacks it`]
  const known = (name: string) => name in schema.attributes || name in schema.blocks || metaArguments.has(name)
  const missing = Object.entries(schema.attributes).filter(([name, { use }]) => use === 'required' && !(name in values))
  return [
    ...Object.keys(values).flatMap(name => (known(name) ? [] : [`${place}: there is no argument ${name}`])),
    ...missing.map(([name]) => `${place}: the argument ${name} is missing`),
    ...Object.entries(values).flatMap(([name, value]) => wrongLiteral(`${place}.${name}`, value, schema, name)),
    ...Object.entries(schema.blocks).flatMap(([name, { min, max, block }]) => {
      const given = blocksOf(values, name)
      const count = given.length
      return [
        ...(count < min ? [`${place}: the block ${name} is missing`] : []),
        ...(max > 0 && count > max ? [`${place}: more than ${max} blocks ${name}`] : []),
        ...given.flatMap(each => wrongBlock(`${place}.${name}`, each, block)),
      ]
    }),
  ]
}

/** A literal of another type than the argument has; expressions have none until they are evaluated. */
function wrongLiteral(place: string, value: unknown, schema: BlockSchema, name: string): readonly string[] {
  const type = schema.attributes[name]?.type
  if (type === undefined || type === 'dynamic' || value === null) return []
  if (typeof value === 'string' && value.includes('${')) return []
  const isList = Array.isArray(value)
  const fits =
    type === 'string'
      ? typeof value !== 'object'
      : type === 'number'
        ? Number.isFinite(Number(value)) && !isList
        : type === 'bool'
          ? /^(?:true|false)$/.test(String(value))
          : type[0] === 'map'
            ? typeof value === 'object' && !isList
            : isList
  return fits ? [] : [`${place}: ${JSON.stringify(value)} is no ${JSON.stringify(type)}`]
}

function wrongCalls(module: Module, modules: readonly Module[]): readonly string[] {
  return module.calls.flatMap(({ name, values, directory }) => {
    const place = `${module.directory}: module.${name}`
    const called = modules.find(each => each.directory === directory)
    if (called === undefined) return [`${place}: there is no module in ${directory}`]
    const required = Object.entries(called.variables).filter(([, variable]) => !('default' in variable))
    return [
      ...Object.keys(values)
        .filter(argument => !(argument in called.variables) && !callArguments.has(argument))
        .map(argument => `${place}: the module has no variable ${argument}`),
      ...required.filter(([variable]) => !(variable in values)).map(([variable]) => `${place}: ${variable} is missing`),
    ]
  })
}

/** References to what is not declared. */
function deadNames(module: Module, modules: readonly Module[], schema: Schemas): readonly string[] {
  const expressions = texts(module.all)
    .flatMap(text => text.match(/\$\{[\s\S]*\}/g) ?? [])
    .map(expression => expression.replaceAll(/"(?:[^"\\$]|\\.)*"/g, '""'))
  const found = (pattern: RegExp) => expressions.flatMap(text => [...text.matchAll(pattern)])
  const dead = (pattern: RegExp, declared: (match: RegExpExecArray) => boolean) =>
    found(pattern)
      .filter(match => !declared(match))
      .map(([reference]) => `${module.directory}: nothing is declared as ${reference}`)
  const providers = new Set(Object.keys({ ...schema.resources, ...schema.data }).map(type => type.split('_', 1)[0]))
  const resource = new RegExp(`(?<![\\w."/])(?:data\\.)?(?:${[...providers].join('|')})_\\w+\\.\\w+`, 'g')
  const declaredResources = new Set([...module.resources, ...module.data].map(({ address }) => address))
  return [
    ...dead(/(?<![\w.])var\.(\w+)/g, ([, name = '']) => name in module.variables),
    ...dead(/(?<![\w.])local\.(\w+)/g, ([, name = '']) => name in module.locals),
    ...dead(resource, ([address]) => declaredResources.has(address)),
    ...dead(/(?<![\w.])module\.(\w+)(?:\[[^\]]*\])?(?:\.(\w+))?/g, ([, name, output]) => {
      const call = module.calls.find(each => each.name === name)
      const called = modules.find(each => each.directory === call?.directory)
      return called !== undefined && (output === undefined || output in called.outputs)
    }),
  ]
}
