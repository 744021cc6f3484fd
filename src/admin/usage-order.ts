import type { UsageDimension, UsageLine, UsageReport } from '../ledger/reports.ts'

const times: ReadonlySet<UsageDimension> = new Set(['month', 'day', 'hour'])

/**
 * The report with its lines in the order in which people read them, dimension by dimension: times from early to late, names with
 * most tokens first, then with most calls; what has no name comes last.
 */
export function ordered(report: UsageReport): UsageReport {
  const weights = report.by.map((_, depth) => weigh(report.lines, depth))
  const compare = (a: UsageLine, b: UsageLine): number => {
    for (const [depth, dimension] of report.by.entries()) {
      const byName = namelessLast(a.keys[depth] ?? null, b.keys[depth] ?? null)
      if (byName === 0) continue
      if (a.keys[depth] === null || b.keys[depth] === null || times.has(dimension)) return byName
      const weight = weights[depth]
      return heavierFirst(weight?.get(prefix(a, depth)), weight?.get(prefix(b, depth))) || byName
    }
    // Two callers of one display name.
    return (a.callerKey ?? '') < (b.callerKey ?? '') ? -1 : 1
  }
  return { ...report, lines: report.lines.toSorted(compare) }
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

/** Sums over all lines that agree in their first dimensions: a workload with many days weighs what its days weigh together. */
function weigh(lines: readonly UsageLine[], depth: number): Map<string, Weight> {
  const weights = new Map<string, Weight>()
  for (const line of lines) {
    const key = prefix(line, depth)
    const weight = weights.get(key) ?? { tokens: 0, calls: 0 }
    weight.tokens += line.totalTokens
    weight.calls += line.calls
    weights.set(key, weight)
  }
  return weights
}

function prefix(line: UsageLine, depth: number): string {
  return JSON.stringify(line.keys.slice(0, depth + 1))
}

function heavierFirst(a: Weight | undefined, b: Weight | undefined): number {
  return (b?.tokens ?? 0) - (a?.tokens ?? 0) || (b?.calls ?? 0) - (a?.calls ?? 0)
}
