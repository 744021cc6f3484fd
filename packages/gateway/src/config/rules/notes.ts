/** Shared by the rules across fields: where they write their findings, and the words for them. */
import type { Finding } from '../document.ts'
import { keptOrigin } from '../expressions.ts'
import { formatPath, nearestOf, type Path, printable, showValue } from '../messages.ts'
import type { Config } from '../schema/index.ts'

/** A section that could not be read is null: the rules that need it are skipped, so nothing is reported twice. */
export type Sections = { readonly [Name in keyof Config]: Config[Name] | null }

export interface Notes {
  readonly errors: Finding[]
  readonly warnings: Finding[]
  /** What errors keep from being checked, and why: the end of a sentence after "because". */
  readonly unchecked: { readonly path: Path; readonly why: string }[]
  /** Paths (as `formatPath` writes them) whose value came from an expression. */
  readonly origins: ReadonlyMap<string, string>
}

/** Reports a setting that is allowed and probably a mistake. `seen` must be safe to show. */
export function warn(notes: Notes, path: Path, seen: string, expected: string, nearest: string | null = null): void {
  notes.warnings.push({ code: 'risk', path, seen, expected, nearest })
}

/** Reports two values that contradict each other. */
export function conflict(notes: Notes, path: Path, seen: string, expected: string): void {
  notes.errors.push({ code: 'conflict', path, seen, expected, nearest: null })
}

/** True for what is not in the file itself. */
export function isFromOutside(path: Path, { origins }: Notes): boolean {
  const origin = origins.get(formatPath(path))
  return origin !== undefined && origin !== keptOrigin
}

/** Warns of a secret that the file itself holds. */
export function warnWritten(isWritten: boolean, path: Path, notes: Notes): void {
  if (!isWritten || isFromOutside(path, notes)) return
  const expected = `\${env:NAME} or \${file:PATH}: a password in the file itself travels with every copy of it`
  warn(notes, path, '(a secret, not shown)', expected)
}

/** A text of the configuration, made safe to show. */
export function shown(text: string, path: Path, notes: Notes): string {
  return showValue(text, notes.origins.get(formatPath(path)) ?? null, false)
}

/** An entry of a list: text, or a mapping of one key. */
export type ListEntry = string | Readonly<Record<string, string>>

export function refuseDuplicates(entries: readonly ListEntry[], path: Path, notes: Notes): void {
  const seen = new Set<string>()
  for (const [index, entry] of entries.entries()) {
    const text = typeof entry === 'string' ? entry : Object.entries(entry).join()
    if (seen.has(text)) notes.errors.push(duplicate(entry, [...path, index]))
    seen.add(text)
  }
}

export function duplicate(entry: ListEntry, path: Path): Finding {
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

/** Reports a key that should name something else in the configuration and does not. */
export function unknownKeyName(name: string, path: Path, kind: string, known: readonly string[]): Finding {
  return { ...unknownName(name, path, kind, known), atKey: true }
}

/** At most twelve names. */
export function listOf(names: readonly string[]): string {
  if (names.length === 0) return 'there is none'
  return names.slice(0, 12).map(printable).join(', ') + (names.length > 12 ? ', …' : '')
}
