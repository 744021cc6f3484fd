import { Code } from '@mantine/core'
import { paths } from '../../app/paths.ts'
import { PlaceLink } from '../../app/place-link.tsx'
import { Moment } from '../../parts/figures.tsx'
import { Foreign, ForeignName, shownText } from '../../parts/foreign.tsx'
import type { Column } from '../../parts/table.tsx'
import { explain as text } from '../../texts/explain.ts'
import styles from './explain.module.css'
import type { ReplayChange } from './replay.ts'

/** What harms callers first. */
export const kinds = [
  'refused',
  'elsewhere',
  'unknown',
  'otherwise',
  'allowed',
] as const satisfies readonly ReplayChange['kind'][]

export const changeColumns: readonly Column<ReplayChange>[] = [
  {
    title: text.changeColumns.when,
    isName: true,
    cell: ({ id, startedAtMs }) => (
      <PlaceLink place={paths.record(id)}>
        <Moment ms={startedAtMs} />
      </PlaceLink>
    ),
    order: ({ startedAtMs }) => startedAtMs,
  },
  {
    title: text.changeColumns.caller,
    cell: ({ caller }) => (caller === null ? text.noCaller : <ForeignName text={caller} />),
    order: ({ caller }) => caller ?? '',
  },
  {
    title: text.changeColumns.workload,
    cell: ({ workload }) => (workload === null ? '–' : <Foreign text={workload} />),
    order: ({ workload }) => workload ?? '',
  },
  {
    title: text.changeColumns.code,
    cell: ({ codes: { before, after } }) => [before, after].filter(code => code !== null).join(' → ') || '–',
    order: ({ codes }) => codes.after ?? codes.before ?? '',
  },
  {
    title: text.changeColumns.reason,
    isLong: true,
    cell: ({ reason, settings }) => (
      <div className={styles['reason']}>
        <Foreign text={reason} />
        {settings.map(({ path }) => (
          <Code key={path}>{shownText(path)}</Code>
        ))}
      </div>
    ),
  },
]
