import { Text } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { useAddress } from '../../app/address.ts'
import { readPeriod } from '../../app/period.ts'
import { exactly } from '../../format/number.ts'
import { Page as Frame, Panel } from '../../parts/panel.tsx'
import { Failed, Loading } from '../../parts/states.tsx'
import { records as text } from '../../texts/records.ts'
import { FilterBar } from './filter-bar.tsx'
import { type Filters, filtersIn } from './filters.ts'
import { Found } from './found.tsx'
import { RecordList } from './list.tsx'
import { useLive } from './live.ts'
import { Nothing } from './nothing.tsx'
import { pages } from './query.ts'
import { Tools, useColumns } from './tools.tsx'

/** Every exchange of the period that fits the filters; with a text, the bodies that have it. */
export function Page() {
  const filters = filtersIn(useAddress())
  return (
    <Frame title={text.title} aside={<Tools filters={filters} />}>
      <FilterBar filters={filters} />
      {filters.text === undefined ? <List filters={filters} /> : <Found text={filters.text} filters={filters} />}
    </Frame>
  )
}

function List({ filters }: { readonly filters: Filters }) {
  const address = useAddress()
  const isLive = address['live'] === '1'
  const query = useInfiniteQuery(pages(filters, readPeriod(address)))
  const live = useLive(filters, isLive ? (query.data?.pages[0]?.cursor ?? null) : null)
  const loaded = query.data?.pages.flatMap(page => page.records) ?? []
  const rows = [...live.records, ...loaded]
  const [columns] = useColumns()
  if (query.data === undefined) {
    return (
      <Panel>
        {query.error === null ? (
          <Loading lines={14} />
        ) : (
          <Failed error={query.error} again={() => void query.refetch()} />
        )}
      </Panel>
    )
  }
  if (rows.length === 0) {
    return (
      <Panel>
        <Nothing filters={filters} advice={isLive ? text.waiting : text.emptyAdvice} />
      </Panel>
    )
  }
  return (
    <Panel>
      <RecordList
        rows={rows}
        columns={columns}
        onEnd={() => {
          if (query.hasNextPage && !query.isFetchingNextPage) void query.fetchNextPage()
        }}
      />
      <Text size="xs" c="dimmed" mt={6} role="status">
        {query.isFetchingNextPage
          ? text.more
          : query.hasNextPage
            ? text.loaded(exactly(rows.length))
            : text.all(exactly(rows.length))}
        {isLive && `. ${live.isOpen ? text.liveOn : text.liveFault}`}
      </Text>
    </Panel>
  )
}
