import { Text } from '@mantine/core'
import { asBytes } from '../../format/number.ts'
import { Foreign, shownText } from '../../parts/foreign.tsx'
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
      {request !== null && <Body title={text.request} body={request} />}
      {response !== null && <Body title={text.response} body={response} />}
    </>
  )
}

interface BodyProps {
  readonly title: string
  readonly body: NonNullable<Bodies['request']>
}

function Body({ title, body: { contentType, bytes, base64 } }: BodyProps) {
  // Four characters of base64 are three bytes.
  const shown = bytesOf(base64.slice(0, (shownBytesMax / 3) * 4 - (((shownBytesMax / 3) * 4) % 4)))
  return (
    <section aria-label={title}>
      <Text size="sm" mt="xs">
        <b>{title}</b> · {contentType === null ? '' : <Foreign text={contentType} />} · {asBytes(bytes)}
        {shown.byteLength < bytes && ` · ${text.cut(asBytes(shown.byteLength), asBytes(bytes))}`}
      </Text>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard. */}
      <pre className={styles['code']} tabIndex={0}>
        {shownText(textOfBytes(shown))}
      </pre>
    </section>
  )
}
