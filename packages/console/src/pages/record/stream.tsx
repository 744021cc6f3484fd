import { Text } from '@mantine/core'
import { asBytes, exactly } from '../../format/number.ts'
import { asDuration } from '../../format/time.ts'
import { shownText } from '../../parts/foreign.tsx'
import { Empty } from '../../parts/states.tsx'
import { DataTable } from '../../parts/table.tsx'
import { record as text } from '../../texts/record.ts'
import { bytesOf, textOfBytes } from './bytes.ts'
import type { Bodies, RecordRow } from './query.ts'
import styles from './record.module.css'
import { eventsOf, type StreamEvent } from './stream-events.ts'

const shownMax = 300
const lettersMax = 400

interface StreamProps {
  readonly row: RecordRow
  readonly bodies: Bodies
}

/** The events of a streamed answer, in their order. */
export function Stream({ row, bodies: { response } }: StreamProps) {
  const events = response === null ? [] : eventsOf(textOfBytes(bytesOf(response.base64)))
  if (events.length === 0) return <Empty title={text.noEvents} advice={text.noEventsAdvice} />
  const columns = text.eventColumns
  return (
    <>
      <Text size="sm" c="dimmed" mb="xs">
        {timesOf(row, events.length)}
        {events.length > shownMax && ` ${text.firstEvents(exactly(shownMax))}`}
      </Text>
      <DataTable<StreamEvent>
        label={text.views.stream}
        columns={[
          { title: columns.at, cell: ({ at }) => exactly(at), isName: true },
          { title: columns.name, cell: ({ name }) => <bdi>{shownText(name)}</bdi> },
          { title: columns.size, align: 'right', cell: ({ data }) => asBytes(data.length) },
          { title: columns.data, cell: ({ data }) => <bdi className={styles['event']}>{shortened(data)}</bdi> },
        ]}
        rows={events.slice(0, shownMax)}
        keyOf={({ at }) => String(at)}
      />
    </>
  )
}

/** What is known of the times: only the first and the last byte have one. */
function timesOf({ firstByteAtMs, startedAtMs, endedAtMs }: RecordRow, count: number): string {
  const first = firstByteAtMs === null ? null : firstByteAtMs - startedAtMs
  return text.eventTimes(exactly(count), first === null ? null : asDuration(first), asDuration(endedAtMs - startedAtMs))
}

function shortened(data: string): string {
  return shownText(data.length <= lettersMax ? data : `${data.slice(0, lettersMax)}…`)
}
