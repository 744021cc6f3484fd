/**
 * A text editor for YAML and SQL, and a view of what differs between two texts. The library beneath it is loaded when a
 * page shows one, so that it costs the other pages nothing.
 */
import { lazy, Suspense } from 'react'
import { Loading } from '../states.tsx'
import type { DifferenceProps, EditorProps } from './types.ts'

export type { EditorCompletion, EditorCompletions, EditorProblem } from './types.ts'

const LazyEditor = lazy(() => import('./editor.tsx'))
const LazyDifference = lazy(() => import('./difference.tsx'))

/** The text stays the page's: it is given as `value`, and `onChange` says what was written. */
export function Editor(props: EditorProps) {
  return (
    <Suspense fallback={<Loading />}>
      <LazyEditor {...props} />
    </Suspense>
  )
}

/** The second text with what differs from the first one marked; long equal parts are folded. YAML. */
export function Difference(props: DifferenceProps) {
  return (
    <Suspense fallback={<Loading />}>
      <LazyDifference {...props} />
    </Suspense>
  )
}
