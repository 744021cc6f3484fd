import { type Diagnostic, setDiagnostics } from '@codemirror/lint'
import type { EditorState, Text, TransactionSpec } from '@codemirror/state'
import type { EditorProblem } from './types.ts'

/** Offset of a line and a column, which are kept within the text. */
export function placeOf(doc: Text, { line, column }: Pick<EditorProblem, 'line' | 'column'>): number {
  const { from, to } = doc.line(Math.min(Math.max(1, line), doc.lines))
  return Math.min(from + Math.max(0, column - 1), to)
}

/** Marks the text with messages, in the place of those that it had. */
export function marked(state: EditorState, problems: readonly EditorProblem[]): TransactionSpec {
  return setDiagnostics(
    state,
    problems.map(problem => diagnosticOf(state.doc, problem)),
  )
}

/** A message is of the word at its place, or of the rest of the line where no word begins. */
function diagnosticOf(doc: Text, problem: EditorProblem): Diagnostic {
  const from = placeOf(doc, problem)
  const rest = doc.sliceString(from, doc.lineAt(from).to)
  const word = /^[\w.$-]+/.exec(rest)?.[0] ?? rest
  return { from, to: from + word.length, severity: problem.severity, message: problem.message }
}
