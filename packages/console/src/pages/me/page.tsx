import { SegmentedControl, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { type Person, usePerson } from '../../api/whoami.ts'
import { useAddress, useChangeAddress } from '../../app/address.ts'
import { useRange } from '../../app/range.ts'
import { useZone } from '../../app/settings.ts'
import { humane } from '../../format/number.ts'
import { Connect, CopyIcon } from '../../parts/connect/connect.tsx'
import { Costs, Count } from '../../parts/figures.tsx'
import { Foreign } from '../../parts/foreign.tsx'
import { Page as Frame, Panel } from '../../parts/panel.tsx'
import { QueryView } from '../../parts/query-view.tsx'
import { Empty } from '../../parts/states.tsx'
import { Sum, Sums } from '../../parts/sums.tsx'
import { DataTable } from '../../parts/table.tsx'
import { connect } from '../../texts/connect.ts'
import { me as text } from '../../texts/me.ts'
import { UseCharts } from '../overview/use-charts.tsx'
import { callColumns, ownRuleColumns } from './columns.tsx'
import styles from './me.module.css'
import { type Call, type Me, type OwnSeries, ownSeries, ownUse, type Rule } from './query.ts'

/** What the signed-in person used, what is left, and how to call. Everybody has this page, also without a role. */
export function Page() {
  const person = usePerson()
  const { workload } = useAddress()
  const [zone] = useZone()
  const tz = zone === 'UTC' ? 'UTC' : Intl.DateTimeFormat().resolvedOptions().timeZone
  const used = useQuery(ownSeries(useRange(), workload, tz))
  const own = useQuery(ownUse)
  return (
    <Frame title={text.title}>
      <Who person={person} />
      {/* Both before anything is shown, so that nothing moves. */}
      <QueryView query={used} lines={16}>
        {series => (
          <QueryView query={own} lines={16}>
            {mine => (
              <>
                <Used series={series} />
                <Mine mine={mine} person={person} />
              </>
            )}
          </QueryView>
        )}
      </QueryView>
    </Frame>
  )
}

function Mine({ mine, person }: { readonly mine: Me; readonly person: Person }) {
  const { workload } = useAddress()
  const own = mine.workloads.find(({ name }) => name === workload) ?? mine.workloads[0]
  return (
    <Stack gap="sm">
      <Panel title={text.limits}>
        {mine.limits.length === 0 ? (
          <Text c="dimmed">{text.noLimits}</Text>
        ) : (
          <DataTable
            label={text.limitsTable}
            columns={ownRuleColumns(mine.currency)}
            rows={mine.limits}
            keyOf={({ rule, measure, subject }: Rule) => `${rule}|${measure}|${subject}`}
          />
        )}
      </Panel>
      <Panel title={own === undefined ? connect.title : connect.titleOf(own.name)} aside={<Choice mine={mine} />}>
        {own === undefined ? (
          <NoWorkload person={person} />
        ) : (
          <Connect workload={own} gateway={mine.gateway} audiences={mine.audiences} />
        )}
      </Panel>
      <Panel title={text.latest}>
        {mine.calls.records.length === 0 ? (
          <Text c="dimmed">{text.noLatest}</Text>
        ) : (
          <DataTable
            label={text.latestTable}
            columns={callColumns(person.roles)}
            rows={mine.calls.records}
            keyOf={({ id }: Call) => id}
          />
        )}
      </Panel>
    </Stack>
  )
}

function Who({ person: { caller, roles, workloads } }: { readonly person: Person }) {
  const id = idOf(caller)
  return (
    <Panel>
      <dl className={styles['who']}>
        <Fact name={text.who}>
          <Foreign text={caller.displayName ?? caller.objectId} />
        </Fact>
        <Fact name={text.key}>
          <span className={styles['key']} title={text.keyHint(caller.tenantId)}>
            {id}
          </span>
          <CopyIcon what={text.key} value={id} />
        </Fact>
        <Fact name={text.roles}>{roles.length === 0 ? text.noRoles : roles.join(', ')}</Fact>
        <Fact name={text.workloads}>{workloads.length === 0 ? text.noWorkloads : workloads.join(', ')}</Fact>
      </dl>
    </Panel>
  )
}

function idOf({ kind, objectId, appId }: Person['caller']): string {
  return kind === 'user' ? objectId : (appId ?? objectId)
}

function Fact({ name, children }: { readonly name: string; readonly children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  )
}

/** The own calls of the period: sums, and over time. */
function Used({ series }: { readonly series: OwnSeries }) {
  const { total } = series
  if (total.calls === 0) {
    return (
      <Panel title={text.figures}>
        <Empty title={text.empty} advice={text.emptyAdvice} />
      </Panel>
    )
  }
  return (
    <Stack gap="sm">
      <Panel title={text.figures}>
        <Sums>
          <Sum title={text.calls}>
            <Count value={total.calls} />
          </Sum>
          <Sum title={text.tokens} detail={text.tokenParts(humane(total.promptTokens), humane(total.completionTokens))}>
            <Count value={total.totalTokens} />
          </Sum>
          <Sum title={text.cost} detail={total.unpricedCalls === 0 ? '' : text.unpriced(humane(total.unpricedCalls))}>
            <Costs costs={total.costs} />
          </Sum>
          <Sum title={text.errors} detail={text.errorsHint}>
            <Count value={total.failed} />
          </Sum>
          <Sum title={text.refusals} detail={text.refusalsHint}>
            <Count value={total.refused} />
          </Sum>
        </Sums>
      </Panel>
      <UseCharts series={series} costs={series.total.costs} />
    </Stack>
  )
}

/** Which of the own workloads is shown; the top bar has the same choice. */
function Choice({ mine }: { readonly mine: Me }) {
  const { workload } = useAddress()
  const change = useChangeAddress()
  const names = mine.workloads.map(({ name }) => name)
  if (names.length < 2) return null
  return (
    <SegmentedControl
      size="xs"
      aria-label={connect.workload}
      data={names}
      value={names.find(name => name === workload) ?? names[0] ?? ''}
      onChange={name => change({ workload: name, target: undefined, deployment: undefined }, { replace: true })}
      transitionDuration={0}
    />
  )
}

function NoWorkload({ person: { caller } }: { readonly person: Person }) {
  const rule = `${caller.kind === 'user' ? 'user' : 'app'}: ${idOf(caller)}`
  return (
    <Empty title={connect.noWorkload} advice={connect.noWorkloadAdvice}>
      <span className={styles['rule']}>
        <code>{rule}</code>
        <CopyIcon what={text.key} value={rule} />
      </span>
    </Empty>
  )
}
