import { Button, Group, Stack, Text } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { useAddress } from '../../app/address.ts'
import { useRange } from '../../app/range.ts'
import { Page as Frame, Panel } from '../../parts/panel.tsx'
import { QueryView } from '../../parts/query-view.tsx'
import { Empty } from '../../parts/states.tsx'
import { DataTable } from '../../parts/table.tsx'
import { audit as text } from '../../texts/audit.ts'
import { Chain } from './chain.tsx'
import { entryColumns } from './columns.tsx'
import { ExportMenu } from './export-menu.tsx'
import { FilterBar } from './filter-bar.tsx'
import { filtersIn } from './filters.ts'
import { entries } from './query.ts'

/** Who did what when, why, and what was refused; and whether nothing of it was changed. */
export function Page() {
  const filters = filtersIn(useAddress())
  const range = useRange()
  const query = useInfiniteQuery(entries(filters, range))
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = query
  return (
    <Frame title={text.title} aside={<ExportMenu filters={filters} range={range} />}>
      <Panel title={text.list}>
        <FilterBar filters={filters} />
        <QueryView query={query} lines={12}>
          {({ pages }) => {
            const found = pages.flatMap(page => page.entries)
            return (
              <Stack gap="xs">
                {found.length === 0 ? (
                  <Empty title={text.empty} advice={text.emptyAdvice} />
                ) : (
                  <DataTable label={text.table} columns={entryColumns} rows={found} keyOf={({ seq }) => String(seq)} />
                )}
                {hasNextPage ? (
                  <Group justify="center">
                    <Button
                      size="xs"
                      variant="default"
                      loading={isFetchingNextPage}
                      onClick={() => void fetchNextPage()}
                    >
                      {text.older}
                    </Button>
                  </Group>
                ) : (
                  found.length > 0 && (
                    <Text size="xs" c="dimmed" ta="center">
                      {text.noOlder}
                    </Text>
                  )
                )}
              </Stack>
            )
          }}
        </QueryView>
      </Panel>
      <Chain head={query.data?.pages[0]?.head ?? null} />
    </Frame>
  )
}
