/** What the editor offers while somebody writes, and says of a word. All texts are shown as text. */
import { autocompletion, type Completion, type CompletionContext, completionKeymap } from '@codemirror/autocomplete'
import type { Extension } from '@codemirror/state'
import { hoverTooltip, keymap } from '@codemirror/view'
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
  return [autocompletion({ override: [source], icons: false }), keymap.of(completionKeymap)]
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
