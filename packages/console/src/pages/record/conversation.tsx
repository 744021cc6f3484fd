import { SegmentedControl, Text } from '@mantine/core'
import { useLocalStorage } from '@mantine/hooks'
import { useMemo } from 'react'
import { Foreign, shownText } from '../../parts/foreign.tsx'
import { Icon } from '../../parts/icons.tsx'
import { Markdown } from '../../parts/markdown/markdown.tsx'
import { Empty } from '../../parts/states.tsx'
import { record as text } from '../../texts/record.ts'
import { bytesOf, jsonOf, textOfBytes } from './bytes.ts'
import { errorOfAnswer, type Part, type Turn, turnsOfAnswer, turnsOfRequest } from './conversation.ts'
import type { Bodies } from './query.ts'
import styles from './record.module.css'
import { Sound } from './sound.tsx'

type Look = 'markdown' | 'text'

/** What was said, as people read it. Everything here was written by callers and models. */
export function Conversation({ bodies }: { readonly bodies: Bodies }) {
  const [look, setLook] = useLocalStorage<Look>({
    key: 'gatehouse-look',
    defaultValue: 'markdown',
    getInitialValueInEffect: false,
  })
  const turns = useMemo(() => turnsOf(bodies), [bodies])
  const error = errorOfAnswer(bodies.response?.assembled)
  if (turns.length === 0 && error === null)
    return <Empty title={text.notUnderstood} advice={text.notUnderstoodAdvice} />
  return (
    <>
      <SegmentedControl
        size="xs"
        aria-label={text.show}
        data={[
          { value: 'markdown', label: text.asMarkdown },
          { value: 'text', label: text.asText },
        ]}
        value={look}
        onChange={value => setLook(value as Look)}
        transitionDuration={0}
      />
      {turns.map((turn, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the turns of a record never change.
        <section key={index} className={styles['turn']}>
          <span className={styles['role']}>{text.roles[turn.role] ?? <Foreign text={turn.role} />}</span>
          <div>
            {turn.parts.map((part, at) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: the parts of a record never change.
              <PartView key={at} part={part} look={look} />
            ))}
          </div>
        </section>
      ))}
      {error !== null && (
        <Text className={styles['error'] ?? ''}>
          <Icon name="warning" /> {shownText(error)}
        </Text>
      )}
    </>
  )
}

function turnsOf({ request, response }: Bodies): readonly Turn[] {
  const asked = request === null ? [] : turnsOfRequest(jsonOf(textOfBytes(bytesOf(request.base64))))
  return [...asked, ...turnsOfAnswer(response?.assembled)]
}

interface PartViewProps {
  readonly part: Part
  readonly look: Look
}

function PartView({ part, look }: PartViewProps) {
  const names = text.part
  switch (part.kind) {
    case 'text':
      return look === 'markdown' ? (
        <Markdown source={part.text} />
      ) : (
        <div className={styles['text']}>{shownText(part.text)}</div>
      )
    case 'reasoning':
    case 'refusal':
      return (
        <div>
          <Text size="xs" c="dimmed">
            {names[part.kind]}
          </Text>
          <div className={styles['text']}>{shownText(part.text)}</div>
        </div>
      )
    case 'call':
      return <Code title={names.call(shownText(part.name))} code={pretty(part.input)} />
    case 'result':
      return <Code title={names.result(shownText(part.id))} code={pretty(part.text)} />
    case 'image':
      return <Picture address={part.address} />
    case 'audio':
      return <Sound format={part.format} base64={part.base64} />
    case 'file':
      return <Text>{names.file(shownText(part.name))}</Text>
    case 'other':
      return <Code title={names.other} code={part.json} />
    default:
      return part satisfies never
  }
}

function Code({ title, code }: { readonly title: string; readonly code: string }) {
  return (
    <div>
      <Text size="sm">
        <Icon name="tool" size={12} /> <bdi>{title}</bdi>
      </Text>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard. */}
      <pre className={styles['code']} tabIndex={0}>
        {shownText(code)}
      </pre>
    </div>
  )
}

/** Kinds of images that a browser only draws: no script runs in them, and they load nothing. */
const drawn = /^data:image\/(?:png|jpeg|gif|webp);base64,[A-Za-z0-9+/=]+$/

function Picture({ address }: { readonly address: string }) {
  if (drawn.test(address)) return <img src={address} alt={text.part.image} className={styles['image']} />
  const short = address.length > 200 ? `${address.slice(0, 200)}…` : address
  return (
    <Text c="dimmed">
      <Icon name="image" /> {text.part.imageAt(shownText(short))}
    </Text>
  )
}

function pretty(json: string): string {
  const parsed = jsonOf(json)
  return typeof parsed === 'object' && parsed !== null ? JSON.stringify(parsed, null, 2) : json
}
