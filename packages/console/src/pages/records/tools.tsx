import { Button, Group, Menu, Switch } from '@mantine/core'
import { useLocalStorage } from '@mantine/hooks'
import { useAddress, useChangeAddress } from '../../app/address.ts'
import { readPeriod } from '../../app/period.ts'
import { Icon } from '../../parts/icons.tsx'
import { records as text } from '../../texts/records.ts'
import { type ColumnName, columnsIn, type RecordColumn, recordColumns, usualColumns } from './columns.tsx'
import { ExportMenu } from './export-menu.tsx'
import type { Filters } from './filters.ts'
import { ViewsMenu } from './views-menu.tsx'

/** The columns of the address, or the last ones that the reader chose, or the usual ones. */
export function useColumns(): readonly [readonly RecordColumn[], (names: string) => void] {
  const change = useChangeAddress()
  const { columns: named, outcome } = useAddress()
  const [kept, setKept] = useLocalStorage<string>({
    key: 'gatehouse-record-columns',
    defaultValue: '',
    getInitialValueInEffect: false,
  })
  const choose = (names: string): void => {
    setKept(names)
    change({ columns: names }, { replace: true })
  }
  return [columnsIn(named ?? (kept === '' ? usualColumns(outcome) : kept)), choose]
}

/** What can be done with the list. */
export function Tools({ filters }: { readonly filters: Filters }) {
  const address = useAddress()
  const change = useChangeAddress()
  return (
    <Group gap="xs">
      <Switch
        size="sm"
        label={text.live}
        title={text.liveOn}
        checked={address['live'] === '1'}
        onChange={event => change({ live: event.currentTarget.checked ? '1' : undefined }, { replace: true })}
      />
      <ViewsMenu />
      <ColumnsMenu />
      <ExportMenu filters={filters} period={readPeriod(address)} />
    </Group>
  )
}

function ColumnsMenu() {
  const [columns, choose] = useColumns()
  const shown = columns.map(({ name }) => name)
  const toggle = (name: ColumnName): void => {
    const names = recordColumns.map(column => column.name).filter(one => shown.includes(one) !== (one === name))
    choose(names.join(','))
  }
  return (
    <Menu closeOnItemClick={false} position="bottom-end" transitionProps={{ duration: 0 }}>
      <Menu.Target>
        <Button size="xs" variant="default" leftSection={<Icon name="columns" />} visibleFrom="sm">
          {text.columns}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {recordColumns.map(({ name }) => (
          <Menu.CheckboxItem key={name} checked={shown.includes(name)} onChange={() => toggle(name)}>
            {text.names[name]}
          </Menu.CheckboxItem>
        ))}
      </Menu.Dropdown>
    </Menu>
  )
}
