import type { ReactNode } from 'react'
import styles from './fact-list.module.css'

/** Names with their values, a line each. Its children are `Fact`s. */
export function FactList({ children }: { readonly children: ReactNode }) {
  return <dl className={styles['facts']}>{children}</dl>
}

export function Fact({ name, children }: { readonly name: string; readonly children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  )
}
