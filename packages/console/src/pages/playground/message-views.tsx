/** What was said. Everything here was written by callers and models. */
import { Text } from '@mantine/core'
import { memo, type ReactNode } from 'react'
import { Foreign, shownText } from '../../parts/foreign.tsx'
import { Icon } from '../../parts/icons.tsx'
import { Markdown } from '../../parts/markdown/markdown.tsx'
import { playground as text } from '../../texts/playground.ts'
import { CallFigures } from './call-figures.tsx'
import { type Answer, isUnderWay, type ToolCall, type ToolMessage, type UserMessage } from './messages.ts'
import styles from './playground.module.css'

interface TurnProps {
  readonly who: ReactNode
  readonly children: ReactNode
}

function Turn({ who, children }: TurnProps) {
  return (
    <section className={styles['turn']}>
      <div className={styles['who']}>{who}</div>
      <div>{children}</div>
    </section>
  )
}

export const QuestionView = memo(function QuestionView({ question }: { readonly question: UserMessage }) {
  return (
    <Turn who={text.you}>
      {question.text !== '' && <div className={styles['text']}>{shownText(question.text)}</div>}
      {question.images.map((address, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the images of a question never change.
        <Picture key={index} address={address} label={text.image(index + 1)} />
      ))}
    </Turn>
  )
})

export const ResultView = memo(function ResultView({ result }: { readonly result: ToolMessage }) {
  return (
    <Turn who={text.toolResult(shownText(result.callId))}>
      <Code label={text.toolResult(shownText(result.callId))} code={pretty(result.text)} />
    </Turn>
  )
})

export const AnswerView = memo(function AnswerView({ answer }: { readonly answer: Answer }) {
  const { deployment, state, reasoning, refusal, calls, finish } = answer
  const cut = text.cutShort[finish]
  return (
    <Turn who={<Foreign text={deployment} />}>
      {state === 'waiting' || (state === 'streaming' && answer.firstWordMs === null) ? (
        <Text size="sm" c="dimmed">
          {text.waiting}…
        </Text>
      ) : null}
      {reasoning !== '' && (
        <details className={styles['reasoning']}>
          <summary>{text.reasoning}</summary>
          <div className={styles['text']}>{shownText(reasoning)}</div>
        </details>
      )}
      <Said answer={answer} />
      {refusal !== '' && (
        <>
          <Text size="xs" c="dimmed">
            {text.declined}
          </Text>
          <div className={styles['text']}>{shownText(refusal)}</div>
        </>
      )}
      {calls.map((call, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the calls of an answer only grow at their end.
        <Called key={index} call={call} />
      ))}
      {cut !== undefined && <Text className={styles['warn'] ?? ''}>{cut}</Text>}
      {state === 'stopped' && <Text className={styles['warn'] ?? ''}>{text.stopped}</Text>}
      {!isUnderWay(answer) && <CallFigures answer={answer} />}
    </Turn>
  )
})

/** JSON as it is; everything else as Markdown. */
function Said({ answer }: { readonly answer: Answer }) {
  if (answer.text === '') return null
  const json = /^\s*[{[]/.test(answer.text) ? pretty(answer.text) : null
  if (json !== null && json !== answer.text)
    return <Code label={text.conversationWith(answer.deployment)} code={json} />
  return <Markdown source={answer.text} />
}

function Called({ call: { name, input } }: { readonly call: ToolCall }) {
  const title = text.calls(shownText(name))
  return (
    <div>
      <Text size="sm">
        <Icon name="tool" size={12} /> <bdi>{title}</bdi>
      </Text>
      <Code label={title} code={pretty(input)} />
    </div>
  )
}

function Code({ label, code }: { readonly label: string; readonly code: string }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard.
    <section className={styles['codeBox']} tabIndex={0} aria-label={label}>
      <pre className={styles['code']}>{shownText(code)}</pre>
    </section>
  )
}

/** Kinds of images that a browser only draws: no script runs in them, and they load nothing. */
const drawn = /^data:image\/(?:png|jpeg|gif|webp);base64,[A-Za-z0-9+/=]+$/
const shownCharactersMax = 200

export function Picture({ address, label }: { readonly address: string; readonly label: string }) {
  if (drawn.test(address)) return <img src={address} alt={label} className={styles['picture']} />
  const short = address.length > shownCharactersMax ? `${address.slice(0, shownCharactersMax)}…` : address
  return <Text c="dimmed">{text.imageElsewhere(shownText(short))}</Text>
}

/** JSON with a line for each member; everything else as it is. */
function pretty(written: string): string {
  try {
    const parsed = JSON.parse(written) as unknown
    return typeof parsed === 'object' && parsed !== null ? JSON.stringify(parsed, null, 2) : written
  } catch {
    return written
  }
}
