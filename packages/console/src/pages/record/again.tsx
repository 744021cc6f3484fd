import { Button, CopyButton, Group, SegmentedControl, Stack, Text } from '@mantine/core'
import { useState } from 'react'
import { shownText } from '../../parts/foreign.tsx'
import { Icon } from '../../parts/icons.tsx'
import { record as text } from '../../texts/record.ts'
import { bytesOf, textOfBytes } from './bytes.ts'
import type { Bodies, RecordRow } from './query.ts'
import styles from './record.module.css'
import { bodyFile, type Call, type SnippetKind, snippetKinds, snippetOf } from './snippets.ts'

interface AgainProps {
  readonly row: RecordRow
  readonly bodies: Bodies
}

/** The call as a command or a program. */
export function Again({ row, bodies }: AgainProps) {
  const [kind, setKind] = useState<SnippetKind>('curl')
  const { method, requestContentType: contentType } = row
  const path = row.apiVersion === null ? row.path : `${row.path}?api-version=${encodeURIComponent(row.apiVersion)}`
  const body = bodies.request === null ? null : bodyOf(bytesOf(bodies.request.base64))
  const snippet = snippetOf(kind, { method, path, contentType, body })
  return (
    <Stack gap="xs">
      <Group justify="space-between">
        <SegmentedControl
          size="xs"
          aria-label={text.views.again}
          data={[...snippetKinds]}
          value={kind}
          onChange={value => setKind(value as SnippetKind)}
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
        {text.againHelp}
        {typeof body === 'object' && body !== null && ` ${text.bytesInFile}`}
      </Text>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard. */}
      <pre className={styles['code']} tabIndex={0}>
        {shownText(snippet)}
      </pre>
    </Stack>
  )
}

/** The body as text; bytes that are none come from a file. */
function bodyOf(bytes: Uint8Array<ArrayBuffer>): Call['body'] {
  const text = textOfBytes(bytes)
  return text.includes('\ufffd') || text.includes('\0') ? { file: bodyFile } : text
}
