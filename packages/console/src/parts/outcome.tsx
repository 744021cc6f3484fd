import { records as text } from '../texts/records.ts'
import styles from './outcome.module.css'

interface OutcomeProps {
  readonly outcome: keyof typeof text.outcomes
  readonly code: string | null
}

/** How an exchange ended: a mark of its own form per outcome, so that colour is not all that tells. */
export function Outcome({ outcome, code }: OutcomeProps) {
  return (
    <span className={`${styles['outcome']} ${styles[outcome]}`} title={code ?? undefined} data-outcome={outcome}>
      <span aria-hidden="true">{marks[outcome]}</span> {code ?? text.outcomes[outcome]}
    </span>
  )
}

const marks = { completed: '●', refused: '■', failed: '▲', aborted: '◆', interrupted: '✕' } as const
