/** The stages of a call on a terminal, a line each, with particulars below. */
import { printableLine } from './printable.ts'

interface Step {
  readonly stage: string
  readonly verdict: 'pass' | 'refuse' | 'unknown'
  readonly text: string
  readonly details?: readonly string[]
  /** Code of the refusal; null or absent for none. */
  readonly refusal?: string | null
}

const marks = { pass: '✓', refuse: '✗', unknown: '?' } as const

export function stepsText(head: string, steps: readonly Step[]): string {
  const width = Math.max(0, ...steps.map(step => step.stage.length))
  const lines = steps.flatMap(({ stage, verdict, text, details = [], refusal = null }) => {
    const code = refusal === null ? '' : ` (${refusal})`
    const own = `  ${marks[verdict]} ${stage.padEnd(width)}  ${printableLine(text)}${code}`
    return [own, ...details.map(detail => `${' '.repeat(width + 6)}· ${printableLine(detail)}`)]
  })
  return [printableLine(head), ...lines, ''].join('\n')
}
