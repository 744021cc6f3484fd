import { Stack, Text, TextInput, UnstyledButton } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { QueryView } from '../../parts/query-view.tsx'
import { query as text } from '../../texts/query.ts'
import { plain } from './help.ts'
import styles from './query.module.css'
import { type QuerySchema, schema } from './query.ts'

interface SchemaProps {
  readonly onInsert: (name: string) => void
}

/** Tables and their columns, with what each means. A click writes its name into the query. */
export function Schema({ onInsert }: SchemaProps) {
  const [asked, setAsked] = useState('')
  return (
    <Stack gap="xs">
      <TextInput
        size="xs"
        aria-label={text.findColumn}
        placeholder={text.findColumn}
        value={asked}
        onChange={event => setAsked(event.currentTarget.value)}
      />
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard. */}
      <section className={styles['side']} tabIndex={0} aria-label={text.sides.schema}>
        <QueryView query={useQuery(schema)} lines={12}>
          {({ tables }) =>
            tables.map(table => <Table key={table.name} table={table} asked={asked.trim()} onInsert={onInsert} />)
          }
        </QueryView>
      </section>
    </Stack>
  )
}

type TableOf = QuerySchema['tables'][number]

function Table({ table, asked, onInsert }: SchemaProps & { readonly table: TableOf; readonly asked: string }) {
  const lower = asked.toLowerCase()
  const columns = table.columns.filter(({ name, description }) =>
    `${name} ${description}`.toLowerCase().includes(lower),
  )
  return (
    <>
      <Name name={table.name} detail="" what={table.description} onInsert={onInsert} />
      {columns.length === 0 && (
        <Text size="xs" c="dimmed" py="sm">
          {text.noColumn}
        </Text>
      )}
      <ul className={styles['list']}>
        {columns.map(({ name, type, description, values }) => (
          <li key={name}>
            <Name
              name={name}
              detail={type}
              what={
                values.length === 0 ? plain(description) : `${plain(description)} ${text.values(values.join(', '))}.`
              }
              onInsert={onInsert}
            />
          </li>
        ))}
      </ul>
    </>
  )
}

interface NameProps extends SchemaProps {
  readonly name: string
  readonly detail: string
  readonly what: string
}

function Name({ name, detail, what, onInsert }: NameProps) {
  return (
    <UnstyledButton className={styles['item'] ?? ''} title={text.insert(name)} onClick={() => onInsert(name)}>
      <span className={styles['name']}>{name}</span> <span className={styles['type']}>{detail}</span>{' '}
      <span className={styles['what']}>{what}</span>
    </UnstyledButton>
  )
}
