import { ActionIcon, Button, FileButton, Group, Text, Textarea } from '@mantine/core'
import { type ClipboardEvent, type DragEvent, type KeyboardEvent, useState } from 'react'
import { Icon } from '../../parts/icons.tsx'
import { playground as text } from '../../texts/playground.ts'
import { type PictureFault, pictureOf, picturesMax, pictureTypes } from './images.ts'
import { Picture } from './message-views.tsx'
import type { UserMessage } from './messages.ts'
import styles from './playground.module.css'
import { talk } from './talk.ts'

interface ComposerProps {
  readonly draft: UserMessage
  readonly isRunning: boolean
  /** Why nothing can be sent, in words; null when it can. */
  readonly obstacle: string | null
  readonly onSend: () => void
}

/** What is asked next. */
export function Composer({ draft, isRunning, obstacle, onSend }: ComposerProps) {
  const [fault, setFault] = useState<PictureFault | 'many' | null>(null)
  const isEmpty = draft.text.trim() === '' && draft.images.length === 0
  const maySend = !isEmpty && !isRunning && obstacle === null
  const add = async (files: readonly File[]): Promise<void> => {
    setFault(null)
    for (const file of files) {
      const read = await pictureOf(file)
      const { draft: now } = talk.state()
      if ('fault' in read) setFault(read.fault)
      else if (now.images.length >= picturesMax) setFault('many')
      else talk.write({ draft: { ...now, images: [...now.images, read.address] } })
    }
  }
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === 'Escape' && isRunning) talk.stop()
    if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return
    event.preventDefault()
    if (maySend) onSend()
  }
  const onPaste = (event: ClipboardEvent): void => {
    const files = [...event.clipboardData.files]
    if (files.length > 0) event.preventDefault()
    void add(files)
  }
  const onDrop = (event: DragEvent): void => {
    event.preventDefault()
    void add([...event.dataTransfer.files])
  }
  const said = fault === 'many' ? text.picturesMost(picturesMax) : fault === null ? obstacle : text.pictureFaults[fault]
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset would be announced with a legend.
    <div
      role="group"
      aria-label={text.question}
      className={styles['composer']}
      onDrop={onDrop}
      onDragOver={event => event.preventDefault()}
    >
      <Pictures
        images={draft.images}
        onRemove={at => talk.write({ draft: { ...draft, images: draft.images.toSpliced(at, 1) } })}
      />
      <Textarea
        aria-label={text.question}
        placeholder={text.questionPlaceholder}
        value={draft.text}
        onChange={event => talk.write({ draft: { ...draft, text: event.currentTarget.value } })}
        onKeyDown={onKeyDown}
        onPaste={onPaste}
        autosize
        minRows={2}
        maxRows={12}
      />
      <Group justify="space-between" gap="xs" mt={6}>
        <Text size="xs" c="dimmed" role="status">
          {said ?? text.keys}
        </Text>
        <Group gap="xs">
          <FileButton onChange={files => void add(files)} accept={pictureTypes.join(',')} multiple>
            {props => (
              <Button {...props} size="xs" variant="default" leftSection={<Icon name="image" />}>
                {text.addImage}
              </Button>
            )}
          </FileButton>
          {isRunning ? (
            <Button size="xs" color="red" variant="light" onClick={() => talk.stop()}>
              {text.stop}
            </Button>
          ) : (
            <Button size="xs" disabled={!maySend} onClick={onSend}>
              {text.send}
            </Button>
          )}
        </Group>
      </Group>
    </div>
  )
}

interface PicturesProps {
  readonly images: readonly string[]
  readonly onRemove: (at: number) => void
}

function Pictures({ images, onRemove }: PicturesProps) {
  if (images.length === 0) return null
  return (
    <Group gap="xs" mb={6}>
      {images.map((address, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: equal images may be there twice.
        <div key={index} className={styles['attached']}>
          <Picture address={address} label={text.image(index + 1)} />
          <ActionIcon
            size="xs"
            variant="default"
            aria-label={text.removeImage(index + 1)}
            onClick={() => onRemove(index)}
          >
            <Icon name="close" size={10} />
          </ActionIcon>
        </div>
      ))}
    </Group>
  )
}
