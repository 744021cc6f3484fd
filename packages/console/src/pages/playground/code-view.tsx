import { Button, Group, Modal, Stack, Title } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { Snippet } from '../../parts/snippet/snippet.tsx'
import { playground as text } from '../../texts/playground.ts'
import type { Message } from './messages.ts'
import { bodyOf } from './request.ts'
import type { Texts } from './settings.ts'
import type { Asked } from './talk.ts'

interface CodeViewProps {
  readonly asked: Asked
  /** With the question that is to be sent. */
  readonly messages: readonly Message[]
  readonly texts: Texts
  /** False while the settings have a fault. */
  readonly isReady: boolean
}

/** The next call as a command or a program. */
export function CodeView(props: CodeViewProps) {
  const [isOpen, { open, close }] = useDisclosure(false)
  return (
    <>
      <Button size="xs" variant="default" disabled={!props.isReady} onClick={open}>
        {text.code}
      </Button>
      {isOpen && (
        <Modal.Root opened onClose={close} size="xl" transitionProps={{ duration: 0 }}>
          <Modal.Overlay />
          <Modal.Content aria-label={text.codeTitle}>
            <Modal.Body pt="md">
              <NextCall {...props} onClose={close} />
            </Modal.Body>
          </Modal.Content>
        </Modal.Root>
      )}
    </>
  )
}

function NextCall({ asked, messages, texts, onClose }: CodeViewProps & { readonly onClose: () => void }) {
  const { workload, target, deployment, settings } = asked
  // A program that begins reads the answer whole.
  const { stream: _, stream_options: __, ...body } = bodyOf(deployment, messages, settings, texts)
  const path = `/${target}/${workload}/openai/v1/${settings.operation}`
  const call = { method: 'POST', path, contentType: 'application/json', body: JSON.stringify(body, null, 2) }
  return (
    <Stack gap="sm">
      <Title order={2} size="md" fw={600}>
        {text.codeTitle}
      </Title>
      <Snippet call={call} label={text.codeTitle} help={text.codeHelp} />
      <Group justify="flex-end">
        <Button size="xs" variant="default" onClick={onClose}>
          {text.close}
        </Button>
      </Group>
    </Stack>
  )
}
