import { Button, Text } from '@mantine/core'
import { asBytes } from '../../format/number.ts'
import { Foreign, shownText } from '../../parts/foreign.tsx'
import { Icon } from '../../parts/icons.tsx'
import { bodyFile } from '../../parts/snippet/snippets.ts'
import { record as text } from '../../texts/record.ts'
import { bytesOf, textOfBytes } from './bytes.ts'
import type { Bodies } from './query.ts'
import styles from './record.module.css'

/** Longer bodies are shown by their beginning. */
const shownBytesMax = 262_144

/** The bytes as they passed, read as UTF-8. */
export function Raw({ bodies: { request, response } }: { readonly bodies: Bodies }) {
  return (
    <>
      {request !== null && <Body title={text.request} name={bodyFile} body={request} />}
      {response !== null && <Body title={text.response} name="response.bin" body={response} />}
    </>
  )
}

interface BodyProps {
  readonly title: string
  /** Of the file that it is saved as. */
  readonly name: string
  readonly body: NonNullable<Bodies['request']>
}

function Body({ title, name, body: { contentType, bytes, base64 } }: BodyProps) {
  // Four characters of base64 are three bytes.
  const shown = bytesOf(base64.slice(0, (shownBytesMax / 3) * 4 - (((shownBytesMax / 3) * 4) % 4)))
  const save = (): void => {
    // As bytes without a type: the browser saves it and shows nothing of it.
    const address = URL.createObjectURL(new Blob([bytesOf(base64)], { type: 'application/octet-stream' }))
    const link = document.createElement('a')
    link.href = address
    link.download = name
    link.click()
    URL.revokeObjectURL(address)
  }
  return (
    <section aria-label={title}>
      <Text size="sm" mt="xs" mb={4}>
        <b>{title}</b> · {contentType === null ? '' : <Foreign text={contentType} />} · {asBytes(bytes)}
        {shown.byteLength < bytes && ` · ${text.cut(asBytes(shown.byteLength), asBytes(bytes))}`}
      </Text>
      <Button size="compact-xs" variant="default" leftSection={<Icon name="download" size={12} />} onClick={save}>
        {text.save}
      </Button>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard. */}
      <pre className={styles['code']} tabIndex={0}>
        {shownText(textOfBytes(shown))}
      </pre>
    </section>
  )
}
