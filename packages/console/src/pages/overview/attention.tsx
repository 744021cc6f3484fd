import { Button, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { PlaceLink } from '../../app/place-link.tsx'
import { Ago } from '../../parts/ago.tsx'
import { Foreign } from '../../parts/foreign.tsx'
import { Panel } from '../../parts/panel.tsx'
import { QueryView } from '../../parts/query-view.tsx'
import { attention as text } from '../../texts/attention.ts'
import styles from './overview.module.css'
import { placeOf } from './places.ts'
import { type AttentionItem, attention } from './query.ts'

/** More are shown when the reader wants them. */
const shownAtFirst = 4

/** What needs attention, worst first: what it is, since when, and what to do. Nothing where all is well. */
export function Attention() {
  const query = useQuery(attention)
  const [isWhole, setIsWhole] = useState(false)
  return (
    <QueryView query={query} lines={1}>
      {({ items }) =>
        items.length === 0 ? (
          <Text size="sm" c="dimmed">
            {text.nothing}
          </Text>
        ) : (
          <Panel title={text.title}>
            <ul className={styles['attention']}>
              {items.slice(0, isWhole ? items.length : shownAtFirst).map(item => (
                <Item key={`${item.code} ${item.subject} ${item.what}`} item={item} />
              ))}
            </ul>
            {items.length > shownAtFirst && !isWhole && (
              <Button size="compact-xs" variant="subtle" onClick={() => setIsWhole(true)}>
                {text.more(items.length - shownAtFirst)}
              </Button>
            )}
          </Panel>
        )
      }
    </QueryView>
  )
}

const moods = { critical: 'bad', warning: 'warn', note: 'calm' } as const

function Item({ item }: { readonly item: AttentionItem }) {
  const { severity, what, next, sinceMs } = item
  const place = placeOf(item)
  return (
    <li>
      <span className={styles[moods[severity]]}>{text.severities[severity]}</span>
      <div>
        <Text fw={600}>
          {place === null ? (
            <Foreign text={what} />
          ) : (
            <PlaceLink place={place}>
              <Foreign text={what} />
            </PlaceLink>
          )}
        </Text>
        <Text size="sm" c="dimmed">
          <Foreign text={next} />
        </Text>
      </div>
      <Text size="sm" c="dimmed">
        {sinceMs !== null && <Ago ms={sinceMs} />}
      </Text>
    </li>
  )
}
