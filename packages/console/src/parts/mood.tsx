import type { ReactNode } from 'react'
import styles from './mood.module.css'

export type MoodName = 'good' | 'warn' | 'bad' | 'calm'

interface MoodProps {
  readonly is: MoodName
  readonly title?: string
  readonly children: ReactNode
}

/** A state in a word, with a dot in the colour of how good it is. */
export function Mood({ is, title, children }: MoodProps) {
  return (
    <span className={`${styles['mood']} ${styles[is]}`} title={title}>
      {children}
    </span>
  )
}
