/** The replicas under a table of sums: who they are, which of them is silent, and what each says. */
import type { InstancesAnswer } from '../../admin/house-schemas.ts'
import { spoken } from '../terminal/durations.ts'
import { figure, renderTable, type TableColumn } from '../terminal/table.ts'

type AnyReplica = Omit<InstancesAnswer['replicas'][number], 'instances'>

interface Shared<Replica> {
  readonly sharing: InstancesAnswer['sharing']
  readonly replicas: readonly Replica[]
}

export interface ReplicaColumn<Replica> extends TableColumn {
  readonly cell: (replica: Replica) => string
}

/** A line above the sums; empty where they need none. */
export function sharingNote({ sharing, replicas }: Shared<AnyReplica>): string {
  if (sharing === 'away') return '! Redis does not answer: these are the figures of one replica alone.\n\n'
  const silent = replicas.filter(({ status }) => status === 'silent').map(({ name }) => name)
  if (silent.length === 0) return ''
  return `! Silent, and in no sum: ${silent.join(', ')}.\n\n`
}

/** A line per replica, after an empty line; nothing where there is one replica only. @param own further columns. */
export function replicaTable<Replica extends AnyReplica>(
  { replicas }: Shared<Replica>,
  own: readonly ReplicaColumn<Replica>[],
  { nowMs, width }: { readonly nowMs: number; readonly width: number | null },
): string {
  if (replicas.length < 2) return ''
  const columns: readonly ReplicaColumn<Replica>[] = [
    { title: '', cell: ({ status }) => (status === 'silent' ? '✗' : '') },
    { title: 'replica', cutTo: 21, cell: ({ name, isSelf }) => (isSelf ? `${name} (this one)` : name) },
    { title: 'state', cell: ({ status, quietMs }) => (status === 'alive' ? 'alive' : `silent ${spoken(quietMs)}`) },
    { title: 'in flight', align: 'right', cell: ({ callsInFlight }) => figure(callsInFlight) },
    ...own,
    {
      title: 'up',
      align: 'right',
      leaves: 1,
      cell: ({ startedAtMs: at, status }) => (at === null || status === 'silent' ? '-' : spoken(nowMs - at)),
    },
    { title: 'version', leaves: 0, cell: ({ version }) => version ?? 'another' },
  ]
  const rows = replicas.map(replica => columns.map(({ cell }) => cell(replica)))
  return `\n${renderTable(columns, rows, width)}`
}
