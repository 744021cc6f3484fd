/** Rules of `instances.X.kind`: settings that a kind of backend does not have cannot be configured for it. */
import { backendOf, dataSourceMembers } from '../../wire/backends.ts'
import type { Path } from '../messages.ts'
import type { Config, InstanceConfig } from '../schema/index.ts'
import { standardScope } from '../schema/instances.ts'
import { conflict, type Notes, warn } from './notes.ts'

export function checkKind(instance: InstanceConfig, path: Path, notes: Notes): void {
  const { kind, credential, scope, deployments } = instance
  const backend = backendOf(kind)
  if (backend.tokenAudiences.size === 0) {
    if (typeof credential === 'string' || !('key' in credential)) {
      const seen = typeof credential === 'string' ? credential : 'a managed identity'
      const expected = `{ key: "\${env:NAME}" }: an instance of kind ${kind} takes no tokens of Microsoft Entra`
      conflict(notes, [...path, 'credential'], seen, expected)
    }
    if (scope !== standardScope) {
      const expected = `no scope: an instance of kind ${kind} takes no tokens of Microsoft Entra`
      conflict(notes, [...path, 'scope'], 'a scope', expected)
    }
  }
  if (backend.utilization !== null) return
  for (const [name, deployment] of Object.entries(deployments)) {
    if (deployment.kind !== 'provisioned') continue
    const expected = `standard: an instance of kind ${kind} has no provisioned throughput and reports no utilisation`
    conflict(notes, [...path, 'deployments', name, 'kind'], 'provisioned', expected)
  }
}

/** Warns about fields that a workload may send and that no instance of its targets accepts. */
export function checkBrought(
  workloads: Config['workloads'],
  { instances, pools }: Pick<Config, 'instances' | 'pools'>,
  notes: Notes,
): void {
  for (const [name, { targets, dataSources }] of Object.entries(workloads)) {
    if (dataSources === 'refuse') continue
    const members = targets.flatMap(target => pools[target]?.members.map(({ instance }) => instance) ?? [target])
    const kinds = members.flatMap(member => instances[member]?.kind ?? [])
    if (kinds.length === 0 || kinds.some(kind => !backendOf(kind).lacks.members.includes(dataSourceMembers[0])))
      continue
    const expected = `refuse, or a target with an instance of Azure OpenAI: those of kind ${[...new Set(kinds)].join(', ')} take no data_sources`
    warn(notes, ['workloads', name, 'dataSources'], dataSources, expected)
  }
}
