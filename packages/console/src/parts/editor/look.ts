/** How the editor looks: the colours of the page, in both themes. */
import { HighlightStyle, syntaxHighlighting } from '@codemirror/language'
import { EditorState, type Extension } from '@codemirror/state'
import { EditorView } from '@codemirror/view'
import { tags } from '@lezer/highlight'
import { getNonce } from 'get-nonce'
import { editor as text } from '../../texts/editor.ts'

const colours = HighlightStyle.define([
  { tag: [tags.propertyName, tags.definition(tags.propertyName), tags.keyword], color: 'var(--series-1)' },
  { tag: [tags.string, tags.special(tags.string), tags.attributeValue], color: 'var(--good)' },
  { tag: [tags.number, tags.bool, tags.null, tags.labelName, tags.typeName], color: 'var(--series-3)' },
  { tag: [tags.comment, tags.meta], color: 'var(--mantine-color-dimmed)', fontStyle: 'italic' },
  { tag: tags.invalid, color: 'var(--bad)' },
])

const rules = {
  '&': {
    fontSize: 'var(--mantine-font-size-sm)',
    backgroundColor: 'var(--panel)',
    color: 'var(--mantine-color-text)',
    border: '1px solid var(--line)',
    borderRadius: '4px',
  },
  '&.cm-focused': { outline: '2px solid var(--mantine-color-anchor)', outlineOffset: '1px' },
  '.cm-scroller': { fontFamily: 'var(--mantine-font-family-monospace)', lineHeight: '1.5' },
  '.cm-content': { caretColor: 'var(--mantine-color-text)', overflowWrap: 'normal' },
  '.cm-cursor': { borderLeftColor: 'var(--mantine-color-text)' },
  '.cm-gutters': {
    backgroundColor: 'var(--panel)',
    color: 'var(--mantine-color-dimmed)',
    borderRight: '1px solid var(--line)',
  },
  '.cm-activeLine, .cm-activeLineGutter': { backgroundColor: 'transparent' },
  '.cm-panels': { backgroundColor: 'var(--page)', color: 'var(--mantine-color-text)' },
  '.cm-tooltip': {
    backgroundColor: 'var(--panel)',
    color: 'var(--mantine-color-text)',
    border: '1px solid var(--line)',
    borderRadius: '4px',
    maxWidth: 'min(420px, 90vw)',
  },
  '.cm-tooltip-autocomplete > ul': { fontFamily: 'var(--mantine-font-family-monospace)' },
  '.cm-tooltip-autocomplete > ul > li[aria-selected]': {
    backgroundColor: 'var(--mantine-primary-color-filled)',
    color: '#fff',
  },
  '.cm-completionDetail': { opacity: '0.85' },
  '.cm-explained, .cm-completionInfo': { padding: '6px 10px', whiteSpace: 'pre-wrap' },
} as const

const light = EditorView.theme(rules)
const dark = EditorView.theme(rules, { dark: true })

/** @param heights least and largest, in px. */
export function look(isDark: boolean, [least, largest]: readonly [number, number]): Extension {
  return [
    isDark ? dark : light,
    EditorView.theme({ '.cm-scroller': { minHeight: `${least}px`, maxHeight: `${largest}px`, overflow: 'auto' } }),
    syntaxHighlighting(colours),
  ]
}

/** What every editor has: styles that the page's policy takes, and the library's words. */
export const shared: Extension = [
  EditorView.cspNonce.of(getNonce() ?? ''),
  EditorState.phrases.of(text.phrases),
  EditorState.tabSize.of(2),
]
