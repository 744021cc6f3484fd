/** Instances for tests: nothing listens there, and nothing is sent. */
import assert from 'node:assert/strict'
import { type ConfigInput, configSchema } from '../config/schema/index.ts'
import { type Instance, openInstance } from './index.ts'
import { poolOf, type Target } from './pool.ts'

type Written = Partial<ConfigInput['instances'][string]>

/** @param deployments names, or names with their kind. */
export function testInstance(
  name: string,
  deployments: readonly (string | readonly [string, 'provisioned'])[] = ['gpt-4o'],
  written: Written = {},
): Instance {
  const config = configSchema.shape.instances.parse({
    [name]: {
      endpoint: 'http://127.0.0.1:9',
      credential: { key: 'a-key-that-is-long-enough' },
      ...written,
      deployments: Object.fromEntries(
        deployments.map(one => {
          const [deployment, kind] = typeof one === 'string' ? [one, 'standard'] : one
          return [deployment, { model: deployment, kind }]
        }),
      ),
    },
  })[name]
  assert.ok(config)
  const timeouts = configSchema.shape.gateway.parse({}).timeouts
  return openInstance(name, config, timeouts, { clock: Date.now })
}

type Pool = ConfigInput['pools'] extends Readonly<Record<string, infer P>> | undefined ? P : never
type Member = Omit<Pool['members'][number], 'instance'> & { readonly instance: Instance }

export function testPool(members: readonly Member[], more: Partial<Omit<Pool, 'members'>> = {}): Target {
  const written = members.map(member => ({ ...member, instance: member.instance.name }))
  const pool = configSchema.shape.pools.parse({ main: { ...more, members: written } })['main']
  assert.ok(pool)
  return poolOf('main', pool, new Map(members.map(({ instance }) => [instance.name, instance])))
}

/** The lane of a deployment that the instance has. */
export function laneOf(instance: Instance, deployment = 'gpt-4o') {
  const lane = instance.lanes.get(deployment)
  assert.ok(lane)
  return lane
}
