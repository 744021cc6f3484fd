import { Stack, Text } from '@mantine/core'
import { type UseQueryResult, useQuery } from '@tanstack/react-query'
import { useEffect, useRef } from 'react'
import { useAddress } from '../../app/address.ts'
import { useLiveState } from '../../app/live.tsx'
import { useRange } from '../../app/range.ts'
import { Page as Frame, Panel } from '../../parts/panel.tsx'
import { QueryView } from '../../parts/query-view.tsx'
import { Empty, Loading } from '../../parts/states.tsx'
import { DataTable } from '../../parts/table.tsx'
import { instances as text } from '../../texts/instances.ts'
import { deploymentColumns, instanceColumns, memberColumns } from './columns.tsx'
import { ProvisionedCapacity } from './provisioned.tsx'
import { type Traffic as Calls, type Instances, instances, instancesKey, traffic } from './query.ts'
import { Traffic } from './traffic.tsx'

/** Where calls go now, how each instance fares, and what an operator can do about it. */
export function Page() {
  const live = useLiveState('instances', [instancesKey])
  const query = useQuery({ ...instances, ...live })
  const usage = useQuery(traffic(useRange(), useAddress()['workload']))
  useFollowing(query.data, usage)
  return (
    <Frame title={text.title}>
      <QueryView query={query} lines={12}>
        {report =>
          report.instances.length === 0 ? (
            <Panel>
              <Empty title={text.none} advice={text.noneAdvice} />
            </Panel>
          ) : usage.isPending ? (
            // What comes above the tables would push them down.
            <Loading lines={12} />
          ) : (
            <Report report={report} usage={usage} />
          )
        }
      </QueryView>
    </Frame>
  )
}

/** Least time between two questions for the calls, in milliseconds. */
const trafficMs = 3_000

/**
 * Asks for the calls again when the instances have changed, since each call changes their figures; and once more after
 * that, since a call may end later than what it has changed. A question that runs is left to end: instances change
 * every second, and an answer may take longer.
 */
function useFollowing(report: Instances | undefined, usage: UseQueryResult<Calls, Error>): void {
  const { dataUpdatedAt, errorUpdatedAt, refetch } = usage
  const seen = useRef(report)
  const owed = useRef(0)
  useEffect(() => {
    seen.current ??= report
    if (seen.current !== report) owed.current = 2
    seen.current = report
    if (owed.current === 0) return
    const ask = (): void => {
      owed.current -= 1
      void refetch({ cancelRefetch: false })
    }
    const timer = setTimeout(ask, Math.max(0, Math.max(dataUpdatedAt, errorUpdatedAt) + trafficMs - Date.now()))
    return () => clearTimeout(timer)
  }, [report, dataUpdatedAt, errorUpdatedAt, refetch])
}

interface ReportProps {
  readonly report: Instances
  readonly usage: UseQueryResult<Calls, Error>
}

function Report({ report, usage }: ReportProps) {
  const { instances: list, pools, sharing } = report
  const deployments = list.flatMap(({ name, deployments }) =>
    deployments.map(deployment => ({ instance: name, deployment })),
  )
  const members = pools.flatMap(pool => pool.members.map(member => ({ pool, member })))
  return (
    <Stack gap="sm">
      <QueryView query={usage} lines={8}>
        {lines => <Traffic usage={lines} pools={pools} />}
      </QueryView>
      <Panel title={text.instances}>
        <DataTable label={text.tables.instances} columns={instanceColumns} rows={list} keyOf={({ name }) => name} />
        {sharing !== 'ok' && (
          <Text size="xs" c="dimmed" mt="xs">
            {text.sharing[sharing]}
          </Text>
        )}
      </Panel>
      <ProvisionedCapacity report={report} />
      <Panel title={text.deployments}>
        <DataTable
          label={text.tables.deployments}
          columns={deploymentColumns}
          rows={deployments}
          keyOf={({ instance, deployment }) => `${instance}|${deployment.name}`}
        />
      </Panel>
      <Panel title={text.pools}>
        {members.length === 0 ? (
          <Text c="dimmed">{text.noPools}</Text>
        ) : (
          <DataTable
            label={text.tables.pools}
            columns={memberColumns}
            rows={members}
            keyOf={({ pool, member }) => `${pool.name}|${member.instance}|${member.priority}`}
          />
        )}
      </Panel>
    </Stack>
  )
}
