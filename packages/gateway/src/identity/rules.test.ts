import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { CallerRule } from '../config/schema/index.ts'
import { testCaller } from './caller.fixture.ts'
import type { Caller } from './caller.ts'
import { compileRules } from './rules.ts'

const id = (digit: string): string => `${digit.repeat(8)}-0000-4000-8000-${digit.repeat(12)}`
const arm = '/subscriptions/s/resourcegroups/g/providers/microsoft.managedidentity/userassignedidentities/bot'

const person = testCaller({
  tenantId: id('a'),
  objectId: id('b'),
  appId: id('c'),
  displayName: id('f'),
  groups: [id('d'), id('e')],
  roles: ['HrBot.Use'],
  scopes: ['user_impersonation'],
})
const bot: Caller = { ...person, kind: 'application', groups: [], roles: [], scopes: [], managedIdentityId: arm }

const textFor = (rules: readonly CallerRule[], caller: Caller): string | null =>
  compileRules(rules)(caller)?.text ?? null

test('each kind of rule admits the callers that it names, and says so', () => {
  assert.equal(textFor([{ user: id('b') }], person), `user ${id('b')}`)
  assert.equal(textFor([{ app: id('c') }], bot), `application ${id('c')}`)
  assert.equal(textFor([{ group: id('e') }], person), `group ${id('e')}`)
  assert.equal(textFor([{ role: 'HrBot.Use' }], person), 'role HrBot.Use')
  assert.equal(textFor([{ scope: 'user_impersonation' }], person), 'scope user_impersonation')
  assert.equal(textFor([{ managedIdentity: arm }], bot), `managed identity ${arm}`)
  assert.equal(textFor([{ tenant: id('a') }], bot), `every caller of tenant ${id('a')}`)
})

// A person who signed in through an allowed program is not that program; the reverse would admit every user of a tool.
test('a rule for applications admits no person, and a rule for a person no application', () => {
  assert.equal(textFor([{ app: id('c') }], person), null)
  assert.equal(textFor([{ user: id('b') }], bot), null)
  assert.equal(textFor([{ managedIdentity: arm }], { ...person, managedIdentityId: arm }), null)
  assert.equal(textFor([{ app: id('c') }], { ...bot, appId: null }), null)
})

test('ids are compared in either case, roles and scopes as they are written', () => {
  assert.ok(textFor([{ user: id('b').toUpperCase() }], person))
  assert.ok(textFor([{ group: id('d') }], { ...person, groups: [id('d').toUpperCase()] }))
  assert.ok(textFor([{ managedIdentity: arm.toUpperCase() }], bot))
  assert.equal(textFor([{ role: 'hrbot.use' }], person), null)
  assert.equal(textFor([{ scope: 'User_Impersonation' }], person), null)
})

test('an empty list, a display name, and a name that every object has admit no caller', () => {
  assert.equal(textFor([], person), null)
  assert.equal(textFor([{ user: id('f') }, { group: id('f') }, { role: id('f') }], person), null)
  assert.equal(textFor([{ role: 'HrBot.Use' }], { ...person, roles: ['constructor', '__proto__', 'toString'] }), null)
})

test('when several rules match, the narrowest one is named, with its position in the list', () => {
  const rules: CallerRule[] = [{ tenant: id('a') }, { group: id('d') }, { role: 'HrBot.Use' }, { user: id('b') }]
  const match = compileRules(rules)
  assert.deepEqual(match(person), { index: 3, text: `user ${id('b')}` })
  assert.equal(match(person), match({ ...person }), 'prepared once, not made for each call')
})

// A person in more than 200 groups would read "not allowed" for ever, without any reason.
test('a refusal that more groups could change is distinguishable from all others', () => {
  const over: Caller = { ...person, groups: [], groupsOverage: true }
  const byGroup = compileRules([{ user: id('9') }, { group: id('d') }])
  assert.equal(byGroup(over), null, 'an unknown group admits no caller')
  assert.equal(byGroup.groupsOverage(over), true)
  assert.equal(byGroup.groupsOverage({ ...over, groupsOverage: false }), false)
  assert.equal(compileRules([{ user: id('9') }]).groupsOverage(over), false, 'no rule asks for a group')
  assert.equal(
    compileRules([{ group: id('d') }, { user: id('b') }]).groupsOverage(over),
    false,
    'let in by another rule',
  )
})

/** The meaning of a rule again, in its simplest form. */
function means(rule: CallerRule, caller: Caller): boolean {
  const same = (a: string | null, b: string): boolean => a !== null && a.toLowerCase() === b.toLowerCase()
  if ('user' in rule) return caller.kind === 'user' && same(caller.objectId, rule.user)
  if ('app' in rule) return caller.kind === 'application' && same(caller.appId, rule.app)
  if ('group' in rule) return caller.groups.some(group => same(group, rule.group))
  if ('role' in rule) return caller.roles.includes(rule.role)
  if ('scope' in rule) return caller.scopes.includes(rule.scope)
  if ('managedIdentity' in rule)
    return caller.kind === 'application' && same(caller.managedIdentityId, rule.managedIdentity)
  return same(caller.tenantId, rule.tenant)
}

// Few values, so that rules and callers meet often; mixed case, and words that every object has.
const guid = fc.constantFrom(id('a'), id('A'), id('b'), id('c'), id('C'))
const word = fc.constantFrom('Use', 'use', 'constructor', '__proto__')
const rule: fc.Arbitrary<CallerRule> = fc.oneof(
  fc.record({ user: guid }),
  fc.record({ app: guid }),
  fc.record({ group: guid }),
  fc.record({ role: word }),
  fc.record({ scope: word }),
  fc.record({ managedIdentity: fc.constantFrom('/subscriptions/x', '/subscriptions/y') }),
  fc.record({ tenant: guid }),
)
const anyCaller: fc.Arbitrary<Caller> = fc.record({
  kind: fc.constantFrom('user', 'application'),
  tenantId: guid,
  objectId: guid,
  appId: fc.option(guid),
  displayName: fc.option(word),
  groups: fc.array(guid, { maxLength: 3 }),
  listsGroups: fc.boolean(),
  groupsOverage: fc.boolean(),
  roles: fc.array(word, { maxLength: 3 }),
  scopes: fc.array(word, { maxLength: 3 }),
  managedIdentityId: fc.option(fc.constantFrom('/subscriptions/x', '/subscriptions/z')),
  audience: fc.constant('x'),
  tokenVersion: fc.constantFrom('1.0', '2.0'),
  expiresAtMs: fc.constant(0),
})

test('prepared rules decide exactly as the rules read one by one', () => {
  fc.assert(
    fc.property(fc.array(rule, { maxLength: 6 }), anyCaller, (rules, caller) => {
      const match = compileRules(rules)
      const found = match(caller)
      const fitting = rules.filter(candidate => means(candidate, caller))
      assert.equal(found !== null, fitting.length > 0)
      if (found !== null) assert.ok(fitting.includes(rules[found.index] as CallerRule))
      const overage = fitting.length === 0 && caller.groupsOverage && rules.some(candidate => 'group' in candidate)
      assert.equal(match.groupsOverage(caller), overage)
    }),
    { numRuns: 2_000 },
  )
})
