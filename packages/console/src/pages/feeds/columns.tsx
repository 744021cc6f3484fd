import { asBytes, humane } from '../../format/number.ts'
import { asDuration } from '../../format/time.ts'
import { Ago } from '../../parts/ago.tsx'
import { Count } from '../../parts/figures.tsx'
import { Mood, type MoodName } from '../../parts/mood.tsx'
import type { Column } from '../../parts/table.tsx'
import { feeds as text } from '../../texts/feeds.ts'
import { Actions } from './actions.tsx'
import type { Feed } from './query.ts'

const titles = text.columns

const moods = { running: 'good', paused: 'warn', failing: 'bad', stopped: 'bad' } as const satisfies Record<
  Feed['status'],
  MoodName
>

const name: Column<Feed> = { title: titles.name, cell: feed => feed.name, isName: true, order: feed => feed.name }

const figures: readonly Column<Feed>[] = [
  { title: titles.state, cell: ({ status }) => <Mood is={moods[status]}>{text.states[status]}</Mood> },
  { title: titles.lag, cell: lagOf, order: ({ lagRecords }) => lagRecords },
  {
    title: titles.sent,
    cell: ({ sent, sentBytes }) => text.sent(humane(sent), asBytes(sentBytes)),
    order: ({ sent }) => sent,
  },
  {
    title: titles.setAside,
    align: 'right',
    cell: ({ setAside }) => (
      <span title={text.setAsideHint}>
        <Count value={setAside} />
      </span>
    ),
  },
  { title: titles.dropped, align: 'right', cell: ({ droppedSegments }) => <Count value={droppedSegments} /> },
  {
    title: titles.lastSent,
    cell: ({ lastSentAtMs }) => (lastSentAtMs === null ? text.never : <Ago ms={lastSentAtMs} />),
  },
  { title: titles.lastError, cell: feed => <LastError feed={feed} /> },
]

export const feedColumns: readonly Column<Feed>[] = [
  name,
  { title: titles.kind, cell: ({ kind }) => kind },
  ...figures.slice(0, 1),
  { title: titles.actions, cell: feed => <Actions feed={feed} /> },
  ...figures.slice(1),
]

export interface ReplicaRow {
  readonly replica: string
  readonly feed: Feed
}

export const replicaColumns: readonly Column<ReplicaRow>[] = [
  { title: titles.replica, cell: ({ replica }) => replica, isName: true, order: ({ replica }) => replica },
  { title: titles.name, cell: ({ feed }) => feed.name },
  ...figures.map(({ title, align, cell }) => ({
    title,
    ...(align === undefined ? {} : { align }),
    cell: ({ feed }: ReplicaRow) => cell(feed),
  })),
]

function lagOf({ lagRecords, lagSeconds }: Feed): string {
  return lagRecords === 0 ? text.noLag : text.lag(humane(lagRecords), asDuration(lagSeconds * 1_000))
}

function LastError({ feed: { lastError, lastErrorAtMs } }: { readonly feed: Feed }) {
  if (lastError === null || lastErrorAtMs === null) return text.never
  return (
    <span>
      <Ago ms={lastErrorAtMs} />
      {`: ${lastError}`}
    </span>
  )
}
