import { SimpleGrid, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import { type Place, paths } from '../../app/paths.ts'
import { PlaceLink } from '../../app/place-link.tsx'
import { asCost, asCosts } from '../../format/cost.ts'
import { asPercent, change, humane } from '../../format/number.ts'
import { asDuration } from '../../format/time.ts'
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
        delta={past?.calls === 0 ? { said: text.noCallsBefore, mood: 'calm' } : delta(now, past, one => one.calls)}
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
      <Card
        title={text.cost}
        place={paths.records()}
        detail={costDetail(now)}
        delta={delta(now, past, nanoOf, {
          say: nano => asCosts(past?.costs.slice(0, 1).map(cost => ({ ...cost, nano })) ?? []),
        })}
      >
        <Costs costs={now.costs} />
      </Card>
      <Card
        title={text.errors}
        place={paths.records({ outcome: 'failed' })}
        detail={share(now.failed)}
        delta={delta(now, past, one => one.failed, { wanted: 'less' })}
      >
        <Count value={now.failed} />
      </Card>
      <Card
        title={text.refusals}
        place={paths.records({ outcome: 'refused' })}
        detail={share(now.refused)}
        delta={delta(now, past, one => one.refused, { wanted: 'less' })}
      >
        <Count value={now.refused} />
      </Card>
      <Card
        title={text.duration}
        place={paths.records()}
        detail=""
        delta={delta(now, past, one => one.averageDurationMs ?? 0, { wanted: 'less', say: asDuration })}
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

/** Below it a share of few says too much. */
const fewest = 10

interface Delta {
  readonly said: string
  /** `good` and `bad` where a direction is wanted. */
  readonly mood: 'good' | 'bad' | 'calm'
}

interface Compared {
  /** Where a direction is wanted. */
  readonly wanted?: 'less'
  readonly say?: (value: number) => string
}

/** @returns null where there is nothing to compare with. */
function delta(
  now: Figures,
  past: Figures | null,
  read: (one: Figures) => number,
  { wanted, say = humane }: Compared = {},
): Delta | null {
  if (past === null || past.calls === 0) return null
  const before = say(read(past))
  const changed = change(read(now), read(past))
  if (changed === null) return { said: text.noneBefore, mood: 'calm' }
  const rounded = Math.round(changed * 1_000) / 1_000
  if (rounded === 0) return { said: text.unchanged, mood: 'calm' }
  if (rounded >= timesFrom || past.calls < fewest) return { said: text.was(before), mood: 'calm' }
  const mood = wanted === undefined ? 'calm' : rounded < 0 ? 'good' : 'bad'
  return { said: text.changed(`${rounded > 0 ? '+' : '−'}${asPercent(Math.abs(rounded))}`, before), mood }
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
      <Text size="xs" className={`${styles['delta']} ${styles[delta?.mood ?? 'calm']}`}>
        {delta?.said}
      </Text>
    </div>
  )
}
