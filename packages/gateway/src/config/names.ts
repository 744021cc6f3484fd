import { hostname } from 'node:os'
import type { Config } from './schema/index.ts'

/** All names in the configuration that a record may contain, by what they name. */
export interface ConfiguredNames {
  readonly workload: readonly string[]
  /** Instances and pools. */
  readonly target: readonly string[]
  readonly instance: readonly string[]
  readonly region: readonly string[]
  /** The names that clients, instances and rules of other workloads use. */
  readonly deployment: readonly string[]
  readonly model: readonly string[]
}

export function configuredNames({ instances, pools, workloads }: Config): ConfiguredNames {
  const all = Object.values(instances)
  const deployments = [
    ...all.flatMap(instance => Object.keys(instance.deployments)),
    ...Object.values(pools).flatMap(pool => pool.members.flatMap(({ aliases }) => Object.entries(aliases).flat())),
    ...Object.values(workloads).flatMap(({ deployments, canary, shadow }) => [
      ...deployments,
      ...Object.keys(canary),
      ...Object.keys(shadow),
      ...[...Object.values(canary), ...Object.values(shadow)].map(({ deployment }) => deployment),
    ]),
  ]
  return {
    workload: Object.keys(workloads),
    target: [...Object.keys(instances), ...Object.keys(pools)],
    instance: Object.keys(instances),
    region: unique(all.flatMap(({ region }) => (region === undefined ? [] : [region]))),
    deployment: unique(deployments),
    model: unique([
      ...deployments,
      ...all.flatMap(instance => Object.values(instance.deployments).map(({ model }) => model)),
    ]),
  }
}

/** Name of this process in records and among its replicas. */
export function replicaName({ gateway }: Pick<Config, 'gateway'>): string {
  return gateway.replica ?? hostname().toLowerCase().slice(0, 64)
}

function unique(names: readonly string[]): readonly string[] {
  return [...new Set(names)]
}
