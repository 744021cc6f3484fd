import { Textarea } from '@mantine/core'
import { type KeyboardEvent, useEffect, useRef } from 'react'
import type { Place } from '../../api/errors.ts'
import { query as text } from '../../texts/query.ts'

interface SqlFieldProps {
  readonly value: string
  readonly onChange: (sql: string) => void
  readonly onSubmit: () => void
  readonly goTo: Place | null
}

export function SqlField({ value, onChange, onSubmit, goTo }: SqlFieldProps) {
  const field = useRef<HTMLTextAreaElement>(null)
  // biome-ignore lint/correctness/useExhaustiveDependencies: the cursor moves when another place is given.
  useEffect(() => {
    if (goTo === null) return
    const before = value.split('\n').slice(0, goTo.line - 1)
    const at = before.reduce((sum, line) => sum + line.length + 1, 0) + goTo.column - 1
    field.current?.focus()
    field.current?.setSelectionRange(at, at)
  }, [goTo])
  const pressed = (event: KeyboardEvent): void => {
    if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return
    event.preventDefault()
    onSubmit()
  }
  return (
    <Textarea
      ref={field}
      aria-label={text.editor}
      autosize
      minRows={8}
      maxRows={24}
      spellCheck={false}
      styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)' } }}
      value={value}
      onChange={event => onChange(event.currentTarget.value)}
      onKeyDown={pressed}
    />
  )
}
