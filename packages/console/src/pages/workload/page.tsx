import { Group, SimpleGrid, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import { paths } from '../../app/paths.ts'
import { PlaceLink } from '../../app/place-link.tsx'
import { useRange } from '../../app/range.ts'
import { asPercent } from '../../format/number.ts'
import { Connect } from '../../parts/connect/connect.tsx'
import { Costs, Count, Duration } from '../../parts/figures.tsx'
import { shownText } from '../../parts/foreign.tsx'
import { Page as Frame, Panel } from '../../parts/panel.tsx'
import { QueryView } from '../../parts/query-view.tsx'
import { Empty } from '../../parts/states.tsx'
import { Sum, Sums } from '../../parts/sums.tsx'
import { DataTable } from '../../parts/table.tsx'
import { connect } from '../../texts/connect.ts'
import { workloads as text } from '../../texts/workloads.ts'
import { namesOf } from '../workloads/rules.ts'
import { callerColumns, errorColumns, limitColumns } from './columns.tsx'
import { Uses, Who } from './facts.tsx'
import {
  type ErrorLine,
  errorsOf,
  type Rule,
  type Usage,
  usageByCaller,
  type Workload,
  workloadNamed,
} from './query.ts'

const callersShown = 10

/** One workload: its calls, limits, callers and errors, who may call, what it may use, and how to connect. */
export function Page() {
  const { name = '' } = useParams({ strict: false }) as { readonly name?: string }
  const range = useRange()
  const workload = useQuery(workloadNamed(name))
  const usage = useQuery(usageByCaller(name, range))
  const wrong = useQuery(errorsOf(name, range))
  return (
    <Frame title={shownText(name)} aside={<PlaceLink place={paths.workloads()}>{text.all}</PlaceLink>}>
      {/* All before anything is shown, so that nothing moves. */}
      <QueryView query={workload} lines={16}>
        {facts => (
          <QueryView query={usage} lines={16}>
            {report => (
              <QueryView query={wrong} lines={16}>
                {({ errors }) => <Whole workload={facts} report={report} errors={errors} />}
              </QueryView>
            )}
          </QueryView>
        )}
      </QueryView>
    </Frame>
  )
}

interface WholeProps {
  readonly workload: Workload
  readonly report: Usage
  readonly errors: readonly ErrorLine[]
}

function Whole({ workload, report, errors }: WholeProps) {
  const { name } = workload
  const names = namesOf(report.lines)
  return (
    <Stack gap="sm">
      <Figures total={report.total} name={name} />
      <Limits workload={workload} lines={report.lines} />
      <SimpleGrid cols={{ base: 1, lg: 2 }} spacing="sm">
        <Stack gap="sm">
          <Panel title={text.callers} aside={<PlaceLink place={paths.people(name)}>{text.allCallers}</PlaceLink>}>
            <Callers report={report} name={name} />
          </Panel>
          <Panel title={text.kindsOfErrors}>
            <Errors errors={errors} name={name} />
          </Panel>
          <Panel title={text.who}>
            <Who workload={workload} names={names} />
          </Panel>
        </Stack>
        <Panel title={text.uses}>
          <Uses workload={workload} />
        </Panel>
      </SimpleGrid>
      <Panel title={connect.title}>
        <Connect workload={workload} gateway={workload.gateway} audiences={workload.audiences} />
      </Panel>
    </Stack>
  )
}

function Figures({ total, name }: { readonly total: Usage['total']; readonly name: string }) {
  const share = (calls: number): string => text.ofCalls(asPercent(total.calls === 0 ? 0 : calls / total.calls))
  const links = (
    <Group gap="md">
      <PlaceLink place={{ ...paths.overview(), search: { workload: name } }}>{text.overview}</PlaceLink>
      <PlaceLink place={paths.records({ workload: name })}>{text.records}</PlaceLink>
    </Group>
  )
  return (
    <Panel title={text.figures} aside={links}>
      <Sums>
        <Sum title={text.calls}>
          <Count value={total.calls} />
        </Sum>
        <Sum title={text.tokens}>
          <Count value={total.totalTokens} />
        </Sum>
        <Sum title={text.cost}>
          <Costs costs={total.costs} />
        </Sum>
        <Sum title={text.errors} detail={share(total.failed)}>
          <Count value={total.failed} />
        </Sum>
        <Sum title={text.refusals} detail={share(total.refused)}>
          <Count value={total.refused} />
        </Sum>
        <Sum title={text.duration}>
          <Duration ms={total.averageDurationMs} />
        </Sum>
      </Sums>
    </Panel>
  )
}

interface LimitsProps {
  readonly workload: Workload
  readonly lines: Usage['lines']
}

function Limits({ workload: { limits, currency }, lines }: LimitsProps) {
  const names = new Map(lines.map(({ callerKey, keys: [name] }) => [callerKey ?? '', name ?? '']))
  return (
    <Panel title={text.limits}>
      {limits.length === 0 ? (
        <Empty title={text.noLimits} advice={text.noLimitsAdvice} />
      ) : (
        <DataTable
          label={text.limitsTable}
          columns={limitColumns({ currency, names }, Date.now())}
          rows={limits}
          keyOf={({ rule, measure, subject, counter }: Rule) => `${rule}|${measure}|${subject}|${counter}`}
        />
      )}
    </Panel>
  )
}

function Callers({ report, name }: { readonly report: Usage; readonly name: string }) {
  if (report.lines.length === 0) return <Text c="dimmed">{text.noCallers}</Text>
  return (
    <DataTable
      label={text.callersTable}
      columns={callerColumns(name)}
      rows={report.lines.slice(0, callersShown)}
      keyOf={({ callerKey, keys }) => `${callerKey}|${keys[0]}`}
    />
  )
}

function Errors({ errors, name }: { readonly errors: readonly ErrorLine[]; readonly name: string }) {
  if (errors.length === 0) return <Text c="dimmed">{text.noErrors}</Text>
  return (
    <DataTable
      label={text.errorsTable}
      columns={errorColumns(name)}
      rows={errors}
      keyOf={({ outcome, code, status }) => `${outcome}|${code}|${status}`}
    />
  )
}
