import { Alert, Button, Group, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { exactly } from '../../format/number.ts'
import { Icon } from '../../parts/icons.tsx'
import { Mood } from '../../parts/mood.tsx'
import { Panel } from '../../parts/panel.tsx'
import { Failed } from '../../parts/states.tsx'
import { audit as text } from '../../texts/audit.ts'
import styles from './audit.module.css'
import { chain } from './query.ts'

interface ChainProps {
  readonly head: { readonly seq: number; readonly hash: string } | null
}

/** Whether entries were changed, and what to note so that it stays provable. */
export function Chain({ head }: ChainProps) {
  const { data, error, isFetching, refetch } = useQuery(chain)
  const newest = data?.last ?? head
  return (
    <Panel
      title={text.chain}
      aside={
        <Button size="compact-xs" variant="default" loading={isFetching} onClick={() => void refetch()}>
          {text.verify}
        </Button>
      }
    >
      <Text size="sm" c="dimmed">
        {text.chainSaid}
      </Text>
      {newest !== null && (
        <Text size="sm" mt="xs" className={styles['hash'] ?? ''}>
          <code>{text.newest(newest.seq, newest.hash)}</code>
        </Text>
      )}
      {error !== null && <Failed error={error} again={() => void refetch()} />}
      {data !== undefined && data.fault === null && (
        <Group mt="xs" role="status">
          <Mood is="good">{text.whole(exactly(data.entries))}</Mood>
        </Group>
      )}
      {data !== undefined && data.fault !== null && (
        <Alert mt="xs" color="red" icon={<Icon name="warning" />}>
          <Text size="sm">{text.broken(placeOf(data.fault), data.fault.why)}</Text>
          <Text size="sm">{text.brokenAdvice}</Text>
        </Alert>
      )}
      {data?.notes.map(note => (
        <Text key={note} size="xs" c="dimmed" mt={4}>
          {note}
        </Text>
      ))}
    </Panel>
  )
}

function placeOf({ file, line }: { readonly file: string | null; readonly line: number | null }): string {
  return file === null ? '' : text.place(file, line)
}
