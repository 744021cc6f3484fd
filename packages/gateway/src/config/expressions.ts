/**
 * `${env:NAME}` and `${file:PATH}` inside the strings of a configuration; `$${` is a literal `${`. The values that they
 * insert are not read for further expressions. Their paths are remembered, so that no message ever shows them.
 */
import { resolve } from 'node:path'
import type { Finding } from './document.ts'
import type { Inserted } from './hidden.ts'
import { configJsonSchema, schemaAt } from './json-schema.ts'
import { formatPath, nearestOf, type Path, printable } from './messages.ts'

export interface ExpressionSources {
  /** Directory of the configuration file: `${file:PATH}` is relative to it. */
  readonly directory: string
  readonly env: NodeJS.ProcessEnv
  /** Text of a file; rejects with a Node error. */
  readFile(path: string): Promise<string>
  /** Secrets that a masked text leaves in their place, by id. Default: none. */
  readonly kept?: ReadonlyMap<string, string>
}

/** Origin of a secret that is in the file itself, and that a masked text leaves there. */
export const keptOrigin = 'the file, where it is kept'

export interface ResolvedExpressions {
  readonly root: unknown
  /** Path (as `formatPath` writes it) -> `env NAME` or `file PATH`, for every string that contains an expression. */
  readonly origins: ReadonlyMap<string, string>
  /** Paths whose expression could not be resolved. What the schema says about them is irrelevant. */
  readonly failed: ReadonlySet<string>
  /** Absolute paths of the files that were read, so that they can be watched for changes. */
  readonly files: readonly string[]
  readonly findings: readonly Finding[]
  /** Every value that was inserted: no message may have it. */
  readonly inserted: readonly Inserted[]
}

interface Work {
  readonly sources: ExpressionSources
  readonly origins: Map<string, string>
  readonly failed: Set<string>
  readonly files: Map<string, string>
  readonly findings: Finding[]
  readonly inserted: Inserted[]
}

export async function resolveExpressions(root: unknown, sources: ExpressionSources): Promise<ResolvedExpressions> {
  const work: Work = { sources, origins: new Map(), failed: new Set(), files: new Map(), findings: [], inserted: [] }
  const resolved = await resolveValue(root, [], work)
  return {
    root: resolved,
    origins: work.origins,
    failed: work.failed,
    files: [...work.files.keys()],
    findings: work.findings,
    inserted: work.inserted,
  }
}

async function resolveValue(value: unknown, path: Path, work: Work): Promise<unknown> {
  if (typeof value === 'string') return value.includes('${') ? resolveText(value, path, work) : value
  if (Array.isArray(value)) {
    const items: unknown[] = []
    for (const [index, item] of value.entries()) items.push(await resolveValue(item, [...path, index], work))
    return items
  }
  if (typeof value !== 'object' || value === null) return value
  const entries: [string, unknown][] = []
  for (const [key, item] of Object.entries(value)) entries.push([key, await resolveValue(item, [...path, key], work)])
  return Object.fromEntries(entries)
}

async function resolveText(text: string, path: Path, work: Work): Promise<string> {
  const parts: string[] = []
  let at = 0
  for (const match of text.matchAll(/\$\$\{|\$\{([^}]*)(\}?)/g)) {
    parts.push(text.slice(at, match.index))
    at = match.index + match[0].length
    const [whole, inside, end] = match
    if (whole === '$${') parts.push('${')
    else if (end === '') fail(work, { ...malformed, path, seen: `\${ without }` })
    else {
      const value = (await evaluate(inside ?? '', path, work)) ?? ''
      parts.push(value)
      work.inserted.push({ value, origin: work.origins.get(formatPath(path)) ?? '' })
    }
  }
  parts.push(text.slice(at))
  return parts.join('')
}

function fail(work: Work, finding: Finding): null {
  work.failed.add(formatPath(finding.path))
  work.findings.push(finding)
  return null
}

const malformed = {
  code: 'expression',
  expected: `\${env:NAME} or \${file:PATH}; a literal \${ is written $\${`,
  nearest: null,
} as const

async function evaluate(inside: string, path: Path, work: Work): Promise<string | null> {
  const [, kind, name] = /^(env|file):(.+)$/s.exec(inside) ?? []
  if (kind === 'env' && name !== undefined && /^[A-Za-z_]\w*$/.test(name)) return readVariable(name, path, work)
  if (kind === 'file' && name !== undefined) return readSecretFile(name, path, work)
  if (inside.startsWith('kept:')) return keptSecret(inside.slice('kept:'.length), path, work)
  return fail(work, { ...malformed, path, seen: 'another expression' })
}

/** Only where the schema has a secret: anywhere else its value would be given out. */
function keptSecret(id: string, path: Path, work: Work): string | null {
  work.origins.set(formatPath(path), keptOrigin)
  const value = work.sources.kept?.get(id)
  const isSecret = schemaAt(configJsonSchema(), path).some(({ writeOnly }) => writeOnly === true)
  if (value !== undefined && isSecret) return value
  const seen = 'a secret that was left out'
  const expected =
    value === undefined
      ? `the secret itself, as \${env:NAME} or \${file:PATH}: the file in use has no such secret`
      : `\${env:NAME} or \${file:PATH}: a secret that was left out stays in places of secrets`
  return fail(work, { code: 'expression', path, seen, expected, nearest: null })
}

function readVariable(name: string, path: Path, work: Work): string | null {
  work.origins.set(formatPath(path), `env ${name}`)
  const { env } = work.sources
  // What every object inherits, as `constructor`, is no variable.
  const value = Object.hasOwn(env, name) ? env[name] : undefined
  // An empty variable is nearly always one that was forgotten.
  if (value !== undefined && value !== '') return value
  const missing = { code: 'missing_variable', path, seen: `\${env:${name}}` } as const
  if (value === '') return fail(work, { ...missing, expected: 'a variable that is not empty', nearest: null })
  const nearest = nearestOf(name, Object.keys(work.sources.env))
  return fail(work, { ...missing, expected: 'a variable that is set in the environment of the process', nearest })
}

async function readSecretFile(name: string, path: Path, work: Work): Promise<string | null> {
  work.origins.set(formatPath(path), `file ${printable(name)}`)
  const missing = { code: 'missing_file', path, seen: `\${file:${printable(name)}}`, nearest: null } as const
  const file = resolve(work.sources.directory, name)
  try {
    const text = work.files.get(file) ?? (await work.sources.readFile(file)).replace(/\r?\n$/, '')
    work.files.set(file, text)
    return text === '' ? fail(work, { ...missing, expected: 'a file that is not empty' }) : text
  } catch (cause) {
    const expected = `a text file that can be read; ${printable(file)}: ${fileFault(cause)}`
    return fail(work, { ...missing, expected })
  }
}

/** Why a file could not be read, in words that contain nothing of its content. */
export function fileFault(cause: unknown): string {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : ''
  const known: Readonly<Record<string, string>> = {
    ENOENT: 'there is no such file',
    EACCES: 'this process may not read it',
    EISDIR: 'it is a directory',
    ENOTDIR: 'a part of the path is not a directory',
    not_a_file: 'it is not a regular file',
    too_large: 'it is too large',
    not_utf8: 'it is not UTF-8 text',
    not_beside:
      'it is neither beside the configuration nor beside a file that is in use; only who edits the file by hand may name it',
  }
  return known[code] ?? 'it could not be read'
}
