import { Button, Group, SegmentedControl, Stack } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useAddress, useChangeAddress } from '../../app/address.ts'
import { paths } from '../../app/paths.ts'
import { PlaceLink } from '../../app/place-link.tsx'
import { Difference, Editor } from '../../parts/editor/index.tsx'
import { Moment } from '../../parts/figures.tsx'
import { Foreign } from '../../parts/foreign.tsx'
import { Mood } from '../../parts/mood.tsx'
import { Panel } from '../../parts/panel.tsx'
import { QueryView } from '../../parts/query-view.tsx'
import { type Column, DataTable } from '../../parts/table.tsx'
import { configuration as text } from '../../texts/configuration.ts'
import { beginWith } from './draft.ts'
import { type Configuration, history, type Version, version } from './query.ts'

/** What was in force before, and what each changed. */
export function History({ report }: { readonly report: Configuration }) {
  const { version: chosen } = useAddress()
  return (
    <QueryView query={useQuery(history)}>
      {({ versions }) => (
        <Stack gap="sm">
          <Panel title={text.views.history}>
            <DataTable
              label={text.historyTable}
              columns={columnsOf(report.inForce.version)}
              rows={versions}
              keyOf={({ id }) => String(id)}
            />
          </Panel>
          {chosen !== undefined && <Chosen key={chosen} id={Number(chosen)} versions={versions} report={report} />}
        </Stack>
      )}
    </QueryView>
  )
}

function columnsOf(inForce: number | null): readonly Column<Version>[] {
  const titles = text.historyColumns
  return [
    { title: titles.id, cell: ({ id }) => id, isName: true, order: ({ id }) => id },
    { title: titles.taken, cell: ({ takenAtMs }) => <Moment ms={takenAtMs} />, order: ({ takenAtMs }) => takenAtMs },
    {
      title: titles.how,
      cell: ({ how, id }) =>
        id === inForce ? <Mood is="good">{`${text.how[how]}, ${text.now}`}</Mood> : text.how[how],
    },
    { title: titles.by, cell: ({ name, by }) => <Foreign text={name ?? by ?? '–'} /> },
    { title: titles.hash, cell: ({ hash }) => <code title={hash}>{hash.slice(0, 8)}</code> },
    {
      title: titles.show,
      cell: ({ id }) => (
        <PlaceLink
          place={paths.configuration({ view: 'history', version: String(id) })}
          aria-label={text.showVersion(id)}
        >
          {titles.show}
        </PlaceLink>
      ),
    },
  ]
}

interface ChosenProps {
  readonly id: number
  readonly versions: readonly Version[]
  readonly report: Configuration
}

function Chosen({ id, versions, report }: ChosenProps) {
  const { against = 'before' } = useAddress()
  const change = useChangeAddress()
  const navigate = useNavigate()
  const before = versions.find(one => one.id < id)
  const edit = (chosen: string): void => {
    beginWith(chosen, report)
    const { to, search } = paths.configuration({ view: 'edit' })
    void navigate({ to, search: search as never })
  }
  return (
    <QueryView query={useQuery(version(id))}>
      {({ text: chosen }) => (
        <Panel
          title={text.versionTitle(id)}
          aside={
            <Group gap={6}>
              <SegmentedControl
                size="xs"
                maw="100%"
                style={{ overflowX: 'auto' }}
                aria-label={text.againstLabel}
                value={against}
                onChange={next => change({ against: next === 'before' ? undefined : next }, { replace: true })}
                data={Object.entries(text.against).map(([value, label]) => ({ value, label }))}
              />
              <Button size="compact-xs" variant="default" onClick={() => edit(chosen)}>
                {text.editThis}
              </Button>
            </Group>
          }
        >
          <Compared id={id} chosen={chosen} before={before} against={against} report={report} />
        </Panel>
      )}
    </QueryView>
  )
}

interface ComparedProps extends Omit<ChosenProps, 'versions'> {
  readonly chosen: string
  readonly before: Version | undefined
  readonly against: string
}

function Compared({ id, chosen, before, against, report }: ComparedProps) {
  if (against === 'now') {
    const now = report.file.text ?? report.inForce.text
    return <Differs label={text.versionText(id)} before={chosen} after={now} />
  }
  if (against === 'before' && before !== undefined) return <ComparedWith id={id} chosen={chosen} other={before.id} />
  return <Editor label={text.versionText(id)} language="yaml" value={chosen} readOnly />
}

function ComparedWith({ id, chosen, other }: { readonly id: number; readonly chosen: string; readonly other: number }) {
  return (
    <QueryView query={useQuery(version(other))}>
      {({ text: older }) => <Differs label={text.versionDifference(id, other)} before={older} after={chosen} />}
    </QueryView>
  )
}

function Differs({
  label,
  before,
  after,
}: {
  readonly label: string
  readonly before: string
  readonly after: string
}) {
  return before === after ? text.noOther : <Difference label={label} before={before} after={after} />
}
