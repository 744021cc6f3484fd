/** Tells findings that hold whatever the unreadable values are from those that depend on them. */
import type { Finding } from '../document.ts'
import { formatPath, type Path } from '../messages.ts'
import type { Reading } from './index.ts'
import { madeUpMark } from './samples.ts'
import { isWithin, keyOf } from './tree.ts'

/** What the rules say of one reading. */
export interface Run {
  readonly findings: readonly Finding[]
  /** The one place where its values differ from those of the first run; null for all of them. */
  readonly place: Path | null
}

export interface Certain {
  /** Paths are those of the text. */
  readonly findings: readonly Finding[]
  /** What could not be checked, and why; a line each. */
  readonly unchecked: readonly string[]
}

/** What has a finding already: a key, or a value. The value of a misspelt key may be wrong as well. */
export type Reported = Pick<Finding, 'path' | 'atKey'>

/** @param reported with paths of the text. */
export function certain(
  first: readonly Finding[],
  others: readonly Run[],
  reading: Reading,
  reported: readonly Reported[],
): Certain {
  const markOf = ({ path, atKey }: Reported): string => `${keyOf(path)} ${atKey === true}`
  const marks = new Set(reported.map(markOf))
  const isReported = ({ path, atKey }: Finding): boolean => {
    return reading.isMadeUp(path) || marks.has(markOf({ path: reading.written(path), atKey: atKey ?? false }))
  }
  const runs = [{ findings: first, place: null }, ...others]
  const everywhere = (finding: Finding): boolean =>
    runs.every(({ findings }) => findings.some(one => placeOf(one) === placeOf(finding)))
  const isMadeUp = ({ seen, expected }: Finding): boolean => `${seen} ${expected}`.includes(madeUpMark)
  const isBeside = ({ path }: Finding): boolean => reading.fixed.some(place => isWithin(path, place.slice(0, -1)))
  const unsure = new Map<string, string>()
  const findings: Finding[] = []
  for (const finding of runs.flatMap(run => run.findings)) {
    if (isReported(finding)) continue
    const written = { ...finding, path: reading.written(finding.path) }
    if (!everywhere(finding) || isMadeUp(finding) || isBeside(finding)) {
      const place = formatPath(written.path)
      if (!unsure.has(place)) unsure.set(place, causeOf(finding, first, others, reading))
    } else if (!findings.some(one => placeOf(one) === placeOf(written))) findings.push(written)
  }
  return { findings, unchecked: [...unsure].map(([place, cause]) => `${place}, because ${cause}`) }
}

function placeOf({ code, path }: Finding): string {
  return `${code} ${keyOf(path)}`
}

function causeOf(finding: Finding, first: readonly Finding[], others: readonly Run[], reading: Reading): string {
  const key = placeOf(finding)
  const isIn = (findings: readonly Finding[]): boolean => findings.some(one => placeOf(one) === key)
  const other = others.find(({ place, findings }) => {
    return place !== null && !isWithin(place, finding.path) && isIn(findings) !== isIn(first)
  })
  const place = other?.place ?? reading.fixed.find(one => isWithin(finding.path, one.slice(0, -1))) ?? null
  if (place === null) return 'values that it depends on have mistakes'
  return `${formatPath(reading.written(place))} has a mistake`
}
