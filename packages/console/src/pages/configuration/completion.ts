/** What can be written at a place of a configuration, and what a key means, by the JSON Schema of configurations. */
import type { EditorCompletion, EditorCompletions } from '../../parts/editor/index.tsx'
import { deploymentsIn, entry, namesIn, placeAt, type YamlPlace } from './yaml-place.ts'

/** The parts of JSON Schema that are read here. */
export interface SchemaView {
  readonly type?: string
  readonly title?: string
  readonly description?: string
  readonly default?: unknown
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly properties?: Readonly<Record<string, SchemaView>>
  readonly additionalProperties?: SchemaView | boolean
  readonly items?: SchemaView
  readonly anyOf?: readonly SchemaView[]
  readonly minimum?: number
  readonly maximum?: number
  readonly range?: string
}

export function completionsOf(schema: SchemaView, text: string, at: number): EditorCompletions | null {
  const place = placeAt(text, at)
  if (place === null) return null
  const views = viewsAt(schema, place.path)
  const options = place.kind === 'key' ? keysOf(views, place) : valuesOf(views, place, text)
  const all =
    place.kind === 'key' && place.path.at(-1) === entry ? [...options, ...valuesOf(views, place, text)] : options
  return all.length === 0 ? null : { from: place.from, options: all }
}

/** Of the key in whose line the place is. */
export function explanationOf(schema: SchemaView, text: string, at: number): string | null {
  const end = /^[\w.-]*/.exec(text.slice(at))?.[0].length ?? 0
  const place = placeAt(text, at + end)
  if (place === null) return null
  const path = place.kind === 'key' ? [...place.path, place.typed] : place.path
  const [view] = viewsAt(schema, path.at(-1) === entry ? path.slice(0, -1) : path)
  return view === undefined ? null : saidOf(view, path)
}

function viewsAt(schema: SchemaView, path: readonly string[]): readonly SchemaView[] {
  let views = forms(schema)
  for (const step of path) views = views.flatMap(view => below(view, step)).flatMap(forms)
  return views
}

/** A variant has no words of its own where those of all are enough. */
function forms(view: SchemaView): readonly SchemaView[] {
  const { anyOf, ...rest } = view
  // At the top they only say which sections must be there.
  return anyOf === undefined || rest.properties !== undefined
    ? [view]
    : anyOf.flatMap(forms).map(form => ({ ...rest, ...form, ...wordsOf(rest, form) }))
}

function wordsOf(outer: SchemaView, form: SchemaView): Pick<SchemaView, 'description'> {
  const description = form.description ?? outer.description
  return description === undefined ? {} : { description }
}

function below(view: SchemaView, step: string): readonly SchemaView[] {
  if (step === entry) return view.items === undefined ? [] : [view.items]
  const own = Object.hasOwn(view.properties ?? {}, step) ? view.properties?.[step] : undefined
  if (own !== undefined) return [own]
  return typeof view.additionalProperties === 'object' ? [view.additionalProperties] : []
}

function keysOf(views: readonly SchemaView[], { isFlow }: YamlPlace): readonly EditorCompletion[] {
  const properties = new Map(views.flatMap(view => Object.entries(view.properties ?? {})))
  return [...properties].map(([label, view]) => {
    const isNested = forms(view).every(({ properties: keys, items, additionalProperties }) => {
      return keys !== undefined || items !== undefined || typeof additionalProperties === 'object'
    })
    const detail = kindOf(view)
    return {
      ...{ label, kind: 'key', info: saidOf(view, [label]), insert: isNested && !isFlow ? `${label}:` : `${label}: ` },
      ...(detail === '' ? {} : { detail }),
    }
  })
}

function valuesOf(views: readonly SchemaView[], { path }: YamlPlace, text: string): readonly EditorCompletion[] {
  const info = views.find(({ description }) => description !== undefined)?.description
  const written = views.flatMap(view => [
    ...(view.const === undefined ? [] : [view.const]),
    ...(view.enum ?? []),
    ...(view.type === 'boolean' ? [true, false] : []),
  ])
  const standard = views.flatMap(view => (isSimple(view.default) ? [view.default] : []))
  const values = [...new Set([...written, ...standard].map(String))].map(label => ({
    ...{ label, kind: 'value' as const },
    ...(standard.map(String).includes(label) ? { detail: 'default' } : {}),
    ...(info === undefined ? {} : { info }),
  }))
  return [...namesAt(path, text).map(label => ({ label, kind: 'name' as const })), ...values]
}

/** Names that the text defines, where a setting takes them. */
function namesAt(path: readonly string[], text: string): readonly string[] {
  const key = path.findLast(step => step !== entry)
  if (key === 'instance' || key === 'instances') return namesIn(text, 'instances')
  if (key === 'targets') return [...namesIn(text, 'pools'), ...namesIn(text, 'instances')]
  if (key === 'workload' || key === 'workloads') return path.length > 1 ? namesIn(text, 'workloads') : []
  if (key === 'deployment' || key === 'deployments') return deploymentsIn(text)
  return []
}

const isSimple = (value: unknown): boolean => ['string', 'number', 'boolean'].includes(typeof value)

function kindOf(view: SchemaView): string {
  const kinds = forms(view).map(({ title, type, properties, items, const: only }) => {
    if (properties !== undefined) return 'mapping'
    if (items !== undefined) return 'list'
    return only === undefined ? (title ?? type ?? '') : ''
  })
  return [...new Set(kinds.filter(kind => kind !== '' && kind !== 'expression'))].slice(0, 3).join(' | ')
}

function saidOf(view: SchemaView, path: readonly string[]): string {
  const { description, default: standard, range, minimum, maximum } = view
  const bounds =
    range ?? (minimum === undefined && maximum === undefined ? null : `${minimum ?? ''} .. ${maximum ?? ''}`)
  const kind = kindOf(view)
  const name = path.join('.').replaceAll('.[]', '[]')
  const facts = [
    kind,
    bounds === null ? '' : `from ${bounds}`,
    isSimple(standard) ? `default ${String(standard)}` : '',
  ].filter(fact => fact !== '')
  return [
    `${name}${facts.length === 0 ? '' : `  (${facts.join(', ')})`}`,
    ...(description === undefined ? [] : [description]),
  ].join('\n')
}
