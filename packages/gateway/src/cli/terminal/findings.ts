/** Findings of checks on a terminal: a line each, and what to do below it. */
import type { Diagnosis, Finding, Level } from '../../doctor/index.ts'
import { printableLine } from './printable.ts'

/** A finding and the name of the check or step that has it. */
export interface NamedFinding extends Finding {
  readonly of: string
}

const marks: Readonly<Record<Level, string>> = { ok: '✓', note: '·', warning: '!', failure: '✗' }

/** @param width columns of the longest name. */
export function findingLines({ of, level, about, found, next }: NamedFinding, width: number): string[] {
  const subject = about === null ? '' : `${about}  `
  const line = `${marks[level]} ${of.padEnd(width)}  ${printableLine(`${subject}${found}`)}`
  return next === null ? [line] : [line, `${' '.repeat(width + 4)}→ ${printableLine(next)}`]
}

/** All findings of checks, and how many there are of each level. */
export function diagnosisText({ counts, findings }: Diagnosis): string {
  const width = Math.max(...findings.map(({ check }) => check.length))
  const lines = findings.flatMap(finding => findingLines({ ...finding, of: finding.check }, width))
  return [...lines, '', sumsLine(counts), ''].join('\n')
}

/** `5 ok, 1 note, 0 warnings, 2 failures`. */
export function sumsLine(counts: Readonly<Record<Level, number>>): string {
  const others = (['note', 'warning', 'failure'] as const).map(level => counted(counts[level], level))
  return [`${counts.ok} ok`, ...others].join(', ')
}

/** `1 failure`, `2 failures`. */
export function counted(amount: number, noun: string): string {
  return `${amount} ${noun}${amount === 1 ? '' : 's'}`
}
