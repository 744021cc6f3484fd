import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { ApiError, type Place } from '../../api/errors.ts'
import { Editor, type EditorProblem } from '../../parts/editor/index.tsx'
import { query as text } from '../../texts/query.ts'
import { completionsAt, explainedAt, offered } from './help.ts'
import { schema } from './query.ts'
import type { RunState } from './use-run.ts'

const heights = [180, 480] as const

interface SqlEditorProps {
  readonly sql: string
  readonly state: RunState
  readonly onChange: (sql: string) => void
  readonly onSubmit: () => void
  readonly goTo: Place | null
  readonly insert: { readonly text: string } | null
}

/** The editor with the schema at hand, and the fault of the last run at its place. */
export function SqlEditor({ sql, state, onChange, onSubmit, goTo, insert }: SqlEditorProps) {
  const { data } = useQuery(schema)
  const options = useMemo(() => offered(data), [data])
  const problems = useMemo(() => problemsOf(state), [state])
  return (
    <Editor
      label={text.editor}
      language="sql"
      value={sql}
      onChange={onChange}
      onSubmit={onSubmit}
      problems={problems}
      complete={(written, at) => completionsAt(options, written, at)}
      explain={(written, at) => explainedAt(data, written, at)}
      heights={heights}
      goTo={goTo}
      insert={insert}
    />
  )
}

function problemsOf(state: RunState): readonly EditorProblem[] {
  if (state.kind !== 'failed' || !(state.error instanceof ApiError) || state.error.place === null) return []
  return [{ ...state.error.place, severity: 'error', message: state.error.message }]
}
