/** Instances and pools that no call can reach. */
import type { Config } from '../schema/index.ts'
import { type Notes, warn } from './notes.ts'

/** Prepared for later, or forgotten in a list of targets. */
export function checkReached(
  { instances, pools, workloads }: Pick<Config, 'instances' | 'pools' | 'workloads'>,
  notes: Notes,
): void {
  const targets = new Set(
    Object.values(workloads).flatMap(({ targets: own, shadow }) => [
      ...own,
      ...Object.values(shadow).flatMap(({ target }) => target ?? []),
    ]),
  )
  const members = new Set(Object.values(pools).flatMap(pool => pool.members.map(({ instance }) => instance)))
  for (const name of Object.keys(pools)) {
    if (targets.has(name)) continue
    warn(
      notes,
      ['pools', name],
      'a pool that no workload uses',
      'its name in the targets of a workload, or no such pool',
    )
  }
  for (const name of Object.keys(instances)) {
    if (targets.has(name) || members.has(name)) continue
    const expected = 'its name in a pool or in the targets of a workload: as it is, no call reaches it'
    warn(notes, ['instances', name], 'an instance that is in no pool and no target', expected)
  }
}
