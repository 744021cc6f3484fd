/** What targets offer: deployments by the names that workloads use, and their models. */
import type { Config, PoolConfig } from '../schema/index.ts'

/** Deployment, by the name that a workload uses -> the models that may answer. */
export type Offer = ReadonlyMap<string, ReadonlySet<string>>

/** By target, which is an instance or a pool. Members that do not exist offer nothing. */
export function offersOf(instances: Config['instances'], pools: Config['pools']): ReadonlyMap<string, Offer> {
  const offers = new Map<string, Offer>()
  for (const [name, { deployments }] of Object.entries(instances)) {
    offers.set(name, new Map(Object.entries(deployments).map(([own, { model }]) => [own, new Set([model])])))
  }
  for (const [name, pool] of Object.entries(pools)) {
    const together = new Map<string, Set<string>>()
    for (const member of pool.members) {
      for (const [deployment, model] of modelsOfMember(instances, member)) {
        const models = together.get(deployment) ?? new Set()
        together.set(deployment, models.add(model))
      }
    }
    offers.set(name, together)
  }
  return offers
}

/**
 * Deployments of one member by the names of its pool. Aliases come first: they take precedence over a deployment of the
 * same name.
 */
export function modelsOfMember(
  instances: Config['instances'],
  member: PoolConfig['members'][number],
): ReadonlyMap<string, string> {
  const own = Object.hasOwn(instances, member.instance) ? (instances[member.instance]?.deployments ?? {}) : {}
  const models = new Map(Object.entries(own).map(([deployment, { model }]) => [deployment, model]))
  for (const [alias, deployment] of Object.entries(member.aliases)) {
    const model = Object.hasOwn(own, deployment) ? own[deployment]?.model : undefined
    if (model !== undefined) models.set(alias, model)
  }
  return models
}

/** All deployments of these targets, with their models. */
export function offerOfAll(targets: readonly string[], offers: ReadonlyMap<string, Offer>): Offer {
  const all = new Map<string, Set<string>>()
  for (const target of targets) {
    for (const [deployment, models] of offers.get(target) ?? []) {
      const known = all.get(deployment) ?? new Set()
      all.set(deployment, new Set([...known, ...models]))
    }
  }
  return all
}
