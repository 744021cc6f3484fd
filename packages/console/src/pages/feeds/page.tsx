import { Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useLiveState } from '../../app/live.tsx'
import { Page as Frame, Panel } from '../../parts/panel.tsx'
import { QueryView } from '../../parts/query-view.tsx'
import { Empty } from '../../parts/states.tsx'
import { DataTable } from '../../parts/table.tsx'
import { feeds as text } from '../../texts/feeds.ts'
import { feedColumns, replicaColumns } from './columns.tsx'
import { type Feeds, feeds, feedsKey } from './query.ts'

/** How far each feed has sent the ledger's records, and what an operator can do about it. */
export function Page() {
  const live = useLiveState('feeds', [feedsKey])
  return (
    <Frame title={text.title}>
      <QueryView query={useQuery({ ...feeds, ...live })}>
        {report =>
          report.feeds.length === 0 ? (
            <Panel>
              <Empty title={text.empty} advice={text.emptyAdvice} />
            </Panel>
          ) : (
            <Report report={report} />
          )
        }
      </QueryView>
    </Frame>
  )
}

function Report({ report: { feeds: list, replicas, sharing } }: { readonly report: Feeds }) {
  const rows = replicas.flatMap(({ name, feeds }) => (feeds ?? []).map(feed => ({ replica: name, feed })))
  return (
    <Stack gap="sm">
      <Panel title={text.list}>
        <DataTable label={text.listTable} columns={feedColumns} rows={list} keyOf={({ name }) => name} />
        {sharing !== 'ok' && (
          <Text size="xs" c="dimmed" mt="xs">
            {text.sharing[sharing]}
          </Text>
        )}
      </Panel>
      {replicas.length > 1 && (
        <Panel title={text.replicas}>
          <DataTable
            label={text.replicasTable}
            columns={replicaColumns}
            rows={rows}
            keyOf={({ replica, feed }) => `${replica}|${feed.name}`}
          />
        </Panel>
      )}
    </Stack>
  )
}
