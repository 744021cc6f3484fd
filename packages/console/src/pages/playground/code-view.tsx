import { Button, CopyButton, Group, Modal, SegmentedControl, Stack, Text, Title } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useState } from 'react'
import { shownText } from '../../parts/foreign.tsx'
import { Icon } from '../../parts/icons.tsx'
import { playground as text } from '../../texts/playground.ts'
import { type SnippetKind, snippetKinds, snippetOf } from '../record/snippets.ts'
import type { Message } from './messages.ts'
import styles from './playground.module.css'
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
              <Snippet {...props} onClose={close} />
            </Modal.Body>
          </Modal.Content>
        </Modal.Root>
      )}
    </>
  )
}

function Snippet({ asked, messages, texts, onClose }: CodeViewProps & { readonly onClose: () => void }) {
  const [kind, setKind] = useState<SnippetKind>('curl')
  const { workload, target, deployment, settings } = asked
  // A program that begins reads the answer whole.
  const { stream: _, stream_options: __, ...body } = bodyOf(deployment, messages, settings, texts)
  const path = `/${target}/${workload}/openai/v1/${settings.operation}`
  const call = { method: 'POST', path, contentType: 'application/json', body: JSON.stringify(body, null, 2) }
  const snippet = snippetOf(kind, call)
  return (
    <Stack gap="sm">
      <Title order={2} size="md" fw={600}>
        {text.codeTitle}
      </Title>
      <Group justify="space-between">
        <SegmentedControl
          size="xs"
          aria-label={text.codeTitle}
          data={[...snippetKinds]}
          value={kind}
          onChange={chosen => setKind(snippetKinds.find(one => one === chosen) ?? 'curl')}
          transitionDuration={0}
        />
        <CopyButton value={snippet}>
          {({ copied, copy }) => (
            <Button size="xs" variant="default" leftSection={<Icon name="copy" />} onClick={copy}>
              {copied ? text.copied : text.copy}
            </Button>
          )}
        </CopyButton>
      </Group>
      <Text size="sm" c="dimmed">
        {text.codeHelp}
      </Text>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard. */}
      <section className={styles['codeBox']} tabIndex={0} aria-label={kind}>
        <pre className={styles['code']}>{shownText(snippet)}</pre>
      </section>
      <Group justify="flex-end">
        <Button size="xs" variant="default" onClick={onClose}>
          {text.close}
        </Button>
      </Group>
    </Stack>
  )
}
