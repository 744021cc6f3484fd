/** What a page shows instead of content: loading, empty, failed, not allowed. Each says what to do. */
import { Alert, Button, Group, Skeleton, Stack, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import { ApiError } from '../api/errors.ts'
import { states as text } from '../texts/shell.ts'
import { Icon } from './icons.tsx'

/** Grey lines in place of what comes. */
export function Loading({ lines = 6 }: { readonly lines?: number }) {
  return (
    <Stack gap="xs" role="status" aria-label={text.loading}>
      {Array.from({ length: lines }, (_, line) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the lines are all the same.
        <Skeleton key={line} height={18} width={`${100 - ((line * 17) % 40)}%`} />
      ))}
    </Stack>
  )
}

interface EmptyProps {
  readonly title: string
  readonly advice: string
  readonly children?: ReactNode
}

export function Empty({ title, advice, children }: EmptyProps) {
  return (
    <Stack gap={4} align="center" py="xl" px="md" ta="center">
      <Text fw={600}>{title}</Text>
      <Text c="dimmed" maw={480}>
        {advice}
      </Text>
      {children}
    </Stack>
  )
}

interface FailedProps {
  readonly error: Error
  readonly again?: () => void
}

/** What failed, why, and what to do. */
export function Failed({ error, again }: FailedProps) {
  const { title, message, advice, isWorthTrying } = wordsFor(error)
  const requestId = error instanceof ApiError ? error.requestId : null
  return (
    <Alert
      color={isWorthTrying ? 'red' : 'gray'}
      icon={<Icon name={isWorthTrying ? 'warning' : 'lock'} />}
      title={title}
    >
      <Stack gap="xs">
        <Text>{message}</Text>
        {advice !== null && <Text>{advice}</Text>}
        {requestId !== null && <Text c="dimmed">{text.requestId(requestId)}</Text>}
        {again !== undefined && isWorthTrying && (
          <Group>
            <Button size="xs" variant="default" onClick={again}>
              {text.again}
            </Button>
          </Group>
        )}
      </Stack>
    </Alert>
  )
}

interface Words {
  readonly title: string
  readonly message: string
  readonly advice: string | null
  readonly isWorthTrying: boolean
}

function wordsFor(error: Error): Words {
  const { message } = error
  if (!(error instanceof ApiError)) {
    return { title: text.broken, message, advice: text.brokenAdvice, isWorthTrying: true }
  }
  switch (error.kind) {
    case 'no-permission':
    case 'signed-out':
      return { title: text.noPermission, message, advice: null, isWorthTrying: false }
    case 'unreachable':
      return { title: text.unreachable, message, advice: text.unreachableAdvice, isWorthTrying: true }
    case 'refused':
      return { title: text.refused, message, advice: null, isWorthTrying: true }
    case 'failed':
      return { title: text.failed, message, advice: null, isWorthTrying: true }
    default:
      return error.kind satisfies never
  }
}
