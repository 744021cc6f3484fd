import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { brief, changedBy, check } from './rules.fixture.ts'

/** Instance one with a provisioned deployment besides its other ones. */
const ptu = { 'instances/one/deployments/gpt-4o-ptu': { model: 'gpt-4o', kind: 'provisioned' } }
const members = (first: unknown, second: unknown): Readonly<Record<string, unknown>> => ({
  'pools/main/members': second === null ? [first] : [first, second],
})
const spilling = { instance: 'one', spillAtUtilization: 0.9, aliases: { 'gpt-4o': 'gpt-4o-ptu' } }
const later = { instance: 'two', priority: 2 }

type Case = readonly [what: string, values: Readonly<Record<string, unknown>>, problem: string, nearest?: string]

suite('pools that cannot work are refused', () => {
  const cases: readonly Case[] = [
    [
      'a pool as member of itself',
      members({ instance: 'one' }, { instance: 'main' }),
      'unknown_name pools.main.members[1].instance',
    ],
    ['no member', { 'pools/main/members': [] }, 'wrong_value pools.main.members'],
    [
      'an alias to nothing',
      members({ instance: 'one', aliases: { 'gpt-4o': 'gpt-4o-ptu' } }, { instance: 'two' }),
      'unknown_name pools.main.members[0].aliases.gpt-4o',
    ],
    [
      'an alias to another model',
      members({ instance: 'one', aliases: { 'gpt-4o': 'small' } }, { instance: 'two' }),
      'conflict pools.main.members[1].instance',
    ],
    [
      'another model by an alias',
      members({ instance: 'two' }, { instance: 'one', aliases: { 'gpt-4o': 'small' } }),
      'conflict pools.main.members[1].aliases.gpt-4o',
    ],
    [
      'a return that is not below the spill',
      { ...ptu, ...members({ ...spilling, returnAtUtilization: 0.9 }, later) },
      'conflict pools.main.members[0].returnAtUtilization',
    ],
    [
      'a canary of a deployment that the workload does not have',
      { 'workloads/bot/canary': { small: { deployment: 'gpt-4o', percent: 5 } } },
      'unknown_name workloads.bot.canary.small',
    ],
    [
      'a canary to an unknown deployment',
      { 'workloads/bot/canary': { 'gpt-4o': { deployment: 'smal', percent: 5 } } },
      'unknown_name workloads.bot.canary.gpt-4o.deployment',
      'small',
    ],
    [
      'a canary to itself',
      { 'workloads/bot/canary': { 'gpt-4o': { deployment: 'gpt-4o', percent: 5 } } },
      'conflict workloads.bot.canary.gpt-4o.deployment',
    ],
    [
      'a canary that one of the targets lacks',
      {
        'workloads/bot/targets': ['main', 'two'],
        'workloads/bot/canary': { 'gpt-4o': { deployment: 'small', percent: 5 } },
      },
      'unknown_name workloads.bot.canary.gpt-4o.deployment',
    ],
    [
      'more than all calls',
      { 'workloads/bot/canary': { 'gpt-4o': { deployment: 'small', percent: 101 } } },
      'wrong_value workloads.bot.canary.gpt-4o.percent',
    ],
    [
      'a copy to an unknown target',
      { 'workloads/bot/shadow': { 'gpt-4o': { deployment: 'small', target: 'oen' } } },
      'unknown_name workloads.bot.shadow.gpt-4o.target',
      'one',
    ],
    [
      'a copy to a deployment that the target lacks',
      { 'workloads/bot/shadow': { 'gpt-4o': { deployment: 'small', target: 'two' } } },
      'unknown_name workloads.bot.shadow.gpt-4o.deployment',
    ],
  ]
  for (const [what, values, problem, nearest] of cases) {
    test(`${what}: ${problem}`, async () => {
      const { errors } = await check(changedBy(values))
      assert.deepEqual(brief(errors), [problem])
      if (nearest !== undefined) assert.equal(errors[0]?.nearest, nearest)
    })
  }

  // Two pools that name each other would send a call around for ever.
  test('a circle of pools is called a circle, and the message names the instances', async () => {
    const values = {
      'pools/other': { members: [{ instance: 'main' }] },
      ...members({ instance: 'one' }, { instance: 'other' }),
    }
    const { errors } = await check(changedBy(values))
    assert.deepEqual(brief(errors).sort(), [
      'unknown_name pools.main.members[1].instance',
      'unknown_name pools.other.members[0].instance',
    ])
    for (const { expected } of errors) assert.match(expected, /this is a pool, and pools do not hold pools.*one, two/)
  })

  // Aliases are looked up once: a chain of aliases means something that does not happen.
  test('aliases in a circle are refused, and the message says that aliases are not followed', async () => {
    const aliases = { a: 'b', b: 'a' }
    const { errors } = await check(changedBy(members({ instance: 'one', aliases }, null)))
    assert.deepEqual(brief(errors), [
      'unknown_name pools.main.members[0].aliases.a',
      'unknown_name pools.main.members[0].aliases.b',
    ])
    for (const { expected } of errors) assert.match(expected, /aliases are not followed/)
  })
})

suite('pools that are probably a mistake cause a warning', () => {
  const cases: readonly Case[] = [
    [
      'affinity in a pool of one',
      { 'pools/main': { members: [{ instance: 'one' }], affinity: {} } },
      'pools.main.affinity',
    ],
    ['a hedge in a pool of one', { 'pools/main': { members: [{ instance: 'one' }], hedge: {} } }, 'pools.main.hedge'],
    [
      'spilling without provisioned deployments',
      members({ instance: 'one', spillAtUtilization: 0.9 }, later),
      'pools.main.members[0].spillAtUtilization',
    ],
    [
      'nowhere to spill',
      {
        'instances/one/deployments/gpt-4o': { model: 'gpt-4o', kind: 'provisioned' },
        ...members({ instance: 'one', spillAtUtilization: 0.9 }, { instance: 'two' }),
      },
      'pools.main.members[0].spillAtUtilization',
    ],
    [
      'a later member without the deployment',
      {
        'instances/one/deployments/big': { model: 'o1', kind: 'provisioned' },
        ...members({ instance: 'one', spillAtUtilization: 0.9 }, later),
      },
      'pools.main.members[0].spillAtUtilization',
    ],
    [
      'returning without spilling',
      members({ instance: 'one', returnAtUtilization: 0.5 }, later),
      'pools.main.members[0].returnAtUtilization',
    ],
    [
      'an alias to itself',
      members({ instance: 'one', aliases: { 'gpt-4o': 'gpt-4o' } }, later),
      'pools.main.members[0].aliases.gpt-4o',
    ],
    ['an alias before a deployment', { ...ptu, ...members(spilling, later) }, 'pools.main.members[0].aliases.gpt-4o'],
    [
      'a copy to the same',
      { 'workloads/bot/shadow': { 'gpt-4o': { deployment: 'gpt-4o', percent: 5 } } },
      'workloads.bot.shadow.gpt-4o.deployment',
    ],
    [
      'a canary of a canary',
      {
        'workloads/bot/deployments': ['gpt-4o', 'small'],
        'instances/one/deployments/third': { model: 'o1' },
        'workloads/bot/canary': {
          'gpt-4o': { deployment: 'small', percent: 5 },
          small: { deployment: 'third', percent: 5 },
        },
      },
      'workloads.bot.canary.gpt-4o.deployment',
    ],
  ]
  for (const [what, values, at] of cases) {
    test(`${what}: ${at}`, async () => {
      const { errors, warnings } = await check(changedBy(values))
      assert.deepEqual(brief(errors), [])
      // In a pool of one, no call reaches the other instance.
      assert.deepEqual(
        brief(warnings).filter(one => one !== 'risk instances.two'),
        [`risk ${at}`],
      )
    })
  }

  test('provisioned first, canaries and copies as intended cause no warning', async () => {
    const values = {
      'instances/one/deployments': {
        'gpt-4o-ptu': { model: 'gpt-4o', kind: 'provisioned' },
        small: { model: 'gpt-4o-mini' },
      },
      ...members(spilling, later),
      'pools/main/hedge': {},
      'pools/main/affinity': {},
      'workloads/bot/canary': { 'gpt-4o': { deployment: 'small', percent: 5 } },
      'workloads/bot/shadow': { 'gpt-4o': { deployment: 'gpt-4o', target: 'two', percent: 1 } },
    }
    assert.deepEqual(await check(changedBy(values)), { errors: [], warnings: [] })
  })
})
