/** Which workload, target and deployments are used: what the address says where that may be used, else the first. */
import type { Address } from '../../app/address.ts'
import type { Offer, OfferedWorkload } from './query.ts'

export interface Choice {
  /** Names of the workloads with a model that talks, and of such targets of the chosen one. */
  readonly workloads: readonly string[]
  readonly targets: readonly string[]
  readonly workload: OfferedWorkload
  readonly target: string
  /** Deployments of the target that talk, by name. */
  readonly deployments: readonly { readonly name: string; readonly model: string }[]
  /** One for each side. */
  readonly chosen: readonly string[]
  /** What the address names and the person may not use; null where there is nothing of the kind. */
  readonly unusable: string | null
}

/** Null where there is nothing to choose from. */
export function choiceOf({ workloads }: Offer, address: Address): Choice | null {
  const usable = workloads.filter(({ targets, operations }) => operations.length > 0 && targets.some(talks))
  const workload = named(usable, address['workload']) ?? usable[0]
  const targets = workload?.targets.filter(talks) ?? []
  const target = named(targets, address['target']) ?? targets[0]
  if (workload === undefined || target === undefined) return null
  const deployments = target.deployments.filter(one => one.talks)
  const names = deployments.map(({ name }) => name)
  const first = names.find(name => name === address['deployment']) ?? names[0] ?? ''
  const other = address['other'] === undefined ? [] : [names.find(name => name === address['other']) ?? first]
  const asked = { workload: address['workload'], target: address['target'], deployment: address['deployment'] }
  const got: Readonly<Record<string, string>> = { workload: workload.name, target: target.name, deployment: first }
  const unusable = Object.entries(asked).find(([kind, name]) => name !== undefined && name !== got[kind])
  const offered = { workloads: usable.map(({ name }) => name), targets: targets.map(({ name }) => name) }
  return {
    ...offered,
    workload,
    target: target.name,
    deployments,
    chosen: [first, ...other],
    unusable: unusable?.[1] ?? null,
  }
}

function talks({ deployments }: OfferedWorkload['targets'][number]): boolean {
  return deployments.some(one => one.talks)
}

function named<One extends { readonly name: string }>(list: readonly One[], name: string | undefined): One | undefined {
  return list.find(one => one.name === name)
}
