import { Button, Checkbox, Group, Menu, Pill, Switch, Text, TextInput } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { type FormEvent, useEffect, useState } from 'react'
import { useAddress, useChangeAddress } from '../../app/address.ts'
import { readPeriod } from '../../app/period.ts'
import { exactly } from '../../format/number.ts'
import { Icon } from '../../parts/icons.tsx'
import { Page as Frame, Panel } from '../../parts/panel.tsx'
import { Empty, Failed, Loading } from '../../parts/states.tsx'
import { records as text } from '../../texts/records.ts'
import { type ColumnName, columnsIn, recordColumns } from './columns.tsx'
import { type Filters, filterNames, filtersIn, filterText, readFilters } from './filters.ts'
import { RecordList } from './list.tsx'
import { useLive } from './live.ts'
import { pages } from './query.ts'

/** Every exchange of the period that fits the filters. */
export function Page() {
  const address = useAddress()
  const filters = filtersIn(address)
  const isLive = address['live'] === '1'
  const query = useInfiniteQuery(pages(filters, readPeriod(address)))
  const live = useLive(filters, isLive ? (query.data?.pages[0]?.cursor ?? null) : null)
  const loaded = query.data?.pages.flatMap(page => page.records) ?? []
  const rows = [...live.records, ...loaded]
  const columns = columnsIn(address['columns'])
  return (
    <Frame title={text.title} aside={<Tools isLive={isLive} shown={columns.map(({ name }) => name)} />}>
      <FilterBar filters={filters} />
      {live.error !== null && <Text c="dimmed">{text.liveFault}</Text>}
      <Panel>
        {query.data === undefined ? (
          query.error === null ? (
            <Loading lines={14} />
          ) : (
            <Failed error={query.error} again={() => void query.refetch()} />
          )
        ) : rows.length === 0 ? (
          <Empty title={text.empty} advice={isLive ? text.waiting : text.emptyAdvice} />
        ) : (
          <>
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
            </Text>
          </>
        )}
      </Panel>
    </Frame>
  )
}

interface ToolsProps {
  readonly isLive: boolean
  readonly shown: readonly ColumnName[]
}

function Tools({ isLive, shown }: ToolsProps) {
  const change = useChangeAddress()
  const toggle = (name: ColumnName): void => {
    const names = recordColumns.map(column => column.name).filter(one => shown.includes(one) !== (one === name))
    change({ columns: names.join(',') }, { replace: true })
  }
  return (
    <Group gap="sm">
      <Switch
        size="sm"
        label={text.live}
        title={text.liveOn}
        checked={isLive}
        onChange={event => change({ live: event.currentTarget.checked ? '1' : undefined }, { replace: true })}
      />
      <Menu closeOnItemClick={false} position="bottom-end" transitionProps={{ duration: 0 }}>
        <Menu.Target>
          <Button size="xs" variant="default" leftSection={<Icon name="columns" />}>
            {text.columns}
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          {recordColumns.map(({ name }) => (
            <Menu.Item
              key={name}
              onClick={() => toggle(name)}
              role="menuitemcheckbox"
              aria-checked={shown.includes(name)}
            >
              <Checkbox.Indicator size="xs" checked={shown.includes(name)} mr="xs" display="inline-flex" />
              {text.names[name]}
            </Menu.Item>
          ))}
        </Menu.Dropdown>
      </Menu>
    </Group>
  )
}

/** The filters as text to write, and as chips to take out. */
function FilterBar({ filters }: { readonly filters: Filters }) {
  const change = useChangeAddress()
  const said = filterText(filters)
  const [draft, setDraft] = useState(said)
  useEffect(() => setDraft(said), [said])
  const read = readFilters(draft)
  const none = Object.fromEntries(filterNames.map(name => [name, undefined]))
  const apply = (event: FormEvent): void => {
    event.preventDefault()
    if ('filters' in read) change({ ...none, ...read.filters })
  }
  const chips = Object.entries<string>(filters)
  return (
    <form onSubmit={apply}>
      <TextInput
        aria-label={text.filter}
        placeholder={text.filterPlaceholder}
        leftSection={<Icon name="search" />}
        value={draft}
        onChange={event => setDraft(event.currentTarget.value)}
        error={'wrong' in read && draft !== said ? text.wrong[read.wrong](read.word) : null}
        title={`${text.filterHelp}${filterNames.join(', ')}`}
        spellCheck={false}
      />
      {chips.length > 0 && (
        <Group gap={6} mt={6}>
          {chips.map(([name, value]) => (
            <Pill
              key={name}
              withRemoveButton
              onRemove={() => change({ [name]: undefined })}
              removeButtonProps={{ 'aria-label': text.remove(name), 'aria-hidden': false, tabIndex: 0 }}
            >
              {`${name}: ${value}`}
            </Pill>
          ))}
          <Button size="compact-xs" variant="subtle" onClick={() => change(none)}>
            {text.clear}
          </Button>
        </Group>
      )}
    </form>
  )
}
