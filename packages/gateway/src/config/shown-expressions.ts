/**
 * Expressions in sections that refusals and explanations quote: names of workloads, deployments and targets, limits,
 * audiences. Whoever may try a configuration, but not read secrets, must not have one quoted there.
 */
import { readDocument } from './document.ts'
import { formatPath, type Path, type Problem, printable } from './messages.ts'

const quotedSections: ReadonlySet<string> = new Set(['workloads', 'pools', 'limits', 'identity', 'gateway'])

/**
 * To be called before the text is read: messages about it quote too.
 * @param inForce text of the configuration in force: what it has at a
 *   place, its gateway quotes anyway.
 */
export function quotedExpressions(text: string, inForce: string): readonly Problem[] {
  const known = new Set(expressionsOf(inForce).map(keyOf))
  return expressionsOf(text)
    .filter(one => isQuoted(one.path) && !known.has(keyOf(one)))
    .map(({ path, written }) => ({
      code: 'expression' as const,
      path: formatPath(path),
      line: null,
      column: null,
      seen: printable(written),
      expected: 'the value itself: refusals quote this place, and an expression may bring in a secret',
      nearest: null,
    }))
}

interface Expression {
  readonly path: Path
  readonly written: string
}

function keyOf({ path, written }: Expression): string {
  return JSON.stringify([path, written])
}

function expressionsOf(text: string): readonly Expression[] {
  const root: unknown = readDocument(text).document?.root
  if (typeof root !== 'object' || root === null) return []
  return below(root, [])
}

/** Lists of names are quoted in every section. */
function isQuoted(path: Path): boolean {
  return quotedSections.has(String(path[0])) || path.includes('workloads') || path.includes('deployments')
}

function below(value: unknown, path: Path): readonly Expression[] {
  if (typeof value === 'string') return value.includes('${') ? [{ path, written: value }] : []
  if (typeof value !== 'object' || value === null) return []
  const entries: readonly (readonly [string | number, unknown])[] = Array.isArray(value)
    ? value.map((item, at) => [at, item] as const)
    : Object.entries(value)
  return entries.flatMap(([key, item]) => below(item, [...path, key]))
}
