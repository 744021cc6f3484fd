import { yaml } from '@codemirror/lang-yaml'
import { unifiedMergeView } from '@codemirror/merge'
import { EditorState } from '@codemirror/state'
import { EditorView, lineNumbers } from '@codemirror/view'
import { useComputedColorScheme } from '@mantine/core'
import { useEffect, useRef } from 'react'
import { writing } from './extensions.ts'
import { look, shared } from './look.ts'
import type { DifferenceProps } from './types.ts'

const heights = [60, 560] as const

/** Lines around a difference that are shown; equal parts shorter than the second figure are not folded. */
const folded = { margin: 3, minSize: 6 } as const

export default function TextDifference({ label, before, after }: DifferenceProps) {
  const isDark = useComputedColorScheme('light') === 'dark'
  const place = useRef<HTMLDivElement>(null)
  useEffect(() => {
    if (place.current === null) return
    const extensions = [
      shared,
      lineNumbers(),
      look(isDark, heights),
      marks,
      yaml(),
      writing(label, true),
      unifiedMergeView({ original: before, mergeControls: false, gutter: true, collapseUnchanged: folded }),
    ]
    const state = EditorState.create({ doc: after, extensions })
    const view = new EditorView({ parent: place.current, state })
    return () => view.destroy()
  }, [label, before, after, isDark])
  return <div ref={place} />
}

/** What differs is told by its sign too, not by its colour alone. */
const marks = EditorView.theme({
  '& .cm-changedLine.cm-changedLine.cm-changedLine': {
    backgroundColor: 'color-mix(in srgb, var(--good) 10%, var(--panel))',
  },
  '& .cm-deletedChunk.cm-deletedChunk.cm-deletedChunk': {
    backgroundColor: 'color-mix(in srgb, var(--bad) 9%, var(--panel))',
    paddingLeft: '6px',
  },
  '& .cm-changedText.cm-changedText.cm-changedText': {
    background: 'color-mix(in srgb, var(--good) 16%, var(--panel))',
  },
  '& .cm-deletedText.cm-deletedText.cm-deletedText': {
    background: 'color-mix(in srgb, var(--bad) 14%, var(--panel))',
  },
  '.cm-deletedLine, .cm-deletedLine del': { textDecoration: 'none' },
  '.cm-deletedLine::before': { content: '"− "', color: 'var(--bad)' },
  '.cm-changedLine::before': { content: '"+ "', color: 'var(--good)' },
  // Its own signs are in few fonts.
  '.cm-collapsedLines:before, .cm-collapsedLines:after': { content: '"···"' },
  '.cm-collapsedLines': {
    background: 'var(--page)',
    color: 'var(--mantine-color-dimmed)',
    padding: '4px 8px',
  },
})
