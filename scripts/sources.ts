/**
 * Rules for the text of sources, documentation and manifests. Each function returns what is wrong, a line per finding.
 */
import { globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** A file by its path from the root. */
export interface Source {
  readonly path: string
  readonly text: string
}

export interface Sources {
  readonly code: readonly Source[]
  readonly pages: readonly Source[]
}

const code = '{packages/*/src,packages/*/bin,packages/*/scripts,test,bench,scripts}/**/*.{ts,tsx,mjs,lua}'
const pages = '{*,docs/**/*,packages/*/*,packages/*/src/**/*,deploy/**/*}.md'

/** @throws Error when there is no code or no page: a check of nothing would pass. */
export function readSources(root: string): Sources {
  const found = { code: readFiles(root, code), pages: readFiles(root, pages) }
  if (found.code.length === 0 || found.pages.length === 0) throw new Error(`${root} has no sources or no documents`)
  return found
}

/** Alerts, dashboards and modules of Terraform. @throws Error when there are none. */
export function readOperations(root: string): readonly Source[] {
  const found = readFiles(root, 'deploy/{prometheus,grafana,terraform}/**/*.{yaml,json,tf}')
  if (found.length === 0) throw new Error(`${root} has nothing to operate with`)
  return found
}

function readFiles(root: string, pattern: string): readonly Source[] {
  return globSync(pattern, { cwd: root, exclude: ['**/node_modules/**'] })
    .sort()
    .map(path => ({ path, text: readFileSync(join(root, path), 'utf8') }))
}

const linesMax = 450

/** Files that may be longer, each with its reason. */
const longFiles: Readonly<Record<string, string>> = {
  'packages/gateway/src/wire/operations.ts': 'one table: a row per operation of Azure OpenAI',
  'packages/console/src/api/generated.ts': 'generated',
}

export function longSources(sources: readonly Source[]): readonly string[] {
  return sources.flatMap(({ path, text }) => {
    const lines = text.split('\n').length - 1
    return lines > linesMax && !(path in longFiles) ? [`${path}: ${lines} lines, at most ${linesMax}`] : []
  })
}

const columnsMax = 120
/** A line of a comment, or code (also with strings) and a comment after it. */
const commented = /^(?:\s*(?:\/\/|\/\*|\*|--)|(?:[^'"`]|(['"`]).*?\1)*\s(?:\/\/|\/\*|--)\s)/

/** The formatter wraps code, not comments. */
export function wideComments(sources: readonly Source[]): readonly string[] {
  return sources.flatMap(({ path, text }) =>
    text
      .split('\n')
      .flatMap((line, index) =>
        line.length > columnsMax && commented.test(line) && !/https?:\/\/\S{60}/.test(line)
          ? [`${path}:${index + 1}: ${line.length} columns, at most ${columnsMax}`]
          : [],
      ),
  )
}

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>
}

/** Packages that are built into files without imports: what they import is installed where they are built alone. */
const bundled: ReadonlySet<string> = new Set(['packages/console'])

/**
 * Dependencies of a package that none of its published files imports, and imports that are not among its dependencies.
 */
export function misplacedDependencies(sources: readonly Source[], root: string): readonly string[] {
  return globSync('packages/*/package.json', { cwd: root }).flatMap(file => {
    const folder = dirname(file)
    if (bundled.has(folder)) return []
    const { dependencies = {} } = JSON.parse(readFileSync(join(root, file), 'utf8')) as Manifest
    const imported = new Set<string>()
    for (const { path, text } of sources) {
      if (!isPublished(path, folder)) continue
      for (const name of packagesIn(text)) imported.add(name)
    }
    return [
      ...Object.keys(dependencies)
        .filter(name => !imported.has(name))
        .map(name => `${file}: no published source imports ${name}`),
      ...[...imported]
        .filter(name => !(name in dependencies))
        .map(name => `${file}: ${name} is imported and not listed`),
    ]
  })
}

function isPublished(path: string, folder: string): boolean {
  if (path.startsWith(`${folder}/bin/`)) return true
  return path.startsWith(`${folder}/src/`) && !/\.(test|fixture)\.tsx?$/.test(path)
}

const importLine =
  /^(?:import|(?:import|export)\b[^'\n]*\bfrom|\} from) '([^'.][^']*)'|\b(?:import|require)\([`']([^'`.$][^'`$]*)/gm

function packagesIn(text: string): readonly string[] {
  return [...text.matchAll(importLine)]
    .map(([, line, dynamic]) => line ?? dynamic ?? '')
    .filter(name => /^(@[\w.-]+\/)?[\w.-]+(\/[\w./-]*)?$/.test(name) && !name.startsWith('node:'))
    .map(name => name.split('/', name.startsWith('@') ? 2 : 1).join('/'))
}

/** A duration that was measured: a difference of two times, or a name that says so. */
const measuring = /(?:performance\.now\(\)|Date\.now\(\)|hrtime[.\w]*\([^)]*\))\s*-/
const measuredNames = /\b(?:hrtime|elapsed\w*|took\w*|\w*[dD]uration(?:Ms)?)\b/
const measuredName = /\b(?:const|let)\s+(\w+)\s*=([^=][^\n]*)/g
/** A bound of ten seconds or more only ends what hangs. */
const generous = /<=?\s*\d{2,}_000\b|\b\d{2,}_000\s*>/

/**
 * Tests that assert that something took less than a time: they fail on a busy machine. Such a claim belongs in the
 * benchmarks. That something took at least a time may be asserted.
 */
export function timedTests(sources: readonly Source[]): readonly string[] {
  return sources.flatMap(({ path, text }) => {
    if (!path.endsWith('.test.ts') || path === 'scripts/structure.test.ts') return []
    const names = [...text.matchAll(measuredName)].flatMap(([, name = '', value = '']) =>
      measuring.test(value) ? [name] : [],
    )
    const measured = [
      measuring,
      measuredNames,
      ...(names.length > 0 ? [new RegExp(`\\b(?:${names.join('|')})\\b`)] : []),
    ]
      .map(({ source }) => `(?:${source})`)
      .join('|')
    const bounded = new RegExp(`(?:${measured})[^<>,]*<(?!<)|[^=]>[^<>,]*(?:${measured})`)
    return assertions(text).flatMap(({ line, statement }) =>
      bounded.test(statement) && !generous.test(statement) ? [`${path}:${line}: asserts how long something took`] : [],
    )
  })
}

/** Every call of `assert`, with all of its lines as one. */
function assertions(text: string): readonly { readonly line: number; readonly statement: string }[] {
  return [...text.matchAll(/\bassert(?:\.\w+)?\(/g)].map(({ index, 0: begin }) => {
    let end = index + begin.length
    for (let depth = 1; depth > 0 && end < text.length; end += 1) {
      const character = text[end]
      if (character === '(') depth += 1
      else if (character === ')') depth -= 1
    }
    return {
      line: text.slice(0, index).split('\n').length,
      statement: text.slice(index, end).replace(/\s+/g, ' '),
    }
  })
}
