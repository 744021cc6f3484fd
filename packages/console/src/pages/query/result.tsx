import { Alert, Button, CopyButton, Group, SegmentedControl, Select, Stack, Text } from '@mantine/core'
import { useMemo, useState } from 'react'
import { ApiError, type Place } from '../../api/errors.ts'
import { useAddress, useChangeAddress } from '../../app/address.ts'
import { exactly } from '../../format/number.ts'
import { asDuration } from '../../format/time.ts'
import { Chart } from '../../parts/chart/chart.tsx'
import { Icon } from '../../parts/icons.tsx'
import { Panel } from '../../parts/panel.tsx'
import { Empty, Failed, Loading } from '../../parts/states.tsx'
import { query as text } from '../../texts/query.ts'
import { Bars } from './bars.tsx'
import { chartedOf, drawnColumns } from './charted.ts'
import type { QueryResult } from './query.ts'
import { ResultTable } from './result-table.tsx'
import type { RunState } from './use-run.ts'
import { csvOf, jsonOf, tabbedOf } from './values.ts'

interface ResultProps {
  readonly state: RunState
  readonly onPlace: (place: Place) => void
}

/** The answer, or why there is none. */
export function Result({ state, onPlace }: ResultProps) {
  switch (state.kind) {
    case 'idle':
      return (
        <Panel title={text.result}>
          <Empty title={text.none} advice={text.noneAdvice} />
        </Panel>
      )
    case 'running':
      return (
        <Panel title={text.result}>
          <Text size="sm" c="dimmed" mb="sm">
            {text.running}
          </Text>
          <Loading />
        </Panel>
      )
    case 'failed':
      return <Fault error={state.error} onPlace={onPlace} />
    case 'done':
      return <Answer result={state.result} />
    default:
      return state satisfies never
  }
}

/** A fault of the SQL is shown at its place; all else as everywhere. */
function Fault({ error, onPlace }: { readonly error: Error; readonly onPlace: (place: Place) => void }) {
  if (!(error instanceof ApiError && error.code.startsWith('query_'))) return <Failed error={error} />
  const { place, message } = error
  return (
    <Alert color="red" icon={<Icon name="warning" />} title={text.failed}>
      <Stack gap="xs">
        <Text style={{ whiteSpace: 'pre-wrap' }}>{message}</Text>
        {place !== null && (
          <Group gap="sm">
            <Text fw={600}>{text.at(place.line, place.column)}</Text>
            <Button size="compact-xs" variant="default" onClick={() => onPlace(place)}>
              {text.goThere}
            </Button>
          </Group>
        )}
      </Stack>
    </Alert>
  )
}

type View = 'table' | 'chart'

function Answer({ result }: { readonly result: QueryResult }) {
  const { columns, rows, truncated, elapsedMs, bodies } = result
  const view: View = useAddress()['view'] === 'chart' ? 'chart' : 'table'
  const change = useChangeAddress()
  const tools = (
    <Group gap={6}>
      <SegmentedControl
        size="xs"
        aria-label={text.viewLabel}
        data={[
          { value: 'table', label: text.views.table },
          { value: 'chart', label: text.views.chart },
        ]}
        value={view}
        onChange={value => change({ view: value === 'chart' ? 'chart' : undefined }, { replace: true })}
        transitionDuration={0}
      />
      <Files result={result} />
    </Group>
  )
  return (
    <Panel title={text.result} aside={tools}>
      <Text size="xs" c="dimmed" mb="xs" role="status">
        {text.summary(exactly(rows.length), exactly(columns.length), asDuration(elapsedMs))}
      </Text>
      {truncated !== null && (
        <Text size="xs" c="var(--warn)" mb="xs">
          {truncated === 'rows' ? text.truncatedRows(exactly(rows.length)) : text.truncatedBytes}
        </Text>
      )}
      {bodies !== null && (
        <Text size="xs" c="dimmed" mb="xs">
          {text.bodiesRead(
            exactly(bodies.read),
            exactly(bodies.records),
            exactly(bodies.deleted + bodies.uncaptured + bodies.unread),
          )}
        </Text>
      )}
      {rows.length === 0 && <Empty title={text.noRows} advice={text.noRowsAdvice} />}
      {rows.length > 0 && (view === 'chart' ? <Drawn result={result} /> : <ResultTable result={result} />)}
    </Panel>
  )
}

function Drawn({ result }: { readonly result: QueryResult }) {
  const [at, setAt] = useState<number>()
  // The chart is drawn anew with each other object.
  const charted = useMemo(() => chartedOf(result, at), [result, at])
  if (charted === null) return <Empty title={text.noChart} advice={text.noChartAdvice} />
  const columns = drawnColumns(result)
  const chosen = columns.find(column => column.at === at) ?? columns[0]
  const first = result.columns[0]?.name ?? ''
  const title = `${chosen?.name ?? ''} ${text.by(first)}`
  return (
    <Stack gap="sm">
      {columns.length > 1 && (
        <Select
          size="xs"
          w={220}
          label={text.series}
          data={columns.map(column => ({ value: String(column.at), label: column.name }))}
          value={String(chosen?.at)}
          onChange={value => setAt(value === null ? undefined : Number(value))}
          allowDeselect={false}
        />
      )}
      {charted.kind === 'bars' ? (
        <Bars label={title} bars={charted.bars} />
      ) : (
        <Chart
          title={chosen?.name ?? ''}
          unit={text.by(first)}
          timesMs={charted.timesMs}
          lines={charted.lines}
          height={280}
          format={exactly}
          onBrush={() => {}}
        />
      )}
    </Stack>
  )
}

const files = [
  { form: 'csv', label: text.csv, type: 'text/csv', textOf: csvOf },
  { form: 'json', label: text.json, type: 'application/json', textOf: jsonOf },
] as const

function Files({ result }: { readonly result: QueryResult }) {
  return (
    <>
      {files.map(({ form, label, type, textOf }) => (
        <Button
          key={form}
          size="xs"
          variant="default"
          leftSection={<Icon name="download" />}
          aria-label={text.download(label)}
          onClick={() => download(text.fileName(form), type, textOf(result))}
        >
          {label}
        </Button>
      ))}
      <CopyButton value={tabbedOf(result)}>
        {({ copied, copy }) => (
          <Button size="xs" variant="default" leftSection={<Icon name="copy" />} onClick={copy}>
            {copied ? text.copied : text.copyTable}
          </Button>
        )}
      </CopyButton>
    </>
  )
}

function download(name: string, type: string, content: string): void {
  const address = URL.createObjectURL(new Blob([content], { type }))
  const link = document.createElement('a')
  link.href = address
  link.download = name
  link.click()
  URL.revokeObjectURL(address)
}
