import { Ago } from '../../parts/ago.tsx'
import { Foreign } from '../../parts/foreign.tsx'
import { Mood } from '../../parts/mood.tsx'
import type { Column } from '../../parts/table.tsx'
import { about as text } from '../../texts/about.ts'
import type { Package, Replica } from './query.ts'

export const replicaColumns: readonly Column<Replica>[] = [
  {
    title: text.replica.name,
    isName: true,
    cell: ({ name, isSelf }) => (
      <>
        <Foreign text={name} />
        {isSelf && ` (${text.self})`}
      </>
    ),
  },
  {
    title: text.replica.status,
    cell: ({ status }) => (
      <Mood is={status === 'alive' ? 'good' : 'warn'}>{status === 'alive' ? text.alive : text.silent}</Mood>
    ),
  },
  { title: text.replica.version, cell: ({ version }) => version ?? text.unknown },
  {
    title: text.replica.started,
    cell: ({ startedAtMs }) => (startedAtMs === null ? text.unknown : <Ago ms={startedAtMs} />),
  },
]

export const packageColumns: readonly Column<Package>[] = [
  { title: text.package.name, isName: true, order: ({ name }) => name, cell: ({ name }) => name },
  { title: text.package.version, cell: ({ version }) => version },
  { title: text.package.licence, order: ({ licence }) => licence, cell: ({ licence }) => licence },
]
