import { Badge, Group, Switch, Text, TextInput } from '@mantine/core'
import { useDeferredValue } from 'react'
import { useAddress, useChangeAddress } from '../../app/address.ts'
import { paths } from '../../app/paths.ts'
import { PlaceLink } from '../../app/place-link.tsx'
import { exactly } from '../../format/number.ts'
import { Panel } from '../../parts/panel.tsx'
import { Empty } from '../../parts/states.tsx'
import { type Column, DataTable } from '../../parts/table.tsx'
import { configuration as text } from '../../texts/configuration.ts'
import styles from './configuration.module.css'
import { valuesFound } from './find.ts'
import type { Configuration, Value } from './query.ts'

/** Every setting, what it comes to and where that comes from. */
export function Values({ report: { inForce } }: { readonly report: Configuration }) {
  const { find = '', all } = useAddress()
  const change = useChangeAddress()
  const onlyWritten = all === undefined
  const found = valuesFound(inForce.values, useDeferredValue(find), onlyWritten)
  return (
    <Panel>
      <Group gap="md" mb="xs" align="end">
        <TextInput
          size="xs"
          label={text.find}
          placeholder={text.findPlaceholder}
          value={find}
          onChange={event => change({ find: event.currentTarget.value || undefined }, { replace: true })}
          className={styles['find'] ?? ''}
        />
        <Switch
          size="xs"
          mb={6}
          label={text.onlyWritten}
          checked={onlyWritten}
          onChange={event => change({ all: event.currentTarget.checked ? undefined : '1' }, { replace: true })}
        />
        <Text size="xs" c="dimmed" mb={6} role="status">
          {text.shown(exactly(found.length), exactly(inForce.values.length))}
        </Text>
      </Group>
      {found.length === 0 ? (
        <Empty title={text.nothing} advice={text.nothingAdvice} />
      ) : (
        <DataTable label={text.table} columns={columns} rows={found} keyOf={({ path }) => path} />
      )}
    </Panel>
  )
}

const columns: readonly Column<Value>[] = [
  { title: text.columns.path, cell: value => <Path value={value} />, isName: true, order: ({ path }) => path },
  { title: text.columns.value, cell: value => <Written value={value} /> },
  { title: text.columns.source, cell: value => <Source value={value} /> },
]

function Path({ value: { path, needsRestart } }: { readonly value: Value }) {
  return (
    <>
      <code>{path}</code>
      {needsRestart && (
        <Text size="xs" c="dimmed" span>
          {` ${text.restart}`}
        </Text>
      )}
    </>
  )
}

function Written({ value: { value } }: { readonly value: Value }) {
  if (value !== null) return <code>{value}</code>
  return (
    <Badge size="sm" variant="default" tt="none" title={text.hiddenHint}>
      {text.hidden}
    </Badge>
  )
}

function Source({ value: { source, from, line } }: { readonly value: Value }) {
  const name = (from ?? '').replace(/^(?:env|file) /, '')
  const named = source === 'environment' || source === 'secret-file' ? text.sources[source](name) : null
  if (source === 'default' || line === null) {
    return (
      <Text size="xs" c="dimmed" span>
        {text.sources.default}
      </Text>
    )
  }
  return (
    <>
      <PlaceLink place={paths.configuration({ view: 'edit', line: String(line) })} aria-label={text.openLine(line)}>
        {text.sources.file(line)}
      </PlaceLink>
      {named !== null && `, ${named}`}
    </>
  )
}
