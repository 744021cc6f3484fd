import { aboutFeeds, aboutSources } from './feeds.ts'
import { type Attention, type AttentionFacts, severities } from './index.ts'
import { aboutInstances } from './instances.ts'
import { aboutLedger, aboutPrices, aboutReplicas } from './ledger.ts'
import { aboutLimits } from './limits.ts'

/** What needs attention, worst first. */
export function attentionOf(facts: AttentionFacts): readonly Attention[] {
  const found = [
    ...aboutLedger(facts.ledger),
    ...aboutLimits(facts),
    ...aboutInstances(facts.instances),
    ...aboutFeeds(facts),
    ...aboutSources(facts.sources),
    ...aboutReplicas(facts),
    ...aboutPrices(facts.unpriced),
  ]
  const rank = ({ severity }: Attention): number => severities.indexOf(severity)
  // A stable sort: within a severity, in the order above.
  return found.toSorted((a, b) => rank(a) - rank(b))
}
