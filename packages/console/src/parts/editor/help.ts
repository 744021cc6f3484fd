/** What the editor offers while somebody writes, and says of a word. All texts are shown as text. */
import {
  autocompletion,
  type Completion,
  type CompletionContext,
  closeCompletion,
  completionStatus,
} from '@codemirror/autocomplete'
import { type Extension, Prec } from '@codemirror/state'
import { type EditorView, hoverTooltip, keymap } from '@codemirror/view'
import type { EditorComplete, EditorCompletion, EditorExplain } from './types.ts'

const types = { key: 'property', value: 'enum', name: 'variable' } as const satisfies Record<
  EditorCompletion['kind'],
  string
>

export function completing(complete: EditorComplete): Extension {
  const source = async (context: CompletionContext) => {
    const found = await complete(context.state.doc.toString(), context.pos)
    if (found === null || (!context.explicit && found.from === context.pos)) return null
    return { from: found.from, options: found.options.map(optionOf), validFor: /^[\w./-]*$/ }
  }
  return [
    // Before the library's own keys, which have the highest precedence too.
    Prec.highest(keymap.of([{ key: 'Escape', run: stopPending }])),
    autocompletion({ override: [source], icons: false }),
  ]
}

/**
 * Escape right after a word, while its completion is looked for and not yet shown, leaves the editor as any Escape
 * does: the library would take that key for the list that nobody sees, and the Tab after it would indent.
 */
function stopPending(view: EditorView): false {
  if (completionStatus(view.state) === 'pending') closeCompletion(view)
  return false
}

function optionOf({ label, kind, detail, info, insert }: EditorCompletion): Completion {
  return {
    label,
    type: types[kind],
    ...(detail === undefined ? {} : { detail }),
    ...(info === undefined ? {} : { info }),
    ...(insert === undefined ? {} : { apply: insert }),
  }
}

export function explaining(explain: EditorExplain): Extension {
  return hoverTooltip((view, pos) => {
    const said = explain(view.state.doc.toString(), pos)
    if (said === null) return null
    const create = () => {
      const dom = document.createElement('div')
      dom.className = 'cm-explained'
      dom.textContent = said
      return { dom }
    }
    return { pos, create }
  })
}
