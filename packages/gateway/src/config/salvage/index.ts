/**
 * Reads a configuration that has mistakes as far as it can be read, so that one mistake does not hide others: the rules
 * across fields are checked on everything else.
 */
import type { Finding } from '../document.ts'
import { findingsOf } from '../issues.ts'
import type { SchemaView } from '../json-schema.ts'
import type { Path } from '../messages.ts'
import { type Config, configSchema } from '../schema/index.ts'
import { Draft, type MadeUp, type Skipped } from './draft.ts'
import { isWithin, keyOf, setAt } from './tree.ts'

export type { Skipped } from './draft.ts'

export interface Salvaged {
  /** What the schema says of the values. Paths are those of the text. */
  readonly findings: readonly Finding[]
  /** What could be read; null when nothing could. */
  readonly reading: Reading | null
}

/** A configuration with values that were made up in the place of those that cannot be read. */
export interface Reading {
  readonly config: Config
  /**
   * The same with other made-up values, in one place each. What is found in one and not in the other depends on that
   * place. The place is null where all of them differ.
   */
  readonly others: readonly { readonly config: Config; readonly place: Path | null }[]
  /** By path of the reading. */
  readonly origins: ReadonlyMap<string, string>
  /** Mappings and lists that were not read at all. */
  readonly skipped: readonly Skipped[]
  /** Places without another value. What is found beside them may depend on them. */
  readonly fixed: readonly Path[]
  /** Path of the reading to path of the text. */
  written(path: Path): Path
  /** True for a place with a made-up value, by its path in the reading. */
  isMadeUp(path: Path): boolean
  /**
   * The reading in which unknown names are those that they are nearest to. Null when it cannot be read.
   * @param findings with paths of this reading, which is of no use then.
   */
  withNearest(findings: readonly Finding[]): Reading | null
}

export interface SalvageContext {
  /** By path of the text. */
  readonly origins: ReadonlyMap<string, string>
  readonly schema: SchemaView
  /** Places that are known to have no value, and reported already. */
  readonly failed: readonly Path[]
}

/** Each round makes room for mistakes that are below those of the round before. */
const roundsMax = 16
/** More made-up values are not tried one by one. */
const othersMax = 24

export function salvage(root: unknown, context: SalvageContext): Salvaged {
  const draft = new Draft(root, context.schema)
  for (const path of context.failed) draft.makeUp(path)
  const findings: Finding[] = []
  const reported = new Set<string>()
  for (let round = 0; round < roundsMax; round += 1) {
    const read = configSchema.safeParse(draft.root)
    if (read.success) return { findings, reading: readingOf(draft, read.data, context) }
    const issueContext = { root: draft.root, origins: draft.originsOf(context.origins), schema: context.schema }
    const found = read.error.issues.flatMap(issue => findingsOf(issue, issueContext))
    const mended = mendAll(found, draft, finding => {
      const written = { ...finding, path: draft.written(finding.path) }
      const key = `${keyOf(written.path)} ${written.atKey === true}`
      if (!reported.has(key)) findings.push(written)
      reported.add(key)
    })
    if (!mended) break
  }
  return { findings, reading: null }
}

/** Keys first: a key that is missing may only be misspelt. */
function mendAll(found: readonly Finding[], draft: Draft, report: (finding: Finding) => void): boolean {
  const keys = found.filter(({ atKey }) => atKey === true)
  const values = found.filter(({ atKey }) => atKey !== true)
  for (const finding of keys) {
    if (!draft.isMadeUp(finding.path)) report(finding)
    if (!draft.mend(finding)) return false
  }
  for (const finding of values) {
    if (finding.code === 'missing_key' && draft.has(finding.path)) continue
    if (!draft.isMadeUp(finding.path)) report(finding)
    if (!draft.mend(finding)) return false
  }
  return true
}

function readingOf(draft: Draft, config: Config, context: SalvageContext): Reading {
  const made = [...draft.madeUp.values()]
  const places = made.length > othersMax ? [] : made
  const all = made.length > 1 ? [{ place: null, config: withOthers(draft, made) }] : []
  const each = places.map(one => ({ place: one.path, config: withOthers(draft, [one]) }))
  const fixed = each.flatMap(({ place, config: other }) => (other === null ? [place] : []))
  draft.restoreNames(config)
  return {
    config,
    others: [...each, ...all].flatMap(({ place, config: other }) => (other === null ? [] : [{ place, config: other }])),
    origins: draft.originsOf(context.origins),
    skipped: draft.skipped,
    fixed,
    written: path => draft.written(path),
    withNearest(findings) {
      for (const finding of findings) draft.useNearest({ ...finding, path: draft.draftPath(finding.path) })
      const read = configSchema.safeParse(draft.root)
      return read.success ? readingOf(draft, read.data, context) : null
    },
    isMadeUp: path => made.some(one => isWithin(draft.draftPath(path), one.path)),
  }
}

/** Null where the other values do not fit: then nothing can be said about them. */
function withOthers(draft: Draft, made: readonly MadeUp[]): Config | null {
  const root = structuredClone(draft.root)
  for (const { path, other } of made) setAt(root, path, other)
  const read = configSchema.safeParse(root)
  if (!read.success) return null
  draft.restoreNames(read.data)
  return read.data
}
