/** What a configuration comes to, value by value: what the file says, and the defaults of what it does not say. */
import { type ConfigDocument, readDocument } from './document.ts'
import { configJsonSchema, type SchemaView, schemaAt } from './json-schema.ts'
import { isSecretValue } from './masking.ts'
import { formatPath, type Path } from './messages.ts'
import { restartOnly } from './restart.ts'

/** Where a value comes from: the file's text, a variable or another file that it names, or the schema. */
type ValueSource = 'file' | 'environment' | 'secret-file' | 'default'

export interface EffectiveValue {
  /** As `workloads.hr-bot.callers[0].user`. */
  readonly path: string
  /** As it is written in YAML; null where it is not shown, as a secret or what a variable holds. */
  readonly value: string | null
  readonly source: ValueSource
  /** The variable or file that it names, as `env REDIS_PASSWORD`. */
  readonly from: string | null
  /** In the text, from 1; null for a default. */
  readonly line: number | null
  /** True where a change waits for a restart. */
  readonly needsRestart: boolean
}

/** @param text a configuration that can be used. */
export function effectiveValues(text: string): readonly EffectiveValue[] {
  const { document } = readDocument(text)
  if (document === null) return []
  const walk = new Walk(document)
  walk.into([], { value: document.root ?? {}, isWritten: true })
  return walk.found
}

/** A value at a path: what the file says, or the schema's default. */
interface Held {
  readonly value: unknown
  readonly isWritten: boolean
}

class Walk {
  readonly found: EffectiveValue[] = []
  readonly #schema = configJsonSchema()
  readonly #document: ConfigDocument

  constructor(document: ConfigDocument) {
    this.#document = document
  }

  into(path: Path, held: Held): void {
    const { value, isWritten } = held
    if (value === undefined) return
    const views = schemaAt(this.#schema, path, this.#document.root)
    if (Array.isArray(value) && value.length > 0) {
      for (const [index, item] of value.entries()) this.into([...path, index], { value: item, isWritten })
    } else if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      this.#members(path, { ...value }, held, views)
    } else {
      this.#add(path, held, views)
    }
  }

  #members(path: Path, given: Readonly<Record<string, unknown>>, held: Held, views: readonly SchemaView[]): void {
    const properties = new Map(views.flatMap(view => Object.entries(view.properties ?? {})))
    const names = new Set([...properties.keys(), ...Object.keys(given)])
    if (names.size === 0) this.#add(path, held, views)
    for (const name of names) {
      const own = Object.hasOwn(given, name) ? given[name] : undefined
      const isWritten = held.isWritten && own !== undefined
      this.into([...path, name], { value: own ?? properties.get(name)?.default, isWritten })
    }
  }

  #add(path: Path, { value, isWritten }: Held, views: readonly SchemaView[]): void {
    const named = isWritten ? sourceNamed(value) : null
    const shown = formatPath(path)
    this.found.push({
      path: shown,
      value: named !== null || isHidden(value, isWritten, views, path) ? null : asYaml(value),
      source: named?.source ?? (isWritten ? 'file' : 'default'),
      from: named?.from ?? null,
      line: isWritten ? this.#lineOf(path) : null,
      needsRestart: restartOnly.some(one => shown === one || shown.startsWith(`${one}.`)),
    })
  }

  #lineOf(path: Path): number | null {
    return this.#document.locate({ code: 'risk', path, seen: null, expected: '', nearest: null }).line
  }
}

function isHidden(value: unknown, isWritten: boolean, views: readonly SchemaView[], path: Path): boolean {
  return isWritten && typeof value !== 'object' && isSecretValue(value, views, path)
}

/** The first expression of a text that has one. */
function sourceNamed(value: unknown): { readonly source: ValueSource; readonly from: string } | null {
  const [, kind, name = ''] = (typeof value === 'string' && /(?<!\$)\$\{(env|file):([^}]+)\}/.exec(value)) || []
  if (kind === undefined) return null
  return { source: kind === 'env' ? 'environment' : 'secret-file', from: `${kind} ${name}` }
}

function asYaml(value: unknown): string {
  if (Array.isArray(value)) return '[]'
  if (typeof value === 'object' && value !== null) return '{}'
  if (typeof value !== 'string') return String(value)
  const isPlain = /^[A-Za-z0-9/][\w./:@%+-]*$/.test(value) && !/^(?:true|false|null|[\d.]+)$/i.test(value)
  return isPlain ? value : JSON.stringify(value)
}
