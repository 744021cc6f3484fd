import { SimpleGrid, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import { type Place, paths } from '../../app/paths.ts'
import { PlaceLink } from '../../app/place-link.tsx'
import { asCost } from '../../format/cost.ts'
import { asPercent, change, humane } from '../../format/number.ts'
import { Costs, Count, Duration } from '../../parts/figures.tsx'
import { overview as text } from '../../texts/overview.ts'
import styles from './overview.module.css'
import type { Figures } from './query.ts'

interface FigureCardsProps {
  readonly now: Figures
  /** Null until it is known. */
  readonly past: Figures | null
}

/** The sums of the period. Each leads to its records. */
export function FigureCards({ now, past }: FigureCardsProps) {
  const share = (calls: number): string => text.ofCalls(asPercent(now.calls === 0 ? 0 : calls / now.calls))
  return (
    <SimpleGrid component="section" cols={{ base: 2, sm: 3, xl: 6 }} spacing="sm" aria-label={text.figures}>
      <Card
        title={text.calls}
        place={paths.records()}
        detail={now.copies === 0 ? '' : text.copies(humane(now.copies))}
        delta={delta(now, past, one => one.calls)}
      >
        <Count value={now.calls} />
      </Card>
      <Card
        title={text.tokens}
        place={paths.records()}
        detail={tokenParts(now)}
        delta={delta(now, past, one => one.totalTokens)}
      >
        <Count value={now.totalTokens} />
      </Card>
      <Card title={text.cost} place={paths.records()} detail={costDetail(now)} delta={delta(now, past, nanoOf)}>
        <Costs costs={now.costs} />
      </Card>
      <Card
        title={text.errors}
        place={paths.records({ outcome: 'failed' })}
        detail={share(now.failed)}
        delta={delta(now, past, one => one.failed, 'less')}
      >
        <Count value={now.failed} />
      </Card>
      <Card
        title={text.refusals}
        place={paths.records({ outcome: 'refused' })}
        detail={share(now.refused)}
        delta={delta(now, past, one => one.refused, 'less')}
      >
        <Count value={now.refused} />
      </Card>
      <Card
        title={text.duration}
        place={paths.records()}
        detail=""
        delta={delta(now, past, one => one.averageDurationMs ?? 0, 'less')}
      >
        <Duration ms={now.averageDurationMs} />
      </Card>
    </SimpleGrid>
  )
}

function tokenParts({ promptTokens, cachedTokens, completionTokens, reasoningTokens }: Figures): string {
  return text.tokenParts(humane(promptTokens), humane(cachedTokens), humane(completionTokens), humane(reasoningTokens))
}

function costDetail({ unpricedCalls, costs, calls }: Figures): string {
  const [cost] = costs
  if (unpricedCalls > 0) return text.unpriced(humane(unpricedCalls))
  return cost === undefined ? '' : text.perCall(asCost({ ...cost, nano: Math.round(cost.nano / Math.max(1, calls)) }))
}

function nanoOf({ costs }: Figures): number {
  return costs[0]?.nano ?? 0
}

/** Beyond it a share says less than a multiple. */
const timesFrom = 4

interface Delta {
  readonly said: string
  /** `good` and `bad` where a direction is wanted. */
  readonly mood: 'good' | 'bad' | 'calm'
}

function delta(now: Figures, past: Figures | null, read: (one: Figures) => number, wanted?: 'less'): Delta | null {
  if (past === null) return null
  const changed = change(read(now), read(past))
  if (changed === null) return { said: text.noneBefore, mood: 'calm' }
  const rounded = Math.round(changed * 1_000) / 1_000
  if (rounded === 0) return { said: text.unchanged, mood: 'calm' }
  if (rounded >= timesFrom) return { said: text.times(humane(Math.round(rounded + 1))), mood: 'calm' }
  const mood = wanted === undefined ? 'calm' : rounded < 0 ? 'good' : 'bad'
  return { said: text.changed(`${rounded > 0 ? '+' : '−'}${asPercent(Math.abs(rounded))}`), mood }
}

interface CardProps {
  readonly title: string
  readonly place: Place
  readonly detail: string
  readonly delta: Delta | null
  readonly children: ReactNode
}

function Card({ title, place, detail, delta, children }: CardProps) {
  return (
    <div className={styles['card']}>
      <Text size="xs" c="dimmed">
        {title}
      </Text>
      <PlaceLink place={place} className={styles['figure'] ?? ''} underline="hover" c="var(--mantine-color-text)">
        {children}
      </PlaceLink>
      <Text size="xs" c="dimmed">
        {detail}
      </Text>
      <Text size="xs" className={styles[delta?.mood ?? 'calm'] ?? ''}>
        {delta?.said}
      </Text>
    </div>
  )
}
