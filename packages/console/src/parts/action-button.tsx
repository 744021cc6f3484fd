import { Button, Group, Modal, Stack, Text, Title, Tooltip } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { mayUse, type OperationName } from '../api/client.ts'
import { rolesByOperation } from '../api/generated.ts'
import { usePerson } from '../api/whoami.ts'
import { action as text } from '../texts/action.ts'
import { shell } from '../texts/shell.ts'
import { Failed } from './states.tsx'

interface ActionButtonProps {
  /** What it does, and what it needs: without a role for it the button is disabled, with the reason. */
  readonly operation: OperationName
  readonly label: string
  /** To what it is done: `Drain dev-openai-instance-1`. */
  readonly title: string
  /** What happens then, in a sentence or two. */
  readonly consequence: string
  readonly run: () => Promise<unknown>
  /** Beginning of the keys of the queries that are asked again afterwards. */
  readonly changes: string
  /** What else must be chosen first. */
  readonly children?: ReactNode
  readonly isReady?: boolean
}

/** A button that changes something: it asks first, and shows why it failed. */
export function ActionButton(props: ActionButtonProps) {
  const { operation, label, title } = props
  const [isOpen, setIsOpen] = useState(false)
  const { roles } = usePerson()
  if (!mayUse(operation, roles)) {
    const reason = shell.roleMissing(rolesByOperation[operation].join(' or '))
    return (
      <Tooltip label={reason}>
        <Button
          size="compact-xs"
          variant="default"
          data-disabled
          aria-disabled="true"
          aria-label={`${title}. ${reason}`}
          onClick={event => event.preventDefault()}
        >
          {label}
        </Button>
      </Tooltip>
    )
  }
  return (
    <>
      <Button size="compact-xs" variant="default" aria-label={title} onClick={() => setIsOpen(true)}>
        {label}
      </Button>
      {isOpen && (
        <Modal.Root opened onClose={() => setIsOpen(false)} centered transitionProps={{ duration: 0 }}>
          <Modal.Overlay />
          <Modal.Content aria-label={title}>
            <Modal.Body pt="md">
              <Confirmation {...props} onEnd={() => setIsOpen(false)} />
            </Modal.Body>
          </Modal.Content>
        </Modal.Root>
      )}
    </>
  )
}

function Confirmation(props: ActionButtonProps & { readonly onEnd: () => void }) {
  const { label, title, consequence, run, changes, children, isReady = true, onEnd } = props
  const client = useQueryClient()
  const mutation = useMutation({
    mutationFn: run,
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: [changes] })
      onEnd()
    },
  })
  return (
    <Stack gap="sm">
      <Title order={2} size="md" fw={600}>
        {title}
      </Title>
      <Text size="sm">{consequence}</Text>
      {children}
      {mutation.error !== null && <Failed error={mutation.error} />}
      <Group justify="flex-end" gap="xs">
        <Button size="xs" variant="default" onClick={onEnd}>
          {text.cancel}
        </Button>
        <Button
          size="xs"
          data-autofocus
          disabled={!isReady}
          loading={mutation.isPending}
          onClick={() => mutation.mutate()}
        >
          {label}
        </Button>
      </Group>
    </Stack>
  )
}
