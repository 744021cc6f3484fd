import { Compartment, EditorState, type Extension, Transaction } from '@codemirror/state'
import { EditorView } from '@codemirror/view'
import { useComputedColorScheme } from '@mantine/core'
import { useEffect, useEffectEvent, useRef } from 'react'
import { editor as text } from '../../texts/editor.ts'
import styles from './editor.module.css'
import { basics, languageOf, submitting, writing } from './extensions.ts'
import { completing, explaining } from './help.ts'
import { look, shared } from './look.ts'
import { marked, placeOf } from './problems.ts'
import type { EditorProps } from './types.ts'

const heightsByDefault = [120, 640] as const

/** What can change while the editor is open, each in a place of its own. */
const parts = { look: new Compartment(), language: new Compartment(), access: new Compartment() } as const

export default function CodeEditor(props: EditorProps) {
  const { label, value, language, tables, readOnly = false, problems, goTo = null, insert = null, onSubmit } = props
  const [least, largest] = props.heights ?? heightsByDefault
  const isDark = useComputedColorScheme('light') === 'dark'
  const place = useRef<HTMLDivElement>(null)
  const view = useRef<EditorView | null>(null)
  const wrote = useEffectEvent((written: string) => props.onChange?.(written))
  const submit = useEffectEvent(() => onSubmit?.())
  const complete = useEffectEvent((written: string, at: number) => props.complete?.(written, at) ?? null)
  const explain = useEffectEvent((written: string, at: number) => props.explain?.(written, at) ?? null)
  const completes = props.complete !== undefined
  const begin = useEffectEvent((parent: HTMLElement) => {
    const extensions: Extension = [
      submitting(() => submit()),
      shared,
      basics,
      completes ? completing((written, at) => complete(written, at)) : [],
      explaining((written, at) => explain(written, at)),
      parts.look.of(look(isDark, [least, largest])),
      parts.language.of(languageOf(language, tables)),
      parts.access.of(writing(label, readOnly)),
      EditorView.updateListener.of(update => {
        const isOwn = update.transactions.some(one => one.annotation(Transaction.remote) !== true)
        if (update.docChanged && isOwn) wrote(update.state.doc.toString())
      }),
    ]
    return new EditorView({ parent, state: EditorState.create({ doc: value, extensions }) })
  })
  useEffect(() => {
    if (place.current === null) return
    const opened = begin(place.current)
    view.current = opened
    return () => {
      view.current = null
      opened.destroy()
    }
  }, [])
  useEffect(() => {
    view.current?.dispatch({ effects: parts.look.reconfigure(look(isDark, [least, largest])) })
  }, [isDark, least, largest])
  useEffect(() => {
    view.current?.dispatch({ effects: parts.language.reconfigure(languageOf(language, tables)) })
  }, [language, tables])
  useEffect(() => {
    view.current?.dispatch({ effects: parts.access.reconfigure(writing(label, readOnly)) })
  }, [label, readOnly])
  useEffect(() => {
    const open = view.current
    if (open === null || open.state.doc.toString() === value) return
    const changes = { from: 0, to: open.state.doc.length, insert: value }
    open.dispatch({ changes, annotations: Transaction.remote.of(true) })
  }, [value])
  useEffect(() => {
    const open = view.current
    if (open !== null) open.dispatch(marked(open.state, problems ?? []))
  }, [problems])
  useEffect(() => {
    const open = view.current
    if (open === null || goTo === null) return
    open.dispatch({ selection: { anchor: placeOf(open.state.doc, goTo) }, scrollIntoView: true })
    open.focus()
  }, [goTo])
  useEffect(() => {
    const open = view.current
    if (open === null || insert === null) return
    open.dispatch(open.state.replaceSelection(insert.text))
    open.focus()
  }, [insert])
  return (
    <div className={styles['editor']}>
      <div ref={place} />
      {!readOnly && <p className={styles['keys']}>{onSubmit === undefined ? text.keys : text.keysWithSubmit}</p>}
    </div>
  )
}
