/** How much of provisioned capacity is used, and what the other members of its pools took. */
import type { Instances } from './query.ts'

export interface Provisioned {
  readonly pool: string
  readonly instance: string
  readonly deployment: string
  /** Part that is used, 1 for all; null until an answer has said it. */
  readonly utilization: number | null
  /** From which part on new calls go elsewhere; null where the pool waits for a 429. */
  readonly spillAt: number | null
  readonly isSpilling: boolean
  /** Calls of the period that it took, and those of the same model that other members of the pool took. */
  readonly own: number
  readonly elsewhere: number
}

/** Calls of the period by instance and deployment, as usage reports have them. */
export type Calls = readonly { readonly keys: readonly (string | null)[]; readonly calls: number }[]

export function provisionedOf(
  { pools, instances }: Pick<Instances, 'pools' | 'instances'>,
  calls: Calls,
): readonly Provisioned[] {
  const callsOf = (instance: string, deployment: string): number =>
    calls.find(({ keys }) => keys[0] === instance && keys[1] === deployment)?.calls ?? 0
  const deploymentsOf = (name: string) => instances.find(one => one.name === name)?.deployments ?? []
  return pools.flatMap(({ name: pool, members }) =>
    members.flatMap(({ instance, spillAtUtilization: spillAt }) =>
      deploymentsOf(instance)
        .filter(({ kind }) => kind === 'provisioned')
        .map(({ name: deployment, model, state }) => {
          const others = members.flatMap(other =>
            other.instance === instance
              ? []
              : deploymentsOf(other.instance)
                  .filter(one => one.model === model)
                  .map(one => callsOf(other.instance, one.name)),
          )
          return {
            ...{ pool, instance, deployment, spillAt },
            utilization: state?.utilization ?? null,
            isSpilling: state?.spilling ?? false,
            own: callsOf(instance, deployment),
            elsewhere: others.reduce((sum, one) => sum + one, 0),
          }
        }),
    ),
  )
}
