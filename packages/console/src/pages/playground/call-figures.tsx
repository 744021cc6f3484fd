import { CopyButton, Tooltip, UnstyledButton } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { useMay } from '../../api/whoami.ts'
import { paths } from '../../app/paths.ts'
import { PlaceLink } from '../../app/place-link.tsx'
import { asCost, exactCost } from '../../format/cost.ts'
import { exactly, humane } from '../../format/number.ts'
import { asDuration } from '../../format/time.ts'
import { Icon } from '../../parts/icons.tsx'
import { playground as text } from '../../texts/playground.ts'
import type { Answer } from './messages.ts'
import styles from './playground.module.css'
import { type CallRecord, callOf } from './query.ts'

/** What a call took and cost, and the way to its record. */
export function CallFigures({ answer: { callId, firstWordMs, durationMs, text: said } }: { readonly answer: Answer }) {
  const { data, error } = useQuery({ ...callOf(callId ?? ''), enabled: callId !== null })
  return (
    <div className={styles['figures']}>
      {firstWordMs !== null && (
        <span title={measured(data?.timeToFirstByteMs ?? null)}>
          {text.firstWord} {asDuration(firstWordMs)}
        </span>
      )}
      {durationMs !== null && (
        <span title={measured(data?.durationMs ?? null)}>
          {text.took} {asDuration(durationMs)}
        </span>
      )}
      {data !== undefined && <Charged record={data} />}
      {callId !== null && data === undefined && <span>{error === null ? `${text.noRecordYet}…` : text.noRecord}</span>}
      {callId !== null && data !== undefined && <RecordLink id={callId} />}
      {said !== '' && (
        <CopyButton value={said}>
          {({ copied, copy }) => (
            <UnstyledButton className={styles['small'] ?? ''} onClick={copy}>
              {copied ? text.copied : text.copy}
            </UnstyledButton>
          )}
        </CopyButton>
      )}
    </div>
  )
}

function Charged({ record: { usage, cost } }: { readonly record: CallRecord }) {
  const { promptTokens, cachedTokens, completionTokens, reasoningTokens } = usage
  if (promptTokens === null && completionTokens === null) return null
  const [asked, cached, answered, reasoning] = [promptTokens, cachedTokens, completionTokens, reasoningTokens].map(
    tokens => tokens ?? 0,
  ) as [number, number, number, number]
  return (
    <>
      <span title={text.tokensSaid(exactly(asked), exactly(cached), exactly(answered), exactly(reasoning))}>
        {text.tokens(humane(asked), humane(answered))}
      </span>
      {cost === null ? <span>{text.noPrice}</span> : <span title={exactCost(cost)}>{asCost(cost)}</span>}
    </>
  )
}

function RecordLink({ id }: { readonly id: string }): ReactNode {
  const mayOpen = useMay('GET /api/v1/records/{id}')
  if (mayOpen) return <PlaceLink place={paths.record(id)}>{text.record}</PlaceLink>
  return (
    <Tooltip label={text.recordNeedsRole}>
      {/* biome-ignore lint/a11y/useSemanticElements: an anchor without an address is not announced as a link. */}
      <span role="link" tabIndex={0} aria-disabled="true" aria-label={text.recordNeedsRole}>
        {text.record} <Icon name="lock" size={12} />
      </span>
    </Tooltip>
  )
}

function measured(gatewayMs: number | null): string | undefined {
  return gatewayMs === null ? undefined : text.measured(asDuration(gatewayMs))
}
