import { Button, Tooltip } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { send } from '../../api/client.ts'
import { useMay } from '../../api/whoami.ts'
import { ActionButton } from '../../parts/action-button.tsx'
import { configuration as text } from '../../texts/configuration.ts'
import type { Draft } from './draft.ts'
import { type Checked, type Configuration, configurationKey } from './query.ts'

interface ApplyButtonProps {
  readonly report: Configuration
  readonly draft: Draft
  readonly checked: Checked | undefined
}

const operation = 'POST /api/v1/config/apply'

/** Applies the text, where everything allows it; disabled with the reason elsewhere. */
export function ApplyButton({ report, draft, checked }: ApplyButtonProps) {
  const may = useMay(operation)
  const reason = may ? reasonNot(report, draft, checked) : null
  if (reason !== null) {
    return (
      <Tooltip label={reason} multiline maw={320}>
        <Button
          size="compact-xs"
          data-disabled
          aria-disabled="true"
          aria-label={`${text.apply}. ${reason}`}
          onClick={event => event.preventDefault()}
        >
          {text.apply}
        </Button>
      </Tooltip>
    )
  }
  const run = async (): Promise<void> => {
    await send(operation, { body: { text: draft.text, expectedHash: draft.hash ?? '' } })
    draft.reset()
    notifications.show({ message: text.applied, color: 'teal' })
  }
  return (
    <ActionButton
      operation={operation}
      label={text.apply}
      title={text.applyTitle}
      consequence={text.applySaid}
      run={run}
      changes={configurationKey}
    />
  )
}

function reasonNot({ apply }: Configuration, draft: Draft, checked: Checked | undefined): string | null {
  if (apply !== 'allowed') return text.locked[apply]
  if (draft.isStale) return text.stale
  if (!draft.isChanged) return text.unchanged
  if (checked === undefined) return text.unchecked
  return checked.problemCount > 0 ? text.wrong(checked.problemCount) : null
}
