/** Turns the schema's issues into findings: what was seen, what was expected, and the nearest known key. */
import type { z } from 'zod'
import type { Finding } from './document.ts'
import { type SchemaView, schemaAt } from './json-schema.ts'
import { formatPath, nearestOf, type Path, printable, showValue } from './messages.ts'

type Issue = z.core.$ZodIssue

export interface IssueContext {
  readonly root: unknown
  /** Sources of values from outside the file, by path. */
  readonly origins: ReadonlyMap<string, string>
  readonly schema: SchemaView
}

export function findingsOf(issue: Issue, context: IssueContext, above: Path = []): Finding[] {
  const path: Path = [...above, ...issue.path.map(step => (typeof step === 'symbol' ? String(step) : step))]
  if (issue.code === 'unrecognized_keys') {
    if (isAnotherFile(path, context)) return [anotherFile(context)]
    return issue.keys.map(key => unknownKey([...path, key], context))
  }
  if (issue.code === 'invalid_union') return ofUnion(issue, path, context)
  const value = valueAt(context.root, path)
  const seen = showAt(context, path)
  if (issue.code === 'invalid_key') {
    const expected = `a name of ${issue.issues[0]?.message ?? 'another form'}`
    return [{ code: 'wrong_value', path, seen: printable(String(path.at(-1))), expected, nearest: null, atKey: true }]
  }
  if (issue.code === 'invalid_type' && value === undefined) {
    return [{ code: 'missing_key', path, seen: 'nothing', expected: expectedAt(path, context), nearest: null }]
  }
  if (issue.code === 'invalid_type') {
    const expected = typeText(issue.expected, path, context)
    return [{ code: 'wrong_type', path, seen: misplaced(value, issue.expected) ?? seen, expected, nearest: null }]
  }
  if (issue.code === 'invalid_value') {
    const nearest = typeof value === 'string' ? nearestOf(value, issue.values.map(String)) : null
    const expected = `one of: ${issue.values.map(String).join(', ')}`
    return [{ code: 'wrong_value', path, seen, expected, nearest }]
  }
  return [{ code: 'wrong_value', path, seen, expected: boundText(issue) ?? issue.message, nearest: null }]
}

/**
 * Text in the place of a mapping or a list is often something else altogether, as a mounted secret. Its length is
 * enough to find it.
 */
function misplaced(value: unknown, expected: string): string | null {
  if (typeof value !== 'string' || !['object', 'record', 'array'].includes(expected)) return null
  return `text of ${value.length} ${value.length === 1 ? 'character' : 'characters'}`
}

/**
 * True for a file that has no key of a configuration, nor a similar one. It is probably another file, and its content
 * must not be shown.
 */
function isAnotherFile(path: Path, { root, schema }: IssueContext): boolean {
  if (path.length > 0 || typeof root !== 'object' || root === null) return false
  const known = schemaAt(schema, []).flatMap(view => Object.keys(view.properties ?? {}))
  return Object.keys(root).every(key => !known.includes(key) && nearestOf(key, known) === null)
}

function anotherFile({ root, schema }: IssueContext): Finding {
  const known = schemaAt(schema, []).flatMap(view => Object.keys(view.properties ?? {}))
  const keys = Object.keys(root as object).length
  const seen = `a mapping of ${keys} ${keys === 1 ? 'key' : 'keys'}, none of them a configuration's`
  return { code: 'unknown_key', path: [], seen, expected: `the keys ${known.join(', ')}`, nearest: null }
}

function unknownKey(path: Path, context: IssueContext): Finding {
  const parent = path.slice(0, -1)
  const known = keysAt(parent, context)
  const key = String(path.at(-1))
  const taken = valueAt(context.root, parent)
  const free = known.filter(name => typeof taken !== 'object' || taken === null || !Object.hasOwn(taken, name))
  const where = parent.length === 0 ? 'the configuration' : formatPath(parent)
  const expected = `a key of ${where}: ${known.join(', ')}`
  return { code: 'unknown_key', path, seen: printable(key), expected, nearest: nearestOf(key, free), atKey: true }
}

/** A mapping is compared with the variant that its key selects; everything else with the union as a whole. */
function ofUnion(issue: z.core.$ZodIssueInvalidUnion, path: Path, context: IssueContext): Finding[] {
  const value = valueAt(context.root, path)
  if (issue.discriminator !== undefined) return [ofSelector(path, context)]
  const whole: Finding = {
    code: 'wrong_value',
    path,
    seen: showAt(context, path),
    expected: issue.message,
    nearest: null,
  }
  if (value === undefined) return [{ ...whole, code: 'missing_key' }]
  if (typeof value === 'string') {
    const words = schemaAt(context.schema, path).flatMap(view => (typeof view.const === 'string' ? [view.const] : []))
    return [{ ...whole, nearest: nearestOf(value, words) }]
  }
  // Only one variant is of this kind, as the list where a single entry is also allowed: the error is inside it.
  const within = issue.errors.filter(errors => errors.length > 0 && errors.every(({ path: inner }) => inner.length > 0))
  const [only] = within
  if (only !== undefined && within.length === 1) return only.flatMap(inner => findingsOf(inner, context, path))
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [{ ...whole, code: 'wrong_type' }]
  const known = keysAt(path, context)
  const unknown = Object.keys(value).filter(key => !known.includes(key))
  if (unknown.length > 0) return unknown.map(key => unknownKey([...path, key], context))
  const chosen = issue.errors.find(
    errors =>
      errors.length > 0 &&
      errors.every(
        inner =>
          inner.code !== 'unrecognized_keys' && inner.path.length > 0 && Object.hasOwn(value, inner.path[0] ?? ''),
      ),
  )
  return chosen === undefined ? [whole] : chosen.flatMap(inner => findingsOf(inner, context, path))
}

/** The member that selects a variant is missing, or selects none. */
function ofSelector(path: Path, context: IssueContext): Finding {
  const value = valueAt(context.root, path)
  const words = schemaAt(context.schema, path).flatMap(view => (typeof view.const === 'string' ? [view.const] : []))
  return {
    ...{ path, seen: showAt(context, path), expected: `one of: ${words.join(', ')}` },
    code: value === undefined ? 'missing_key' : 'wrong_value',
    nearest: typeof value === 'string' ? nearestOf(value, words) : null,
  }
}

function boundText(issue: Issue): string | null {
  // The schema's own words, where it has some, say more.
  if ((issue.code !== 'too_small' && issue.code !== 'too_big') || !issue.message.startsWith('Too ')) return null
  const bound = issue.code === 'too_small' ? `at least ${issue.minimum}` : `at most ${issue.maximum}`
  if (issue.origin === 'string') return `${bound} ${bound.endsWith(' 1') ? 'character' : 'characters'}`
  if (issue.origin === 'array') return `${bound} ${bound.endsWith(' 1') ? 'entry' : 'entries'} in the list`
  return bound
}

const typeTexts: Readonly<Record<string, string>> = {
  string: 'text',
  int: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping',
  record: 'a mapping of names',
}

function typeText(type: string, path: Path, context: IssueContext): string {
  const text = typeTexts[type] ?? type
  if (type === 'object') return `${text} with the keys ${keysAt(path, context).join(', ')}`
  const fromOutside = context.origins.has(formatPath(path))
  if (fromOutside && type !== 'string') return `${text}; what \${…} brings in is always text`
  const description = schemaAt(context.schema, path, context.root)[0]?.description
  return description === undefined ? text : `${text} (${description.replace(/\.$/, '')})`
}

/** What belongs in an empty place: the description says it best. */
function expectedAt(path: Path, context: IssueContext): string {
  const view = schemaAt(context.schema, path, context.root)[0]
  const description = view?.description
  const keys = keysAt(path, context)
  const text = description === undefined ? 'a value' : description.replace(/\.$/, '')
  if (keys.length > 0) return `a mapping with the keys ${keys.join(', ')}: ${text}`
  return view?.additionalProperties === undefined ? text : `a mapping of names: ${text}`
}

/** Keys of a mapping: of the variant that a member selects, else of every variant. */
function keysAt(path: Path, { schema, root }: IssueContext): string[] {
  return [...new Set(schemaAt(schema, path, root).flatMap(view => Object.keys(view.properties ?? {})))]
}

function showAt(context: IssueContext, path: Path): string {
  return showValue(valueAt(context.root, path), context.origins.get(formatPath(path)) ?? null, isSecret(path, context))
}

/**
 * True where the schema has a secret, and for any other value in its place: a key that is written one level too high is
 * still a key.
 */
function isSecret(path: Path, { schema }: IssueContext): boolean {
  if (schemaAt(schema, path).some(({ writeOnly }) => writeOnly === true)) return true
  if (path[0] === 'redis') return path.length === 1 || path[1] === 'url' || path[1] === 'password'
  return path.includes('credential')
}

function valueAt(root: unknown, path: Path): unknown {
  let value = root
  for (const step of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined
    value = (value as Record<string | number, unknown>)[step]
  }
  return value
}
