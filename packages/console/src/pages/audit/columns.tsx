import { Text } from '@mantine/core'
import { paths } from '../../app/paths.ts'
import { PlaceLink } from '../../app/place-link.tsx'
import { Moment } from '../../parts/figures.tsx'
import { Foreign } from '../../parts/foreign.tsx'
import { Mood, type MoodName } from '../../parts/mood.tsx'
import type { Column } from '../../parts/table.tsx'
import { audit as text } from '../../texts/audit.ts'
import styles from './audit.module.css'
import type { Entry, Outcome } from './query.ts'

const moods = { asked: 'calm', done: 'good', failed: 'bad', refused: 'warn' } as const satisfies Record<
  Outcome,
  MoodName
>

const titles = text.columns

export const entryColumns: readonly Column<Entry>[] = [
  { title: titles.time, cell: ({ time }) => <Moment ms={Date.parse(time)} />, order: ({ time }) => time },
  {
    title: titles.who,
    cell: ({ actor, name }) => (
      <span title={actor}>
        <Foreign text={text.people[actor] ?? name ?? actor} />
      </span>
    ),
    isName: true,
    order: ({ name, actor }) => name ?? actor,
  },
  {
    title: titles.action,
    cell: ({ action }) => <span title={action}>{text.actions[action] ?? <Foreign text={action} />}</span>,
    order: ({ action }) => action,
  },
  {
    title: titles.outcome,
    cell: ({ outcome }) => (
      <Mood is={moods[outcome]} title={text.outcomeHints[outcome]}>
        {text.outcomes[outcome]}
      </Mood>
    ),
  },
  { title: titles.facts, cell: entry => <Facts entry={entry} />, isLong: true },
  {
    title: titles.reason,
    cell: ({ reason }) =>
      reason === null ? (
        '–'
      ) : (
        <span className={styles['text']}>
          <Foreign text={reason} />
        </span>
      ),
    isLong: true,
  },
  { title: titles.address, cell: ({ address }) => address ?? '–' },
  {
    title: titles.entry,
    align: 'right',
    cell: ({ seq, hash }) => <span title={text.hashOf(hash)}>{seq}</span>,
    order: ({ seq }) => seq,
  },
]

/** Longest list of records that is shown whole. */
const recordsMax = 3

/** The facts of an entry; records lead to their page. */
function Facts({ entry: { facts } }: { readonly entry: Entry }) {
  const shown = Object.entries(facts).filter(([name]) => name !== 'of')
  if (shown.length === 0) return '–'
  return (
    <span className={styles['text']}>
      {shown.map(([name, value]) => (
        <span key={name} className={styles['fact']}>
          <Text span c="dimmed" size="xs">
            <Foreign text={name} />
          </Text>{' '}
          <Value name={name} value={value} />
        </span>
      ))}
    </span>
  )
}

function Value({ name, value }: { readonly name: string; readonly value: Entry['facts'][string] }) {
  if (name === 'record') return <Record id={String(value)} />
  if (!Array.isArray(value)) return <Foreign text={String(value)} />
  if (name !== 'records') return <Foreign text={value.join(', ')} />
  const rest = value.length - recordsMax
  return (
    <>
      {value.slice(0, recordsMax).map((id: string, at) => (
        <span key={id}>
          {at > 0 && ', '}
          <Record id={id} />
        </span>
      ))}
      {rest > 0 && ` ${text.more(rest)}`}
    </>
  )
}

function Record({ id }: { readonly id: string }) {
  return (
    <PlaceLink place={paths.record(id)} title={text.openRecord(id)}>
      {`…${id.slice(-8)}`}
    </PlaceLink>
  )
}
