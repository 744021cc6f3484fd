/** `gatehouse config schema`: the JSON Schema for editors, or what one key means. */
import { Command } from 'commander'
import { jsonSchemaText } from '../../config/json-schema.ts'
import { type KeyHelp, keyHelp, type UnknownKey } from '../../config/key-help.ts'
import type { CliContext } from '../context.ts'
import { CliError } from '../errors.ts'
import { jsonText } from '../terminal/printable.ts'
import { columnsIn, wrapLine } from '../terminal/wrap.ts'

export function schemaCommand(context: CliContext): Command {
  return new Command('schema')
    .description('print the JSON Schema of the configuration; with a path, what this key means')
    .argument('[path]', 'a key, as workloads.NAME.limits or costPerMonth')
    .action((path: string | undefined) => {
      if (path === undefined) {
        context.stdout.write(jsonSchemaText())
        return
      }
      const found = keyHelp(path)
      if ('unknown' in found) throw unknown(path, found)
      context.stdout.write(context.json ? `${jsonText(found, 2)}\n` : helpText(found, columnsIn(context.stdout)))
    })
}

function unknown(path: string, { parent, unknown: step, known, nearest }: UnknownKey): CliError {
  const what =
    parent === '' ? `The configuration has no key ${step}.` : `${parent} has no key ${step}, so ${path} means nothing.`
  const why = known.length === 0 ? `${parent} has no keys.` : `It has ${known.join(', ')}.`
  const next = nearest === null ? null : `gatehouse config schema ${parent === '' ? '' : `${parent}.`}${nearest}`
  return new CliError('key_unknown', what, why, next)
}

function helpText(found: readonly KeyHelp[], width: number | null): string {
  const lines = found.flatMap((help, index) => [...(index === 0 ? [] : ['']), ...linesOf(help)])
  return `${lines.map(line => wrapLine(line, width, indentOf(line))).join('\n')}\n`
}

function linesOf(help: KeyHelp): readonly string[] {
  const { path, description, keys } = help
  return [
    path === '' ? 'The whole configuration' : path,
    ...(description === '' ? [] : [`  ${description}`]),
    '',
    ...factsOf(help),
    ...(keys.length === 0 ? [] : ['', '  keys']),
    ...keys.flatMap(key => [`    ${nameIn(path, key)}  ${shortOf(key)}`, ...textOf(key)]),
  ]
}

function factsOf({ value, range, default: standard, isRequired, example }: KeyHelp): readonly string[] {
  return [
    `  value    ${value}${range === null ? '' : `, ${range}`}`,
    `  default  ${isRequired ? 'none: it is required' : (standard ?? 'none')}`,
    ...(example === null ? [] : [`  example  ${example}`]),
  ]
}

function nameIn(parent: string, { path }: KeyHelp): string {
  return path.slice(parent.length).replace(/^\./, '')
}

function shortOf({ value, default: standard, isRequired }: KeyHelp): string {
  if (isRequired) return `${value}; required`
  return standard === null ? value : `${value}; default ${standard}`
}

function textOf({ description }: KeyHelp): readonly string[] {
  return description === '' ? [] : [`      ${description}`]
}

function indentOf(line: string): number {
  return /^ {2}(?:value|default|example) +/.exec(line)?.[0].length ?? /^ */.exec(line)?.[0].length ?? 0
}
