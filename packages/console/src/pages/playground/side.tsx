import { Alert, Button, Group, Stack, Text, Textarea, UnstyledButton } from '@mantine/core'
import { useState } from 'react'
import { paths } from '../../app/paths.ts'
import { PlaceLink } from '../../app/place-link.tsx'
import { shownText } from '../../parts/foreign.tsx'
import { Icon } from '../../parts/icons.tsx'
import { Panel } from '../../parts/panel.tsx'
import { Empty } from '../../parts/states.tsx'
import { playground as text } from '../../texts/playground.ts'
import { AnswerView, QuestionView, ResultView } from './message-views.tsx'
import { isUnderWay, type Message, openCalls, type ToolCall } from './messages.ts'
import styles from './playground.module.css'
import { type Asked, talk } from './talk.ts'

interface SideProps {
  readonly at: number
  readonly messages: readonly Message[]
  readonly asked: Asked
  readonly isBeside: boolean
}

/** The conversation with one model. */
export function Side({ at, messages, asked, isBeside }: SideProps) {
  const last = messages.at(-1)
  const isRunning = last?.role === 'assistant' && isUnderWay(last)
  const waiting = isRunning ? [] : openCalls(messages)
  const label = text.conversationWith(asked.deployment)
  return (
    <Panel {...(isBeside ? { title: asked.deployment } : {})}>
      <div role="log" aria-label={label} aria-busy={isRunning} aria-live="polite">
        {messages.length === 0 && <Empty title={text.empty} advice={text.emptyAdvice} />}
        {messages.map((message, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a conversation only grows at its end.
          <MessageView key={index} message={message} />
        ))}
      </div>
      {waiting.length > 0 && (
        <Results key={messages.length} calls={waiting} onGiven={results => talk.give(at, results, asked)} />
      )}
      {last?.role === 'assistant' && waiting.length === 0 && (last.state === 'done' || last.state === 'stopped') && (
        <UnstyledButton className={styles['small'] ?? ''} onClick={() => talk.again(at, asked)}>
          {text.askAgain}
        </UnstyledButton>
      )}
      {last?.role === 'assistant' && last.state === 'failed' && <Trouble at={at} answer={last} asked={asked} />}
    </Panel>
  )
}

function MessageView({ message }: { readonly message: Message }) {
  switch (message.role) {
    case 'user':
      return <QuestionView question={message} />
    case 'tool':
      return <ResultView result={message} />
    case 'assistant':
      return <AnswerView answer={message} />
    default:
      return message satisfies never
  }
}

interface ResultsProps {
  readonly calls: readonly ToolCall[]
  readonly onGiven: (results: ReadonlyMap<string, string>) => void
}

/** The model has called tools: a person types what they return. */
function Results({ calls, onGiven }: ResultsProps) {
  const [written, setWritten] = useState<ReadonlyMap<string, string>>(new Map())
  return (
    <form
      onSubmit={event => {
        event.preventDefault()
        onGiven(new Map(calls.map(({ id }) => [id, written.get(id) ?? ''])))
      }}
    >
      <Stack gap="xs" mt="sm">
        {calls.map(({ id, name }) => (
          <Textarea
            key={id}
            size="xs"
            label={text.resultOf(shownText(name))}
            placeholder={text.resultPlaceholder}
            value={written.get(id) ?? ''}
            onChange={event => setWritten(new Map([...written, [id, event.currentTarget.value]]))}
            autosize
            minRows={1}
            maxRows={8}
            classNames={{ input: styles['code'] ?? '' }}
          />
        ))}
        <Group>
          <Button type="submit" size="xs">
            {text.sendResults}
          </Button>
        </Group>
      </Stack>
    </form>
  )
}

interface TroubleProps {
  readonly at: number
  readonly answer: Extract<Message, { role: 'assistant' }>
  readonly asked: Asked
}

/** What went wrong, and what to do. */
function Trouble({ at, answer: { failure, callId }, asked }: TroubleProps) {
  if (failure === null) return null
  const advice = { 'signed-out': text.signedOutAdvice, broken: text.brokenAdvice, refused: null, failed: null }[
    failure.kind
  ]
  return (
    <Alert
      mt="sm"
      color={failure.kind === 'refused' ? 'yellow' : 'red'}
      icon={<Icon name={failure.kind === 'refused' ? 'lock' : 'warning'} />}
      title={text.failures[failure.kind]}
      role="alert"
    >
      <Stack gap="xs">
        <Text size="sm">{shownText(failure.message)}</Text>
        {failure.code !== '' && (
          <Text size="xs" c="dimmed">
            {shownText(failure.code)}
          </Text>
        )}
        {advice !== null && <Text size="sm">{advice}</Text>}
        <Group gap="xs">
          {failure.kind === 'signed-out' && (
            <Button
              component="a"
              size="xs"
              href={`/signin?return=${encodeURIComponent('/playground')}`}
              target="_blank"
              rel="noopener"
            >
              {text.signIn}
            </Button>
          )}
          <Button size="xs" variant="default" onClick={() => talk.again(at, asked)}>
            {text.tryAgain}
          </Button>
          {failure.kind === 'refused' && callId !== null && (
            <PlaceLink place={paths.explain({ record: callId })} size="sm">
              {text.explain}
            </PlaceLink>
          )}
        </Group>
      </Stack>
    </Alert>
  )
}
