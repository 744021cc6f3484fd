import type { CallerRule } from '../config/schema/index.ts'
import type { Caller } from './caller.ts'

/** A rule that admits a caller. The same object each time, so comparing and keeping it cost nothing. */
export interface RuleMatch {
  /** Position in the configured list, from 0. */
  readonly index: number
  /** Only for display, as `group 9f0e…`. */
  readonly text: string
}

export interface RuleMatcher {
  /** The rule that admits the caller, or null. A match always means: admitted. */
  (caller: Caller): RuleMatch | null
  /**
   * Only meaningful after a null: true when the answer may be no only because the token does not list the caller's
   * groups (Entra leaves them out beyond 200) while one of the rules names a group. The refusal should then say what to
   * do: `groupsOverageAdvice`.
   */
  readonly groupsOverage: (caller: Caller) => boolean
  /** True when one of the rules names a group. */
  readonly asksForGroups: boolean
  /**
   * Only meaningful after a null: claims that a rule needs and that the token does not have at all. A refusal should
   * name them, or a member of the group cannot find out why it is refused.
   */
  readonly lacking: (caller: Caller) => readonly ('groups' | 'roles')[]
}

/** What a refusal says about claims that the token lacks; empty when it lacks none. Begins with a space. */
export function lackingText(lacking: readonly ('groups' | 'roles')[], { audience }: Caller): string {
  if (lacking.length === 0) return ''
  const claims = lacking.map(claim => `"${claim}"`).join(' and no ')
  return (
    ` Your token, which is for ${audience}, has no ${claims}: none is assigned to you, or tokens for that audience do not carry them. ` +
    'Ask the operator (docs/entra.md).'
  )
}

export const groupsOverageAdvice =
  'The token does not list the groups of its owner, because there are too many of them. Let the application registration emit ' +
  'only the groups that are assigned to it, or use an app role instead of a group.'

type RuleKind = CallerRule extends infer R ? (R extends CallerRule ? keyof R : never) : never

/** Name of each kind of rule in messages, and the values of a caller that it is compared with. */
const kinds = {
  user: { say: 'user', values: caller => (caller.kind === 'user' ? [caller.objectId] : []) },
  app: { say: 'application', values: caller => (caller.kind === 'application' && caller.appId ? [caller.appId] : []) },
  managedIdentity: {
    say: 'managed identity',
    values: caller => (caller.kind === 'application' && caller.managedIdentityId ? [caller.managedIdentityId] : []),
  },
  role: { say: 'role', values: caller => caller.roles },
  group: { say: 'group', values: caller => caller.groups },
  scope: { say: 'scope', values: caller => caller.scopes },
  tenant: { say: 'every caller of tenant', values: caller => [caller.tenantId] },
} as const satisfies Record<RuleKind, { say: string; values: (caller: Caller) => readonly string[] }>

/** From the narrowest to the widest: when several rules match, the answer names the most specific. */
const order = Object.keys(kinds) as readonly RuleKind[]

/**
 * App roles and scopes are words that the application chose, compared as written; everything else is compared without
 * case.
 */
const caseMatters: ReadonlySet<RuleKind> = new Set(['role', 'scope'])

/**
 * For each rule what it needs and what the caller has, as `needs group 3333…; the caller has no group`.
 * @param rules none of which admits the caller
 */
export function comparedTexts(rules: readonly CallerRule[], caller: Caller): readonly string[] {
  return rules.flatMap(rule =>
    (Object.entries(rule) as [RuleKind, string][]).map(([kind, value]) => {
      const { say, values } = kinds[kind]
      return `needs ${say} ${value}; ${ownText(kind, say, values(caller), caller)}`
    }),
  )
}

/** Values that are shown of each caller. */
const ownMax = 5

function ownText(kind: RuleKind, say: string, own: readonly string[], caller: Caller): string {
  if (kind === 'tenant') return `the caller is of tenant ${caller.tenantId}`
  if (kind === 'user' && caller.kind !== 'user') return 'the caller is an application'
  if ((kind === 'app' || kind === 'managedIdentity') && caller.kind === 'user') return 'the caller is a person'
  if (own.length === 0) return `the caller has no ${say}`
  const others = own.length > ownMax ? ` and ${own.length - ownMax} more` : ''
  return `the caller has ${own.slice(0, ownMax).join(', ')}${others}`
}

/**
 * Prepares rules for many callers: one lookup per value of the caller, whatever the number of rules. One match is
 * enough.
 */
export function compileRules(rules: readonly CallerRule[]): RuleMatcher {
  const table = new Map<RuleKind, Map<string, RuleMatch>>()
  for (const [index, rule] of rules.entries()) {
    for (const [kind, value] of Object.entries(rule) as [RuleKind, string][]) {
      const byValue = table.get(kind) ?? new Map<string, RuleMatch>()
      const key = compared(kind, value)
      if (!byValue.has(key)) byValue.set(key, { index, text: `${kinds[kind].say} ${value}` })
      table.set(kind, byValue)
    }
  }
  const prepared = order.flatMap(kind => {
    const byValue = table.get(kind)
    return byValue === undefined ? [] : [{ kind, byValue, values: kinds[kind].values }]
  })
  const asksForGroups = table.has('group')

  const match = (caller: Caller): RuleMatch | null => {
    for (const { kind, byValue, values } of prepared) {
      for (const value of values(caller)) {
        const found = byValue.get(compared(kind, value))
        if (found !== undefined) return found
      }
    }
    return null
  }
  const groupsOverage = (caller: Caller): boolean => asksForGroups && caller.groupsOverage && match(caller) === null
  const asksForRoles = table.has('role')
  const lacking = (caller: Caller): readonly ('groups' | 'roles')[] => [
    ...(asksForGroups && !caller.listsGroups && !caller.groupsOverage ? (['groups'] as const) : []),
    ...(asksForRoles && caller.roles.length === 0 ? (['roles'] as const) : []),
  ]
  return Object.assign(match, { groupsOverage, asksForGroups, lacking })
}

function compared(kind: RuleKind, value: string): string {
  return caseMatters.has(kind) ? value : value.toLowerCase()
}
