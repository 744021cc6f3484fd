/** What the editor and the view of differences take. */

/** A message at a place of the text. */
export interface EditorProblem {
  /** From 1; a line beyond the text is its last one. */
  readonly line: number
  /** From 1. */
  readonly column: number
  readonly severity: 'error' | 'warning'
  readonly message: string
}

export interface EditorCompletion {
  readonly label: string
  readonly kind: 'key' | 'value' | 'name'
  /** Beside the label, in a few words. */
  readonly detail?: string
  /** What it means, as plain text. */
  readonly info?: string
  /** What is inserted; default: the label. */
  readonly insert?: string
}

/** What can be written at a place of the text: it replaces what is between `from` and the place. */
export interface EditorCompletions {
  readonly from: number
  readonly options: readonly EditorCompletion[]
}

/** @param at offset in the text, in UTF-16 units. @returns null where there is nothing to offer. */
export type EditorComplete = (text: string, at: number) => EditorCompletions | null | Promise<EditorCompletions | null>

/** What is said of the word at a place, as plain text; null where nothing is known of it. */
export type EditorExplain = (text: string, at: number) => string | null

export interface EditorProps {
  /** Name of the field, for those who hear the page. */
  readonly label: string
  readonly value: string
  /** JSON is YAML too. */
  readonly language: 'yaml' | 'sql'
  readonly onChange?: (text: string) => void
  /** Ctrl Enter, or ⌘ Enter. */
  readonly onSubmit?: () => void
  readonly readOnly?: boolean
  readonly problems?: readonly EditorProblem[]
  /** What is offered while somebody writes, and with Ctrl Space. */
  readonly complete?: EditorComplete
  /** What a word means, shown when the pointer rests on it. */
  readonly explain?: EditorExplain
  /** SQL: columns by table, offered while somebody writes. The same object is not read twice. */
  readonly tables?: Readonly<Record<string, readonly string[]>>
  /** Least and largest height in px; in between it is as high as its text. Default 120 and 640. */
  readonly heights?: readonly [least: number, largest: number]
  /** Puts the cursor at a place and shows it, whenever another object is given. */
  readonly goTo?: { readonly line: number; readonly column: number } | null
  /** Writes a text in place of the selection, whenever another object is given. */
  readonly insert?: { readonly text: string } | null
}

export interface DifferenceProps {
  readonly label: string
  readonly before: string
  readonly after: string
}
