import { paths, type RecordsPlace } from '../../app/paths.ts'
import { PlaceLink } from '../../app/place-link.tsx'
import { Costs, Count, Moment } from '../../parts/figures.tsx'
import { Foreign } from '../../parts/foreign.tsx'
import type { Column } from '../../parts/table.tsx'
import { people as text } from '../../texts/people.ts'
import type { Caller } from './query.ts'

const titles = text.columns

/** What a role has besides itself goes without saying. */
const includes: Readonly<Record<string, readonly string[]>> = {
  auditor: ['viewer'],
  operator: ['viewer'],
  admin: ['viewer', 'operator'],
}

export const callerColumns: readonly Column<Caller>[] = [
  { title: titles.name, isName: true, cell: caller => <Name caller={caller} /> },
  { title: titles.kind, cell: ({ kind }) => (kind === null ? text.several : text.isKind[kind]) },
  { title: titles.workloads, cell: ({ workloads }) => <Workloads names={workloads} /> },
  { title: titles.calls, align: 'right', cell: ({ calls }) => <Count value={calls} /> },
  { title: titles.tokens, align: 'right', cell: ({ totalTokens }) => <Count value={totalTokens} /> },
  { title: titles.cost, align: 'right', cell: ({ costs }) => <Costs costs={costs} /> },
  { title: titles.errors, align: 'right', cell: caller => <Ended caller={caller} as="failed" /> },
  { title: titles.refusals, align: 'right', cell: caller => <Ended caller={caller} as="refused" /> },
  { title: titles.last, cell: ({ lastCallAtMs }) => <Moment ms={lastCallAtMs} /> },
  { title: titles.roles, cell: caller => <Roles caller={caller} /> },
]

/** Records of a caller; null for several callers together, which no filter finds. */
function placeOf({ key, kind }: Caller, filters: RecordsPlace = {}) {
  return kind === null ? null : paths.records({ caller: key, ...filters })
}

function Name({ caller }: { readonly caller: Caller }) {
  const place = placeOf(caller)
  const name = <Foreign text={caller.name} />
  if (place === null) return name
  return (
    <PlaceLink place={place} title={caller.key}>
      {name}
    </PlaceLink>
  )
}

interface EndedProps {
  readonly caller: Caller
  readonly as: 'failed' | 'refused'
}

function Ended({ caller, as }: EndedProps) {
  const place = placeOf(caller, { outcome: as })
  const count = <Count value={caller[as]} />
  return place === null || caller[as] === 0 ? count : <PlaceLink place={place}>{count}</PlaceLink>
}

function Workloads({ names }: { readonly names: readonly string[] }) {
  if (names.length === 0) return text.none
  return names.map((name, at) => (
    <span key={name}>
      {at > 0 && ', '}
      <PlaceLink place={paths.workload(name)}>
        <Foreign text={name} />
      </PlaceLink>
    </span>
  ))
}

function Roles({ caller: { roles } }: { readonly caller: Caller }) {
  if (roles === null) return <span title={text.unknownRolesHint}>{text.unknownRoles}</span>
  if (roles.length === 0) return text.noRoles
  const included = new Set(roles.flatMap(role => includes[role] ?? []))
  return <span title={roles.join(', ')}>{roles.filter(role => !included.has(role)).join(', ')}</span>
}
