/** Turns the schema's issues into findings: what was seen, what was expected, and the nearest known key. */
import type { z } from 'zod'
import type { Finding } from './document.ts'
import { exampleOf, exampleText, formOf, isShare } from './forms.ts'
import { type SchemaView, schemaAt } from './json-schema.ts'
import { formatPath, nearestOf, type Path, printable, showValue } from './messages.ts'
import { nearestValue } from './nearest-value.ts'
import { nearestKey, sameKey } from './synonyms.ts'

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
    const name = String(path.at(-1))
    const expected = `a name of ${issue.issues[0]?.message ?? 'another form'}`
    const nearest = nearestValue(name, { title: 'name' })
    return [{ code: 'wrong_value', path, seen: printable(name), expected, nearest, atKey: true }]
  }
  if (issue.code === 'invalid_type' && value === undefined) {
    return [{ code: 'missing_key', path, seen: 'nothing', expected: expectedAt(path, context), nearest: null }]
  }
  if (issue.code === 'invalid_type') {
    const expected = typeText(issue.expected, path, context)
    const nearest = valueNear(value, path, context)
    return [{ code: 'wrong_type', path, seen: misplaced(value, issue.expected) ?? seen, expected, nearest }]
  }
  if (issue.code === 'invalid_value') {
    const nearest = typeof value === 'string' ? nearestOf(value, issue.values.map(String)) : null
    const expected = `one of: ${issue.values.map(String).join(', ')}`
    return [{ code: 'wrong_value', path, seen, expected, nearest }]
  }
  const expected = boundText(issue, path, context) ?? issue.message
  return [{ code: 'wrong_value', path, seen, expected, nearest: valueNear(value, path, context) }]
}

/** The value in the right form, where it is known. Nothing of a secret, or of what comes from outside the file. */
function valueNear(value: unknown, path: Path, context: IssueContext): string | null {
  const views = schemaAt(context.schema, path, context.root)
  const [view] = views
  if (view === undefined || views.length > 1) return null
  if (isSecret(path, context) || context.origins.has(formatPath(path))) return null
  const nearest = nearestValue(value, view)
  return nearest === null || nearest === value ? null : printable(nearest)
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
  const near = nearestKey(key, free)
  const elsewhere = near === null ? keyElsewhere(key, parent, context) : null
  const place = elsewhere === null ? '' : `. ${elsewhere.place}: ${formatPath(elsewhere.path)}`
  const expected = `a key of ${where}: ${known.join(', ')}${place}`
  const nearest = near ?? (elsewhere === null ? null : formatPath(elsewhere.path))
  return { code: 'unknown_key', path, seen: printable(key), expected, nearest, atKey: true }
}

interface Elsewhere {
  readonly path: Path
  readonly place: string
}

/** A known key of this name, or of another word for it, one level below or above. */
function keyElsewhere(key: string, parent: Path, context: IssueContext): Elsewhere | null {
  const below = keysAt(parent, context).flatMap(child => {
    return keysAt([...parent, child], context).map(inner => [child, inner] as const)
  })
  const inner = sameKey(
    key,
    below.map(steps => steps.join('.')),
  )
  if (inner !== null) return { path: [...parent, ...inner.split('.')], place: 'It belongs one level lower' }
  if (parent.length === 0) return null
  const above = parent.slice(0, -1)
  const outer = sameKey(key, keysAt(above, context))
  return outer === null ? null : { path: [...above, outer], place: 'It belongs one level higher' }
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

function boundText(issue: Issue, path: Path, context: IssueContext): string | null {
  // The schema's own words, where it has some, say more.
  if ((issue.code !== 'too_small' && issue.code !== 'too_big') || !issue.message.startsWith('Too ')) return null
  const bound = issue.code === 'too_small' ? `at least ${issue.minimum}` : `at most ${issue.maximum}`
  if (issue.origin === 'string') return `${bound} ${bound.endsWith(' 1') ? 'character' : 'characters'}`
  if (issue.origin === 'array') return `${bound} ${bound.endsWith(' 1') ? 'entry' : 'entries'} in the list`
  const [view] = schemaAt(context.schema, path, context.root)
  if (view === undefined) return bound
  const form = formOf(view)
  return isShare(view) || form === null ? (form ?? bound) : `${bound}: ${form}`
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
  const [view] = schemaAt(context.schema, path, context.root)
  if (type === 'object') {
    const text = `${typeTexts['object']} with the keys ${keysAt(path, context).join(', ')}`
    return view === undefined || path.length === 0 ? text : `${text}; as ${exampleText(exampleOf(view))}`
  }
  const text = (view === undefined ? null : formOf(view)) ?? typeTexts[type] ?? type
  const fromOutside = context.origins.has(formatPath(path))
  if (fromOutside && type !== 'string') return `${text}; what \${…} brings in is always text`
  const description = view?.description
  return description === undefined ? text : `${text} (${description.replace(/\.$/, '')})`
}

/** What belongs in an empty place: its form, an example, and the description. */
function expectedAt(path: Path, context: IssueContext): string {
  const view = schemaAt(context.schema, path, context.root)[0]
  const description = view?.description
  const keys = keysAt(path, context)
  const text = description === undefined ? null : description.replace(/\.$/, '')
  const example = view === undefined ? undefined : exampleOf(view)
  const shown = example === undefined ? '' : `, as ${exampleText(example)}`
  if (keys.length > 0) return withText(`a mapping with the keys ${keys.join(', ')}${shown}`, text)
  return withText((view === undefined ? null : formOf(view)) ?? 'a value', text)
}

function withText(form: string, text: string | null): string {
  return text === null ? form : `${form}: ${text}`
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
