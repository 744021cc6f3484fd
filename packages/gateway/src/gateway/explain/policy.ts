/** The policy of a workload in words. */
import { allOperations } from '../../wire/operations.ts'
import { toolNames } from '../../wire/tools.ts'
import type { Grant } from '../stages/3-authorize/grant.ts'

export function policyTexts({ workload }: Grant): readonly string[] {
  const { policy, operations } = workload
  const families = new Set([...operations].map(({ family }) => family))
  const refused = [...new Set(allOperations.map(({ family }) => family))].filter(family => !families.has(family))
  const outside = toolNames.filter(name => !policy.tools.has(name))
  return [
    `Operations: ${[...families].join(', ')}${refused.length === 0 ? '' : `; refused: ${refused.join(', ')}`}.`,
    `Tools: ${policy.tools.size === 0 ? 'none' : [...policy.tools].join(', ')}${outside.length === 0 ? '' : `; refused: ${outside.join(', ')}`}.`,
    `Data sources: ${sources[policy.dataSources]}; outside addresses in a body: ${policy.outsideUrls === 'allow' ? 'allowed' : 'refused'}; stored prompts and agents: ${said(policy.storedPrompts)}.`,
    `Service tiers: ${policy.serviceTiers.size === 0 ? 'none may be asked for' : [...policy.serviceTiers].join(', ')}; background: ${said(policy.background)}; storing of answers: ${said(policy.store)}.`,
  ]
}

const sources = {
  refuse: 'refused',
  callerCredentials: 'allowed with a key or a token of the caller',
  allow: "allowed, also with the resource's identity",
} as const

function said(rule: 'allow' | 'refuse'): string {
  return rule === 'allow' ? 'allowed' : 'refused'
}
