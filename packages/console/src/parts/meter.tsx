import styles from './meter.module.css'

interface MeterProps {
  readonly label: string
  /** 0 to 1, and above. */
  readonly share: number
  /** What is held besides, 0 to 1. */
  readonly reserved?: number
  /** False where much is not near to anything bad, as in a share. */
  readonly warns?: boolean
}

const near = 0.8

/** How much of a whole is used. From four fifths on it is in another colour. */
export function Meter({ label, share, reserved = 0, warns = true }: MeterProps) {
  const shown = Math.min(1, Math.max(0, share))
  const held = Math.min(1 - shown, Math.max(0, reserved))
  const mood = styles[warns && share >= 1 ? 'full' : warns && share >= near ? 'near' : 'used'] ?? ''
  return (
    // biome-ignore lint/a11y/useSemanticElements: the element of HTML has no room for what is held besides.
    <div
      role="meter"
      className={styles['meter']}
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.round(shown * 100)}
    >
      <span className={mood} style={{ width: `${shown * 100}%` }} />
      <span className={`${mood} ${styles['reserved']}`} style={{ width: `${held * 100}%` }} />
    </div>
  )
}
