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
      const [keyA, keyB] = [a.keys[depth] ?? null, b.keys[depth] ?? null]
      if (keyA === keyB) continue
      if (keyA === null || keyB === null) return keyA === null ? 1 : -1
      const byWeight = times.has(dimension)
        ? 0
        : heavierFirst(weights[depth]?.get(prefix(a, depth)), weights[depth]?.get(prefix(b, depth)))
      return byWeight || (keyA < keyB ? -1 : 1)
    }
    // Two callers of one display name.
    return (a.callerKey ?? '') < (b.callerKey ?? '') ? -1 : 1
  }
  return { ...report, lines: report.lines.toSorted(compare) }
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
