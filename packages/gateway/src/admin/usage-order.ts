import type { UsageDimension, UsageLine, UsageReport } from '../ledger/reports.ts'

const times: ReadonlySet<UsageDimension> = new Set(['month', 'day', 'hour'])

/**
 * The report with its lines in reading order, dimension by dimension: times from early to late, names with most tokens
 * first, then with most calls; lines without a name come last.
 */
export function ordered(report: UsageReport): UsageReport {
  const { by } = report
  const weighed = weigh(report.lines, by.length)
  const compare = (a: Weighed, b: Weighed): number => {
    for (let depth = 0; depth < by.length; depth++) {
      const [ofA, ofB] = [a.line.keys[depth] ?? null, b.line.keys[depth] ?? null]
      const byName = namelessLast(ofA, ofB)
      if (byName === 0) continue
      if (ofA === null || ofB === null || times.has(by[depth] as UsageDimension)) return byName
      return heavierFirst(a.weights[depth], b.weights[depth]) || byName
    }
    // Two callers with the same display name.
    return (a.line.callerKey ?? '') < (b.line.callerKey ?? '') ? -1 : 1
  }
  return { ...report, lines: weighed.sort(compare).map(({ line }) => line) }
}

function namelessLast(a: string | null, b: string | null): number {
  if (a === b) return 0
  if (a === null || b === null) return a === null ? 1 : -1
  return a < b ? -1 : 1
}

interface Weight {
  tokens: number
  calls: number
}

/**
 * A line with the sums of its first dimensions, by depth. Looked up once, since a sort of 20,000 lines makes 300,000
 * comparisons.
 */
interface Weighed {
  readonly line: UsageLine
  readonly weights: readonly Weight[]
}

/** Sums over all lines that have the same first dimensions: a workload with many days is ordered by all of its days. */
function weigh(lines: readonly UsageLine[], depths: number): Weighed[] {
  const byPrefix = new Map<string, Weight>()
  return lines.map(line => {
    const weights: Weight[] = []
    let prefix = ''
    for (let depth = 0; depth < depths; depth++) {
      const key = line.keys[depth] ?? null
      prefix += key === null ? 'n' : `t${key.length}:${key}`
      let weight = byPrefix.get(prefix)
      if (weight === undefined) {
        weight = { tokens: 0, calls: 0 }
        byPrefix.set(prefix, weight)
      }
      weight.tokens += line.totalTokens
      weight.calls += line.calls
      weights.push(weight)
    }
    return { line, weights }
  })
}

function heavierFirst(a: Weight | undefined, b: Weight | undefined): number {
  return (b?.tokens ?? 0) - (a?.tokens ?? 0) || (b?.calls ?? 0) - (a?.calls ?? 0)
}
