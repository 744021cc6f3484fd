/** Terraform's files, read by a parser of their language: what is checked where the program itself is missing. */
import { globSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, normalize } from 'node:path'
import { z } from 'zod'

/** The members of a block; blocks within it are lists. An expression is text with `${…}`. */
export type Block = Readonly<Record<string, unknown>>

/** A resource as it is written, or as it would be made. */
export interface Resource {
  readonly address: string
  readonly type: string
  readonly values: Block
}

/** A call of a module. */
export interface ModuleCall {
  readonly name: string
  readonly values: Block
  /** Directory of the module that is called. */
  readonly directory: string
}

/** A directory with files of Terraform. */
export interface Module {
  /** Relative to `deploy/terraform`; `.` is the root. */
  readonly directory: string
  readonly resources: readonly Resource[]
  readonly data: readonly Resource[]
  readonly calls: readonly ModuleCall[]
  readonly variables: Readonly<Record<string, Block>>
  readonly outputs: Readonly<Record<string, Block>>
  readonly locals: Block
  /** All that its files say. */
  readonly all: Block
}

// Its own declarations bring the types of browsers into the whole program, which contradict those of Node.
const require = createRequire(import.meta.url)
const parser: { parse(name: string, text: string): Promise<unknown> } = require('@cdktn/hcl2json')

const named = z.record(z.string(), z.array(z.record(z.string(), z.unknown())))
const typed = z.record(z.string(), named)
const file = z.looseObject({
  resource: typed.default({}),
  data: typed.default({}),
  module: named.default({}),
  variable: named.default({}),
  output: named.default({}),
  locals: z.array(z.record(z.string(), z.unknown())).default([]),
})

/**
 * Reads every module below a directory.
 * @throws Error with the place, where a file does not follow the language.
 */
export async function readModules(root: string): Promise<readonly Module[]> {
  const paths = globSync('**/*.tf', { cwd: root, exclude: path => path.includes('.terraform') }).sort()
  const directories = Map.groupBy(paths, path => dirname(path))
  return await Promise.all([...directories].map(([directory, files]) => readModule(root, directory, files)))
}

async function readModule(root: string, directory: string, paths: readonly string[]): Promise<Module> {
  const files = await Promise.all(
    paths.map(async path => file.parse(await parser.parse(path, readFileSync(join(root, path), 'utf8')))),
  )
  const once = (pick: (of: z.infer<typeof file>) => z.infer<typeof named>) =>
    Object.fromEntries(files.flatMap(of => Object.entries(pick(of)).map(([name, [block]]) => [name, block ?? {}])))
  return {
    directory,
    resources: files.flatMap(of => resources(of.resource, '')),
    data: files.flatMap(of => resources(of.data, 'data.')),
    calls: Object.entries(once(of => of.module)).map(([name, values]) => ({
      name,
      values,
      directory: normalize(join(directory, String(values['source']))),
    })),
    variables: once(of => of.variable),
    outputs: once(of => of.output),
    locals: Object.assign({}, ...files.flatMap(of => of.locals)),
    all: { files },
  }
}

function resources(of: z.infer<typeof typed>, prefix: string): readonly Resource[] {
  return Object.entries(of).flatMap(([type, names]) =>
    Object.entries(names).map(([name, [values]]) => ({
      address: `${prefix}${type}.${name}`,
      type,
      values: values ?? {},
    })),
  )
}

/** Every text in a value, however deep. */
export function texts(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value]
  if (typeof value !== 'object' || value === null) return []
  return Object.values(value).flatMap(texts)
}

/** The blocks of a name within a block, also those that an expression repeats. */
export function blocksOf(values: Block, name: string): readonly Block[] {
  const repeated = listOf(values['dynamic']).flatMap(each => listOf(each[name]))
  return [...listOf(values[name]), ...repeated.flatMap(block => listOf(block['content']))]
}

function listOf(given: unknown): readonly Block[] {
  const list: readonly unknown[] = Array.isArray(given) ? given : [given]
  return list.filter((each): each is Block => typeof each === 'object' && each !== null)
}
