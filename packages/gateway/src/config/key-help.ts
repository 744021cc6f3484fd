/** What one key of the configuration means, from the schema. */
import { exampleOf, exampleText, formOf } from './forms.ts'
import { configJsonSchema, type SchemaView } from './json-schema.ts'
import { nearestKey } from './synonyms.ts'

export interface KeyHelp {
  /** With NAME for names of entries and [] for entries of lists, as `workloads.NAME.callers[].user`. */
  readonly path: string
  readonly description: string
  /** What belongs there, as `a duration with a unit`. */
  readonly value: string
  /** Bounds, as `1s .. 5m`; null where there are none. */
  readonly range: string | null
  /** As it is written; null where there is none. */
  readonly default: string | null
  readonly isRequired: boolean
  /** As it is written in the file: `priority: 2`. Null where there is none. */
  readonly example: string | null
  /** Keys below. */
  readonly keys: readonly KeyHelp[]
}

/** A path that leads nowhere. */
export interface UnknownKey {
  /** The part that is known, in the form of `KeyHelp.path`; empty for the whole. */
  readonly parent: string
  /** The step that is not. */
  readonly unknown: string
  readonly known: readonly string[]
  readonly nearest: string | null
}

/**
 * @param written as messages write paths, with real names or NAME, with or without [] for entries of lists. A single
 *   key that is not at the top is looked for everywhere.
 */
export function keyHelp(written: string): readonly KeyHelp[] | UnknownKey {
  const steps = stepsOf(written)
  const found = lookUp(steps)
  if (!('unknown' in found)) return [helpOf(found, 1)]
  const [only] = steps
  if (steps.length !== 1 || only === undefined) return found
  const all = [...keysBelow(root())]
  const everywhere = all.filter(({ path }) => lastOf(path) === only)
  if (everywhere.length > 0) return everywhere.map(place => helpOf(place, 1))
  return { ...found, nearest: found.nearest ?? nearestKey(only, [...new Set(all.map(({ path }) => lastOf(path)))]) }
}

/** A place of the schema. */
interface Place {
  readonly path: string
  /** Null for entries, which have no key of their own. */
  readonly key: string | null
  readonly views: readonly SchemaView[]
  readonly isRequired: boolean
}

function root(): Place {
  return { path: '', key: null, views: [configJsonSchema()], isRequired: true }
}

/** `a.b[0].c["d"]` -> a, b, [], c, d */
function stepsOf(written: string): readonly string[] {
  const steps = written.matchAll(/\["([^"]*)"\]|\[(\d*)\]|([^.[\]]+)/g)
  return [...steps].map(([, quoted, index, plain]) => quoted ?? (index === undefined ? (plain ?? '') : '[]'))
}

function lookUp(steps: readonly string[]): Place | UnknownKey {
  let place = root()
  for (const step of steps) {
    const next = below(place, step)
    if (next === null) return unknownKey(place, step)
    place = next
  }
  return place
}

function below(place: Place, step: string): Place | null {
  const forms = place.views.flatMap(formsOf)
  const items = forms.flatMap(({ items: entry }) => (entry === undefined ? [] : [entry]))
  if (step === '[]') return items.length === 0 ? null : { ...place, ...entryOf(place, items) }
  const own = memberOf(place, forms, step)
  if (own !== null) return own
  // Brackets may be left out.
  if (items.length > 0) return below(entryOf(place, items), step)
  const entries = forms.flatMap(form =>
    typeof form.additionalProperties === 'object' ? form.additionalProperties : [],
  )
  if (entries.length === 0) return null
  return { path: joined(place.path, 'NAME'), key: null, views: entries, isRequired: false }
}

function entryOf(place: Place, items: readonly SchemaView[]): Place {
  return { path: `${place.path}[]`, key: null, views: items, isRequired: false }
}

function memberOf({ path }: Pick<Place, 'path'>, forms: readonly SchemaView[], key: string): Place | null {
  const having = forms.filter(({ properties = {} }) => Object.hasOwn(properties, key))
  const views = having.flatMap(({ properties = {} }) => properties[key] ?? [])
  if (views.length === 0) return null
  const isRequired = having.length === forms.length && having.every(({ required = [] }) => required.includes(key))
  return { path: joined(path, key), key, views, isRequired }
}

function unknownKey(place: Place, step: string): UnknownKey {
  const known = [...new Set(memberKeys(place))]
  return { parent: place.path, unknown: step, known, nearest: nearestKey(step, known) }
}

function memberKeys(place: Place): readonly string[] {
  const forms = place.views.flatMap(formsOf)
  const items = forms.flatMap(({ items: entry }) => (entry === undefined ? [] : formsOf(entry)))
  return [...forms, ...items].flatMap(({ properties = {} }) => Object.keys(properties))
}

/** Every key of the schema, parents first. */
function* keysBelow(place: Place): Generator<Place> {
  for (const child of childrenOf(place)) {
    yield child
    yield* keysBelow(child)
  }
}

function childrenOf(place: Place): readonly Place[] {
  const forms = place.views.flatMap(formsOf)
  const keys = [...new Set(forms.flatMap(({ properties = {} }) => Object.keys(properties)))]
  const members = keys.flatMap(key => memberOf(place, forms, key) ?? [])
  const items = forms.flatMap(({ items: entry }) => (entry === undefined ? [] : [entry]))
  if (items.length > 0) return [...members, ...childrenOf(entryOf(place, items))]
  const entries = forms.flatMap(form =>
    typeof form.additionalProperties === 'object' ? form.additionalProperties : [],
  )
  if (entries.length === 0) return members
  const entry = { path: joined(place.path, 'NAME'), key: null, views: entries, isRequired: false }
  return [...members, ...childrenOf(entry)]
}

function helpOf(place: Place, levels: number): KeyHelp {
  const [view = {}] = place.views
  const descriptions = new Set(place.views.flatMap(({ description }) => description ?? []))
  const example = place.views.map(exampleOf).find(one => one !== undefined)
  const shown = example === undefined ? null : exampleText(example)
  return {
    path: place.path,
    description: [...descriptions].join(' '),
    value: valueText(place.views),
    range: view.range ?? rangeOf(view),
    default: defaultOf(view),
    isRequired: place.isRequired,
    example: shown === null || place.path === '' ? null : place.key === null ? shown : `${place.key}: ${shown}`,
    keys: levels === 0 ? [] : childrenOf(place).map(child => helpOf(child, levels - 1)),
  }
}

/** Forms of one place, each once. */
function valueText(views: readonly SchemaView[]): string {
  const kinds = views.flatMap(formsOf).map(view => (view.const === undefined ? kindOf(view) : String(view.const)))
  return [...new Set(kinds)].join(', or ')
}

/** Without the example, which has a line of its own. */
function kindOf(view: SchemaView): string {
  return formOf({ ...view, examples: [], writeOnly: true }) ?? 'a value'
}

function rangeOf({ type, minimum, maximum }: SchemaView): string | null {
  if (type !== 'integer' && type !== 'number') return null
  return `${minimum ?? 'any'} .. ${maximum ?? 'any'}`
}

function defaultOf({ default: standard }: SchemaView): string | null {
  if (standard === undefined || standard === '') return null
  const isMapping = typeof standard === 'object' && standard !== null && !Array.isArray(standard)
  return isMapping && Object.keys(standard).length > 0 ? null : exampleText(standard)
}

function formsOf(view: SchemaView): readonly SchemaView[] {
  return view.anyOf === undefined ? [view] : view.anyOf.flatMap(formsOf)
}

function joined(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`
}

function lastOf(path: string): string {
  return path.slice(path.lastIndexOf('.') + 1)
}
