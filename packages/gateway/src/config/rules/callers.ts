/** Rules of callers: those that no accepted token can match, and those that match nothing more. */
import { type Path, printable } from '../messages.ts'
import type { CallerRule, Config } from '../schema/index.ts'
import { type Notes, type Sections, warn } from './notes.ts'
import { withoutSlash } from './urls.ts'

type Entra = Config['identity']['entra']

interface RuleList {
  readonly path: Path
  readonly rules: readonly CallerRule[]
}

/** A rule that no accepted token can match refuses every caller that it is meant for, and no message would say why. */
export function checkCallers(sections: Sections, { entra }: Config['identity'], notes: Notes): void {
  for (const { path, rules } of listsOf(sections)) {
    const unmet = rules.map(rule => needOf(rule, entra))
    for (const [index, need] of unmet.entries()) {
      if (need !== null) warn(notes, [...path, index], ruleText(rules[index]), need)
    }
    warnShadowed({ path, rules }, entra, notes)
    if (path[0] !== 'workloads' || rules.length < 2 || unmet.includes(null)) continue
    warn(
      notes,
      path,
      `${rules.length} rules`,
      'at least one rule that a caller can match: none of these can be matched',
    )
  }
  warnLimited(sections.limits, entra, notes)
}

function listsOf({ admin, workloads }: Sections): readonly RuleList[] {
  return [
    ...Object.entries(admin?.roles ?? {}).map(([role, rules]) => ({ path: ['admin', 'roles', role], rules })),
    ...Object.entries(workloads ?? {}).map(([name, { callers }]) => ({
      path: ['workloads', name, 'callers'],
      rules: callers,
    })),
  ]
}

/**
 * Resources of Microsoft's own: the company does not control their manifests, so their tokens list neither its groups
 * nor its app roles.
 */
const foreignResources: ReadonlySet<string> = new Set([
  'https://cognitiveservices.azure.com',
  'https://ai.azure.com',
  'https://management.azure.com',
  'https://graph.microsoft.com',
])

/** What it takes for a token to match the rule; null when one can. */
function needOf(rule: CallerRule, { audiences, graph, tenants, clients }: Entra): string | null {
  const isForeign = audiences.every(audience => foreignResources.has(withoutSlash(audience)))
  if ('tenant' in rule && !tenants.includes(rule.tenant))
    return `one of identity.entra.tenants (${tenants.join(', ')}): tokens of another tenant are refused`
  if ('app' in rule && clients !== undefined && !clients.includes(rule.app))
    return 'one of identity.entra.clients: tokens that another application obtained are refused'
  if ('role' in rule && isForeign)
    return `an app role of a registration of your own, as one of identity.entra.audiences: tokens for ${audiences.join(' and ')} carry none (docs/entra.md)`
  if ('group' in rule && isForeign && graph === undefined)
    return `identity.entra.graph, or a registration of your own among identity.entra.audiences: tokens for ${audiences.join(' and ')} list no groups (docs/entra.md)`
  return null
}

/** Where every caller of the only tenant is admitted, further rules admit no one else. */
function warnShadowed({ path, rules }: RuleList, { tenants }: Entra, notes: Notes): void {
  const whole = rules.findIndex(rule => 'tenant' in rule && rule.tenant === tenants[0])
  if (tenants.length !== 1 || whole < 0 || rules.length < 2) return
  const others = rules.length - 1
  const expected = `this rule alone, or the other rules alone: it admits every caller of the only tenant, so the other ${others === 1 ? 'rule has' : `${others} rules have`} no effect`
  warn(notes, [...path, whole], ruleText(rules[whole]), expected)
}

function warnLimited(limits: Config['limits'] | null, entra: Entra, notes: Notes): void {
  for (const [name, { callers = [] }] of Object.entries(limits?.rules ?? {})) {
    for (const [index, caller] of callers.entries()) {
      const need = needOf(caller, entra)
      if (need !== null) warn(notes, ['limits', 'rules', name, 'callers', index], ruleText(caller), need)
    }
  }
}

function ruleText(rule: CallerRule | undefined): string {
  return printable(
    Object.entries(rule ?? {})
      .flat()
      .join(' '),
  )
}
