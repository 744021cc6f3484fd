import { Group, TextInput } from '@mantine/core'
import { useState } from 'react'
import { send } from '../../api/client.ts'
import { asInstant } from '../../format/time.ts'
import { ActionButton } from '../../parts/action-button.tsx'
import { feeds as text } from '../../texts/feeds.ts'
import { type Feed, feedsKey } from './query.ts'

/** What an operator can do with a feed. */
export function Actions({ feed: { name, status } }: { readonly feed: Feed }) {
  const path = { name }
  const isRunning = status === 'running'
  return (
    <Group gap={6} wrap="nowrap">
      {isRunning ? (
        <ActionButton
          operation="POST /api/v1/feeds/{name}/pause"
          label={text.pause}
          title={text.pauseTitle(name)}
          consequence={text.pauseSaid}
          run={() => send('POST /api/v1/feeds/{name}/pause', { path })}
          changes={feedsKey}
        />
      ) : (
        <ActionButton
          operation="POST /api/v1/feeds/{name}/resume"
          label={text.resume}
          title={text.resumeTitle(name)}
          consequence={text.resumeSaid}
          run={() => send('POST /api/v1/feeds/{name}/resume', { path })}
          changes={feedsKey}
        />
      )}
      <Rewind name={name} />
    </Group>
  )
}

function Rewind({ name }: { readonly name: string }) {
  const [written, setWritten] = useState('')
  const toMs = Date.parse(written)
  return (
    <ActionButton
      operation="POST /api/v1/feeds/{name}/rewind"
      label={text.rewind}
      title={text.rewindTitle(name)}
      consequence={text.rewindSaid}
      run={() => send('POST /api/v1/feeds/{name}/rewind', { path: { name }, query: { to: asInstant(toMs) } })}
      changes={feedsKey}
      isReady={!Number.isNaN(toMs)}
    >
      <TextInput
        size="xs"
        type="datetime-local"
        label={text.rewindTo}
        value={written}
        onChange={event => setWritten(event.currentTarget.value)}
      />
    </ActionButton>
  )
}
