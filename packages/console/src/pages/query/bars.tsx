import { Foreign } from '../../parts/foreign.tsx'
import type { Bar } from './charted.ts'
import styles from './query.module.css'

/** A bar for each name. The figures beside them are exact. */
export function Bars({ label, bars }: { readonly label: string; readonly bars: readonly Bar[] }) {
  return (
    <ul className={styles['bars']} aria-label={label}>
      {bars.map(({ name, share, exact }, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: two rows may have the same name.
        <li key={at}>
          <span className={styles['barName']} title={name}>
            <Foreign text={name} />
          </span>
          <svg className={styles['bar']} viewBox="0 0 100 1" preserveAspectRatio="none" aria-hidden="true">
            <rect width={share * 100} height="1" />
          </svg>
          <span className={styles['barValue']}>{exact}</span>
        </li>
      ))}
    </ul>
  )
}
