import { Text } from '@mantine/core'
import type { ReactNode } from 'react'
import styles from './sums.module.css'

/** A row of figures, each with its name above and what it is made of below. */
export function Sums({ children }: { readonly children: ReactNode }) {
  return <div className={styles['sums']}>{children}</div>
}

interface SumProps {
  readonly title: string
  readonly detail?: string
  readonly children: ReactNode
}

export function Sum({ title, detail = '', children }: SumProps) {
  return (
    <div>
      <Text size="xs" c="dimmed">
        {title}
      </Text>
      <div className={styles['figure']}>{children}</div>
      <Text size="xs" c="dimmed">
        {detail}
      </Text>
    </div>
  )
}
