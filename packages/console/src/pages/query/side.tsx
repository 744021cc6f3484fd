import { ActionIcon, Button, SegmentedControl, Stack, Text, UnstyledButton } from '@mantine/core'
import type { ReactNode } from 'react'
import { useAddress, useChangeAddress } from '../../app/address.ts'
import { useRange } from '../../app/range.ts'
import { exactly } from '../../format/number.ts'
import { Ago } from '../../parts/ago.tsx'
import { Icon } from '../../parts/icons.tsx'
import { query as text } from '../../texts/query.ts'
import { examplesFor } from './examples.ts'
import type { useKept } from './kept.ts'
import styles from './query.module.css'
import { Schema } from './schema.tsx'

const sides = ['schema', 'examples', 'saved', 'history'] as const
type Side = (typeof sides)[number]

interface SideProps {
  readonly kept: ReturnType<typeof useKept>
  readonly onInsert: (name: string) => void
  /** Puts a query into the editor. */
  readonly onUse: (sql: string) => void
}

/** What helps to write a query: columns, examples, what was written before. */
export function Side({ kept, onInsert, onUse }: SideProps) {
  const address = useAddress()
  const change = useChangeAddress()
  const side: Side = sides.find(one => one === address['side']) ?? 'schema'
  return (
    <Stack gap="sm">
      <SegmentedControl
        size="xs"
        fullWidth
        aria-label={text.sideLabel}
        data={sides.map(value => ({ value, label: text.sides[value] }))}
        value={side}
        onChange={value => change({ side: value === 'schema' ? undefined : value }, { replace: true })}
        transitionDuration={0}
      />
      {side === 'schema' && <Schema onInsert={onInsert} />}
      {side === 'examples' && <Examples onUse={onUse} />}
      {side === 'saved' && <Saved kept={kept} onUse={onUse} />}
      {side === 'history' && <History kept={kept} onUse={onUse} />}
    </Stack>
  )
}

function Examples({ onUse }: Pick<SideProps, 'onUse'>) {
  const range = useRange()
  const { workload } = useAddress()
  return (
    <>
      <Text size="xs" c="dimmed">
        {text.examplesSaid}
      </Text>
      <ul className={styles['list']}>
        {examplesFor(range, workload).map(({ name, sql }) => (
          <li key={name}>
            <Use name={name} sql={sql} onUse={onUse} />
          </li>
        ))}
      </ul>
    </>
  )
}

function Saved({ kept: { saved, forget }, onUse }: Omit<SideProps, 'onInsert'>) {
  if (saved.length === 0) {
    return (
      <Text size="xs" c="dimmed">
        {text.noSaved}
      </Text>
    )
  }
  return (
    <ul className={styles['list']}>
      {saved.map(({ name, sql }) => (
        <li key={name}>
          <Use name={name} sql={sql} onUse={onUse} />
          <ActionIcon
            size="sm"
            mt={6}
            variant="subtle"
            color="gray"
            aria-label={text.forget(name)}
            onClick={() => forget(name)}
          >
            <Icon name="close" size={12} />
          </ActionIcon>
        </li>
      ))}
    </ul>
  )
}

function History({ kept: { history, clearHistory }, onUse }: Omit<SideProps, 'onInsert'>) {
  if (history.length === 0) {
    return (
      <Text size="xs" c="dimmed">
        {text.noHistory}
      </Text>
    )
  }
  return (
    <>
      <ul className={styles['list']}>
        {history.map(({ sql, atMs, rows }) => (
          <li key={sql}>
            <Use name={null} sql={sql} onUse={onUse}>
              <span className={styles['what']}>
                <Ago ms={atMs} />, {rows === null ? text.historyFailed : text.historyRows(exactly(rows))}
              </span>
            </Use>
          </li>
        ))}
      </ul>
      <Button size="compact-xs" variant="default" onClick={clearHistory} w="fit-content">
        {text.clearHistory}
      </Button>
    </>
  )
}

interface UseProps extends Pick<SideProps, 'onUse'> {
  readonly name: string | null
  readonly sql: string
  readonly children?: ReactNode
}

function Use({ name, sql, onUse, children }: UseProps) {
  return (
    <UnstyledButton className={styles['item'] ?? ''} title={text.use} onClick={() => onUse(sql)}>
      {name !== null && <Text size="sm">{name}</Text>} <span className={styles['sql']}>{sql}</span>
      {children}
    </UnstyledButton>
  )
}
