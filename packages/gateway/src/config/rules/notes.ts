/** What rules across fields share: where they write what they find, and the words for it. */
import type { Finding } from '../document.ts'
import { formatPath, nearestOf, type Path, printable, showValue } from '../messages.ts'
import type { Config } from '../schema.ts'

/** A section that could not be read is null: the rules that need it are passed over, and nothing is said twice. */
export type Sections = { readonly [Name in keyof Config]: Config[Name] | null }

export interface Notes {
  readonly errors: Finding[]
  readonly warnings: Finding[]
  /** Paths (as `formatPath` writes them) whose value an expression brought in. */
  readonly origins: ReadonlyMap<string, string>
}

/** Allowed, and probably not meant. `seen` must be fit to be shown. */
export function warn(notes: Notes, path: Path, seen: string, expected: string, nearest: string | null = null): void {
  notes.warnings.push({ code: 'risk', path, seen, expected, nearest })
}

/** Two values that cannot both stand. */
export function conflict(notes: Notes, path: Path, seen: string, expected: string): void {
  notes.errors.push({ code: 'conflict', path, seen, expected, nearest: null })
}

/** A text of the configuration, fit to be shown. */
export function shown(text: string, path: Path, notes: Notes): string {
  return showValue(text, notes.origins.get(formatPath(path)) ?? null, false)
}

/** An entry of a list: text, or a mapping of one key. */
export type Entry = string | Readonly<Record<string, string>>

export function refuseDuplicates(entries: readonly Entry[], path: Path, notes: Notes): void {
  const seen = new Set<string>()
  for (const [index, entry] of entries.entries()) {
    const text = typeof entry === 'string' ? entry : Object.entries(entry).join()
    if (seen.has(text)) notes.errors.push(duplicate(entry, [...path, index]))
    seen.add(text)
  }
}

export function duplicate(entry: Entry, path: Path): Finding {
  const seen =
    typeof entry === 'string'
      ? showValue(entry, null, false)
      : `{ ${Object.entries(entry).flat().map(printable).join(': ')} }`
  return { code: 'duplicate', path, seen, expected: 'each entry once; this one stands above', nearest: null }
}

export function unknownName(name: string, path: Path, kind: string, known: readonly string[]): Finding {
  const expected = `the name of a known ${kind}: ${listOf(known)}`
  return { code: 'unknown_name', path, seen: showValue(name, null, false), expected, nearest: nearestOf(name, known) }
}

/** A key that names something else of the configuration, and does not. */
export function unknownKeyName(name: string, path: Path, kind: string, known: readonly string[]): Finding {
  return { ...unknownName(name, path, kind, known), atKey: true }
}

/** At most twelve names. */
export function listOf(names: readonly string[]): string {
  if (names.length === 0) return 'there is none'
  return names.slice(0, 12).map(printable).join(', ') + (names.length > 12 ? ', …' : '')
}
