/** What the editor can do: keys, languages, and whether it may be written into. */
import { defaultKeymap, history, historyKeymap, indentWithTab } from '@codemirror/commands'
import { sql } from '@codemirror/lang-sql'
import { yaml } from '@codemirror/lang-yaml'
import { bracketMatching, foldGutter, foldKeymap, indentOnInput } from '@codemirror/language'
import { lintGutter, lintKeymap } from '@codemirror/lint'
import { highlightSelectionMatches, searchKeymap } from '@codemirror/search'
import { EditorState, type Extension, Prec } from '@codemirror/state'
import { drawSelection, EditorView, keymap, lineNumbers } from '@codemirror/view'
import type { EditorProps } from './types.ts'

export const basics: Extension = [
  lineNumbers(),
  lintGutter(),
  foldGutter(),
  history(),
  drawSelection(),
  indentOnInput(),
  bracketMatching(),
  highlightSelectionMatches(),
  keymap.of([...defaultKeymap, ...historyKeymap, ...searchKeymap, ...foldKeymap, ...lintKeymap]),
]

/** Before all other keys: the library gives Ctrl Enter a new line. */
export function submitting(submit: () => void): Extension {
  const run = (): boolean => {
    submit()
    return true
  }
  return Prec.highest(keymap.of([{ key: 'Mod-Enter', run }]))
}

export function languageOf(language: EditorProps['language'], tables: EditorProps['tables']): Extension {
  if (language === 'yaml') return yaml()
  const schema = Object.fromEntries(Object.entries(tables ?? {}).map(([name, columns]) => [name, [...columns]]))
  return sql({ schema, upperCaseKeywords: false })
}

/** Tab indents where one may write; Escape and then Tab leaves the editor, as Tab alone does where one may not. */
export function writing(label: string, readOnly: boolean): Extension {
  return [
    EditorState.readOnly.of(readOnly),
    // What scrolls must be reached by the keyboard, also where nothing may be written.
    EditorView.contentAttributes.of({ 'aria-label': label, 'aria-readonly': String(readOnly), tabindex: '0' }),
    readOnly ? [] : keymap.of([indentWithTab]),
  ]
}
