import { useQuery } from '@tanstack/react-query'
import { useRange } from '../../app/range.ts'
import { Page as Frame, Panel } from '../../parts/panel.tsx'
import { QueryView } from '../../parts/query-view.tsx'
import { Empty } from '../../parts/states.tsx'
import { DataTable } from '../../parts/table.tsx'
import { workloads as text } from '../../texts/workloads.ts'
import { type Row, workloadColumns } from './columns.tsx'
import { allWorkloads, type Line, usageByWorkload, type Workload } from './query.ts'

/** Every workload: who may call, what it may use, and what it used in the period. */
export function Page() {
  const usage = useQuery(usageByWorkload(useRange()))
  return (
    <Frame title={text.title}>
      <QueryView query={useQuery(allWorkloads)}>
        {({ workloads }) => (
          <Panel>
            {workloads.length === 0 ? (
              <Empty title={text.empty} advice={text.emptyAdvice} />
            ) : (
              <DataTable
                label={text.table}
                columns={workloadColumns}
                rows={rowsOf(workloads, usage.data?.lines ?? [])}
                keyOf={({ workload }) => workload.name}
              />
            )}
          </Panel>
        )}
      </QueryView>
    </Frame>
  )
}

/** Those with most calls first. */
function rowsOf(workloads: readonly Workload[], lines: readonly Line[]): readonly Row[] {
  const byName = new Map(lines.map(line => [line.keys[0], line]))
  return workloads
    .map(workload => ({ workload, line: byName.get(workload.name) ?? null }))
    .sort((one, other) => (other.line?.calls ?? 0) - (one.line?.calls ?? 0))
}
