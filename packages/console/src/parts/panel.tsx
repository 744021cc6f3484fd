import { Group, Title } from '@mantine/core'
import type { ReactNode } from 'react'
import styles from './panel.module.css'

interface PanelProps {
  readonly title?: string
  /** Beside the title, to the right. */
  readonly aside?: ReactNode
  readonly children: ReactNode
}

export function Panel({ title, aside, children }: PanelProps) {
  return (
    <section className={styles['panel']} aria-label={title}>
      {title !== undefined && (
        <Group justify="space-between" gap="sm" mb="xs">
          <Title order={2} size="md" fw={600}>
            {title}
          </Title>
          {aside}
        </Group>
      )}
      {children}
    </section>
  )
}

interface PageProps {
  readonly title: string
  /** Beside the title, to the right. */
  readonly aside?: ReactNode
  readonly children: ReactNode
}

/** The frame of every page: its title, what can be done with it, its content. */
export function Page({ title, aside, children }: PageProps) {
  return (
    <div className={styles['page']}>
      <title>{`${title} · Gatehouse`}</title>
      <Group justify="space-between" gap="sm" mih={32}>
        <Title order={1} size="xl" fw={650}>
          {title}
        </Title>
        {aside}
      </Group>
      {children}
    </div>
  )
}
