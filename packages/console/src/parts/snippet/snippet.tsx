import { Button, CopyButton, Group, SegmentedControl, Stack, Text } from '@mantine/core'
import { type ReactNode, useState } from 'react'
import { snippet as text } from '../../texts/snippet.ts'
import { shownText } from '../foreign.tsx'
import { Icon } from '../icons.tsx'
import styles from './snippet.module.css'
import { type Call, type SnippetKind, snippetKinds, snippetOf } from './snippets.ts'

interface SnippetProps {
  readonly call: Call
  /** What the program does, for those who hear the page. */
  readonly label: string
  readonly help: ReactNode
}

/** A call as a command or a program, to choose and to copy. */
export function Snippet({ call, label, help }: SnippetProps) {
  const [kind, setKind] = useState<SnippetKind>('curl')
  const snippet = snippetOf(kind, call)
  return (
    <Stack gap="xs">
      <Group justify="space-between">
        <SegmentedControl
          size="xs"
          aria-label={label}
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
        {help}
      </Text>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard. */}
      <section className={styles['box']} tabIndex={0} aria-label={kind}>
        <pre className={styles['code']}>{shownText(snippet)}</pre>
      </section>
    </Stack>
  )
}
