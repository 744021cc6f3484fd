/**
 * Rules for the text of sources, documentation and manifests. Each function returns what is wrong, a line per finding.
 */
import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** A file by its path from the root. */
export interface Source {
  readonly path: string
  readonly text: string
}

const code = '{packages/*/src,packages/*/bin,test,bench,scripts}/**/*.{ts,mjs,lua}'
const pages = '{*,docs/**/*,packages/*/*,packages/*/src/**/*,examples/**/*}.md'

export function readSources(root: string): { readonly code: readonly Source[]; readonly pages: readonly Source[] } {
  const read = (pattern: string): readonly Source[] =>
    globSync(pattern, { cwd: root, exclude: ['**/node_modules/**'] })
      .sort()
      .map(path => ({ path, text: readFileSync(join(root, path), 'utf8') }))
  return { code: read(code), pages: read(pages) }
}

const linesMax = 450

/** Files that may be longer, each with its reason. */
const longFiles: Readonly<Record<string, string>> = {
  'packages/gateway/src/wire/operations.ts': 'one table: a row per operation of Azure OpenAI',
}

export function longSources(sources: readonly Source[]): readonly string[] {
  return sources.flatMap(({ path, text }) => {
    const lines = text.split('\n').length - 1
    return lines > linesMax && !(path in longFiles) ? [`${path}: ${lines} lines, at most ${linesMax}`] : []
  })
}

const columnsMax = 120
const commentLine = /^\s*(\/\/|\/\*|\*|--)/

/** The formatter wraps code, not comments. */
export function wideComments(sources: readonly Source[]): readonly string[] {
  return sources.flatMap(({ path, text }) =>
    text
      .split('\n')
      .flatMap((line, index) =>
        line.length > columnsMax && commentLine.test(line) && !/https?:\/\/\S{60}/.test(line)
          ? [`${path}:${index + 1}: ${line.length} columns, at most ${columnsMax}`]
          : [],
      ),
  )
}

/**
 * References that lead nowhere: links of pages with their anchors, and names of files in comments and between
 * backquotes that look like paths of this repository.
 */
export function deadReferences(
  sources: { readonly code: readonly Source[]; readonly pages: readonly Source[] },
  root: string,
): readonly string[] {
  const anchors = new Map(sources.pages.map(({ path, text }) => [path, anchorsOf(text)]))
  const inPages = sources.pages.flatMap(page => [
    ...deadLinks(page, root, anchors),
    ...deadPaths(page, root, page.text),
  ])
  const inCode = sources.code
    .filter(({ path }) => path !== 'scripts/structure.test.ts')
    .flatMap(source => deadPaths(source, root, commentsOf(source.text)))
  return [...inPages, ...inCode]
}

const linkForm = /\[[^\]\n]*\]\(([^)\s]+)\)/g

function deadLinks(
  { path, text }: Source,
  root: string,
  anchors: ReadonlyMap<string, ReadonlySet<string>>,
): readonly string[] {
  return [...withoutFences(text).matchAll(linkForm)].flatMap(([, target = '']) => {
    if (/^[a-z]+:/.test(target)) return []
    const [file = '', anchor] = target.split('#')
    const linked = file === '' ? path : join(dirname(path), file)
    if (!existsSync(join(root, linked))) return [`${path}: ${target} does not exist`]
    const known = anchors.get(linked)
    return anchor === undefined || known === undefined || known.has(anchor)
      ? []
      : [`${path}: ${target}: the page has no such heading`]
  })
}

/** GitHub's anchors of headings. */
function anchorsOf(text: string): ReadonlySet<string> {
  const found = new Set<string>()
  for (const [, heading = ''] of withoutFences(text).matchAll(/^#{1,6} +(.+)$/gm)) {
    const words = heading.toLowerCase().replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    const anchor = words.replace(/[^\p{L}\p{N} _-]/gu, '').replaceAll(' ', '-')
    let name = anchor
    for (let number = 1; found.has(name); number += 1) name = `${anchor}-${number}`
    found.add(name)
  }
  return found
}

function withoutFences(text: string): string {
  return text.replace(/^```[\s\S]*?^```/gm, '')
}

const pathForm = /(?<![\w./-])((?:\.{1,2}\/)?(?:[\w-]+\/)+[\w.-]+\.(?:ts|mjs|md|lua|json))\b/g

/** Files of other repositories that are named. */
const elsewhere: Readonly<Record<string, string>> = { 'pricing/azure-openai.json': 'github.com/Portkey-AI/models' }

/** Folders to which a path in prose may be relative: the root, a package, its sources, the file's own. */
function deadPaths({ path }: Source, root: string, prose: string): readonly string[] {
  const bases = [
    '.',
    'packages',
    'packages/gateway',
    'packages/simulator',
    'packages/gateway/src',
    'packages/simulator/src',
    'packages/gateway/src/gateway',
  ]
  return [...prose.matchAll(pathForm)].flatMap(([, name = '']) => {
    if (name.includes('node_modules/') || name in elsewhere) return []
    const beside: string[] = []
    for (let folder = dirname(path); folder !== '.'; folder = dirname(folder)) beside.push(folder)
    return [...beside, ...bases].some(base => existsSync(join(root, base, name)))
      ? []
      : [`${path}: ${name} does not exist`]
  })
}

/** Comments only: a string of code may name files that a user has. */
function commentsOf(text: string): string {
  return [...text.matchAll(/\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/.*$/gm)].map(([comment]) => comment).join('\n')
}

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>
}

/**
 * Dependencies of a package that none of its published files imports, and imports that are not among its dependencies.
 */
export function misplacedDependencies(sources: readonly Source[], root: string): readonly string[] {
  return globSync('packages/*/package.json', { cwd: root }).flatMap(file => {
    const folder = dirname(file)
    const { dependencies = {} } = JSON.parse(readFileSync(join(root, file), 'utf8')) as Manifest
    const imported = new Set<string>()
    for (const { path, text } of sources) {
      if (!path.startsWith(`${folder}/src/`) || /\.(test|fixture)\.ts$/.test(path)) continue
      for (const name of packagesIn(text)) imported.add(name)
    }
    return [
      ...Object.keys(dependencies)
        .filter(name => !imported.has(name) && !(name in indirect))
        .map(name => `${file}: no published source imports ${name}`),
      ...[...imported]
        .filter(name => !(name in dependencies))
        .map(name => `${file}: ${name} is imported and not listed`),
    ]
  })
}

/** Dependencies that another dependency needs. */
const indirect: Readonly<Record<string, string>> = {
  '@duckdb/node-bindings': '@duckdb/node-api loads it, and the version is fixed here',
  '@hono/node-server': 'loaded by name',
}

const importLine =
  /^(?:import|(?:import|export)\b[^'\n]*\bfrom|\} from) '([^'.][^']*)'|\b(?:import|require)\([`']([^'`.$][^'`$]*)/gm

function packagesIn(text: string): readonly string[] {
  return [...text.matchAll(importLine)]
    .map(([, line, dynamic]) => line ?? dynamic ?? '')
    .filter(name => /^(@[\w.-]+\/)?[\w.-]+(\/[\w./-]*)?$/.test(name) && !name.startsWith('node:'))
    .map(name => name.split('/', name.startsWith('@') ? 2 : 1).join('/'))
}

/** Unit tests measure no time: a test that fails on a busy machine belongs in the benchmarks. */
export function timedTests(sources: readonly Source[]): readonly string[] {
  return sources.flatMap(({ path, text }) =>
    /^packages\/.*\.test\.ts$/.test(path)
      ? text
          .split('\n')
          .flatMap((line, index) =>
            /assert\b.*(performance\.now\(\)|hrtime|elapsed|Date\.now\(\)).*<(?!=?\s*\d{2}_000)/.test(line)
              ? [`${path}:${index + 1}: asserts how long something took`]
              : [],
          )
      : [],
  )
}
