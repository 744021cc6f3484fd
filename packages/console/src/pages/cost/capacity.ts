/** Calls of provisioned deployments beside those of pay-as-you-go, from figures by instance and deployment. */
import type { Answer } from '../../api/client.ts'
import { cost as text } from '../../texts/cost.ts'

type Usage = Answer<'GET /api/v1/usage'>
type Line = Usage['lines'][number]
type Instances = Answer<'GET /api/v1/instances'>['instances']

/** Names of figures that are added up. */
const summed = [
  ...['calls', 'completed', 'refused', 'failed', 'aborted', 'interrupted', 'promptTokens', 'cachedTokens'],
  ...['completionTokens', 'reasoningTokens', 'totalTokens', 'countedCalls', 'copies', 'unpricedCalls'],
] as const satisfies readonly string[] as readonly (keyof Line)[]

/** @param report by month, instance and deployment. The lines are by month and kind of capacity; the total stays. */
export function byCapacity(report: Usage, instances: Instances): Usage {
  const lines = new Map<string, Line>()
  for (const line of report.lines) {
    const [month = null, instance = null, deployment = null] = line.keys
    const kind = kindOf(instances, instance, deployment)
    const key = `${month}|${kind}`
    const before = lines.get(key)
    const named = { ...line, keys: [month, text.capacities[kind]] }
    lines.set(key, before === undefined ? named : added(before, named))
  }
  return { ...report, lines: [...lines.values()] }
}

/** Calls that reached no instance, or one that is configured no longer, are of no known kind. */
function kindOf(
  instances: Instances,
  instance: string | null,
  deployment: string | null,
): 'provisioned' | 'standard' | 'unknown' {
  const found = instances.find(({ name }) => name === instance)?.deployments.find(({ name }) => name === deployment)
  return found?.kind ?? 'unknown'
}

function added(one: Line, other: Line): Line {
  const sums = Object.fromEntries(summed.map(name => [name, Number(one[name]) + Number(other[name])]))
  return { ...one, ...sums, costs: addedCosts([...one.costs, ...other.costs]), averageDurationMs: null }
}

function addedCosts(costs: Line['costs']): Line['costs'] {
  const byCurrency = new Map<string, number>()
  for (const { nano, currency } of costs) byCurrency.set(currency, (byCurrency.get(currency) ?? 0) + nano)
  return [...byCurrency].map(([currency, nano]) => ({ currency, nano }))
}
