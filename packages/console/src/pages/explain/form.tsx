import {
  Autocomplete,
  Button,
  Collapse,
  Group,
  Select,
  Stack,
  TagsInput,
  Textarea,
  TextInput,
  UnstyledButton,
} from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { shownText } from '../../parts/foreign.tsx'
import { Icon } from '../../parts/icons.tsx'
import { explain as text } from '../../texts/explain.ts'
import { type Asked, methods } from './asked.ts'
import { recentCallers, recentCalls } from './query.ts'

interface FormProps {
  readonly asked: Asked
  readonly onAsk: (asked: Asked) => void
}

/** Who calls what. */
export function Form({ asked, onAsk }: FormProps) {
  const [written, setWritten] = useState(asked)
  const [isMore, setIsMore] = useState(asked.header !== '' || asked.scopes.length > 0 || asked.body !== '')
  const { data: recent = { urls: [], models: [] } } = useQuery(recentCalls())
  const set = (changes: Partial<Asked>): void => setWritten({ ...written, ...changes })
  const submit = (event: FormEvent): void => {
    event.preventDefault()
    onAsk({ ...written, caller: keyIn(written.caller), url: written.url.trim() })
  }
  const isSelf = written.caller === 'self'
  return (
    <form onSubmit={submit} aria-label={text.call}>
      <Stack gap="sm">
        <CallerField value={written.caller} onChange={caller => set({ caller })} />
        {!isSelf && written.caller !== '' && (
          <>
            <Tags
              label={text.groups}
              help={text.groupsHelp}
              value={written.groups}
              onChange={groups => set({ groups })}
            />
            <Tags label={text.roles} value={written.roles} onChange={roles => set({ roles })} />
          </>
        )}
        <Autocomplete
          label={text.url}
          placeholder={text.urlPlaceholder}
          data={[...recent.urls]}
          limit={12}
          value={written.url}
          required
          withAsterisk={false}
          onChange={address => set({ url: address })}
        />
        <Group gap="xs" wrap="nowrap" align="flex-start">
          <Select
            w={104}
            label={text.method}
            data={[...methods]}
            value={written.method}
            allowDeselect={false}
            onChange={method => set({ method: method ?? 'POST' })}
          />
          <Autocomplete
            flex={1}
            label={text.model}
            placeholder={text.modelHelp}
            data={[...recent.models]}
            limit={12}
            value={written.model}
            onChange={model => set({ model })}
          />
        </Group>
        <UnstyledButton onClick={() => setIsMore(!isMore)} aria-expanded={isMore} fz="sm">
          <Group gap={6}>
            <Icon name={isMore ? 'down' : 'right'} size={12} />
            {text.more}
          </Group>
        </UnstyledButton>
        <Collapse expanded={isMore} transitionDuration={0}>
          <Stack gap="sm">
            <TextInput
              label={text.header}
              value={written.header}
              onChange={event => set({ header: event.currentTarget.value })}
            />
            {!isSelf && <Tags label={text.scopes} value={written.scopes} onChange={scopes => set({ scopes })} />}
            <Textarea
              label={text.body}
              description={text.bodyHelp}
              value={written.body}
              autosize
              minRows={4}
              maxRows={16}
              onChange={event => set({ body: event.currentTarget.value })}
            />
          </Stack>
        </Collapse>
        <Group>
          <Button type="submit">{text.submit}</Button>
        </Group>
      </Stack>
    </form>
  )
}

interface CallerFieldProps {
  readonly value: string
  readonly onChange: (caller: string) => void
}

function CallerField({ value, onChange }: CallerFieldProps) {
  const { data: callers = [] } = useQuery(recentCallers())
  const isSelf = value === 'self'
  const options = [...new Set(callers.map(({ name, key }) => (name === key ? key : `${shownText(name)} · ${key}`)))]
  return (
    <Group gap="xs" wrap="nowrap" align="flex-end">
      <Autocomplete
        flex={1}
        label={text.caller}
        description={isSelf ? null : text.callerHelp}
        placeholder={text.callerPlaceholder}
        data={options}
        limit={20}
        value={isSelf ? text.selfShown : value}
        readOnly={isSelf}
        onChange={onChange}
        onOptionSubmit={chosen => onChange(keyIn(chosen))}
      />
      <Button
        variant={isSelf ? 'filled' : 'default'}
        aria-pressed={isSelf}
        onClick={() => onChange(isSelf ? '' : 'self')}
      >
        {text.self}
      </Button>
    </Group>
  )
}

/** The key at the end of an option, or what was written. */
function keyIn(written: string): string {
  return /(?:user|app):\S+$/.exec(written.trim())?.[0] ?? written.trim()
}

interface TagsProps {
  readonly label: string
  readonly help?: string
  readonly value: readonly string[]
  readonly onChange: (value: string[]) => void
}

function Tags({ label, help, value, onChange }: TagsProps) {
  return (
    <TagsInput
      label={label}
      description={help ?? null}
      value={[...value]}
      onChange={onChange}
      acceptValueOnBlur
      splitChars={[',', ' ']}
    />
  )
}
