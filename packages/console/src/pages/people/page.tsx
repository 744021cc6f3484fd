import { Button, Group, SegmentedControl, Select, Text, TextInput } from '@mantine/core'
import { useDebouncedCallback } from '@mantine/hooks'
import { useInfiniteQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useAddress, useChangeAddress } from '../../app/address.ts'
import { useRange } from '../../app/range.ts'
import { exactly } from '../../format/number.ts'
import { Icon } from '../../parts/icons.tsx'
import { Page as Frame, Panel } from '../../parts/panel.tsx'
import { Empty, Failed, Loading } from '../../parts/states.tsx'
import { DataTable } from '../../parts/table.tsx'
import { people as text } from '../../texts/people.ts'
import { callerColumns } from './columns.tsx'
import styles from './people.module.css'
import { type Asked, askedBy, callersOf, kinds, orders } from './query.ts'

/** Everybody who called in the period, people and applications. */
export function Page() {
  const asked = askedBy(useAddress())
  return (
    <Frame title={text.title}>
      <Panel>
        <Tools asked={asked} />
        <Callers asked={asked} />
      </Panel>
    </Frame>
  )
}

function Tools({ asked: { search, kind, order } }: { readonly asked: Asked }) {
  const change = useChangeAddress()
  return (
    <Group gap="sm" mb="sm" align="flex-end">
      <Search key="search" said={search} />
      <SegmentedControl
        size="xs"
        aria-label={text.kind}
        data={kinds.map(value => ({ value, label: text.kinds[value] }))}
        value={kind}
        onChange={value => change({ kind: value === 'all' ? undefined : value }, { replace: true })}
        transitionDuration={0}
      />
      <Select
        size="xs"
        className={styles['order'] ?? ''}
        aria-label={text.order}
        data={orders.map(value => ({ value, label: `${text.order}: ${text.orders[value]}` }))}
        value={order}
        onChange={value => change({ order: value ?? undefined }, { replace: true })}
        allowDeselect={false}
      />
    </Group>
  )
}

/** Time without a key after which the search is asked, in ms. */
const typingMs = 300

function Search({ said }: { readonly said: string }) {
  const change = useChangeAddress()
  const [typed, setTyped] = useState(said)
  const ask = useDebouncedCallback((search: string) => change({ search }, { replace: true }), typingMs)
  return (
    <TextInput
      size="xs"
      className={styles['search'] ?? ''}
      aria-label={text.search}
      placeholder={text.searchPlaceholder}
      leftSection={<Icon name="search" size={14} />}
      value={typed}
      onChange={event => {
        setTyped(event.currentTarget.value)
        ask(event.currentTarget.value)
      }}
    />
  )
}

function Callers({ asked }: { readonly asked: Asked }) {
  const query = useInfiniteQuery(callersOf(asked, useRange()))
  if (query.data === undefined) {
    return query.error === null ? (
      <Loading lines={10} />
    ) : (
      <Failed error={query.error} again={() => void query.refetch()} />
    )
  }
  const callers = query.data.pages.flatMap(page => page.callers)
  const found = query.data.pages[0]?.found ?? 0
  if (callers.length === 0) {
    const isNarrowed = asked.search !== '' || asked.kind !== 'all'
    return (
      <Empty title={isNarrowed ? text.nobody : text.empty} advice={isNarrowed ? text.nobodyAdvice : text.emptyAdvice} />
    )
  }
  return (
    <>
      <DataTable label={text.table} columns={callerColumns} rows={callers} keyOf={({ key }) => key} />
      <Group gap="sm" mt="sm">
        <Text size="xs" c="dimmed" role="status">
          {text.found(exactly(callers.length), exactly(found))}
        </Text>
        {query.hasNextPage && (
          <Button
            size="xs"
            variant="default"
            loading={query.isFetchingNextPage}
            onClick={() => void query.fetchNextPage()}
          >
            {text.more}
          </Button>
        )}
      </Group>
    </>
  )
}
