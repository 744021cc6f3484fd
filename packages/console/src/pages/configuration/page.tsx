import { Alert, SegmentedControl, Stack } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useAddress, useChangeAddress } from '../../app/address.ts'
import { Icon } from '../../parts/icons.tsx'
import { Page as Frame } from '../../parts/panel.tsx'
import { QueryView } from '../../parts/query-view.tsx'
import { configuration as text } from '../../texts/configuration.ts'
import { Edit } from './edit.tsx'
import { Facts } from './facts.tsx'
import { History } from './history.tsx'
import { type Configuration, configuration } from './query.ts'
import { Values } from './values.tsx'

const views = { values: Values, edit: Edit, history: History } as const
type View = keyof typeof views

/** What the gateway runs on: value by value, as a text that can be changed, and what it was before. */
export function Page() {
  const { view = 'values' } = useAddress()
  const change = useChangeAddress()
  const chosen: View = view in views ? (view as View) : 'values'
  const Chosen = views[chosen]
  return (
    <Frame
      title={text.title}
      aside={
        <SegmentedControl
          size="xs"
          aria-label={text.viewsLabel}
          value={chosen}
          onChange={next => change({ view: next === 'values' ? undefined : next, line: undefined, version: undefined })}
          data={Object.entries(text.views).map(([value, label]) => ({ value, label }))}
        />
      }
    >
      <QueryView query={useQuery(configuration)} lines={12}>
        {report => (
          <Stack gap="sm">
            <Facts report={report} />
            <Notices report={report} />
            <Chosen report={report} />
          </Stack>
        )}
      </QueryView>
    </Frame>
  )
}

/** What somebody must know before reading on. */
function Notices({ report: { file, inForce } }: { readonly report: Configuration }) {
  return (
    <>
      {file.state !== 'in_force' && (
        <Alert color={file.state === 'not_taken' ? 'yellow' : 'red'} icon={<Icon name="warning" />}>
          {text.stateAdvice[file.state]}
        </Alert>
      )}
      {inForce.waitForRestart.length > 0 && (
        <Alert color="yellow" icon={<Icon name="warning" />}>
          {text.waiting(inForce.waitForRestart.join(', '))}
        </Alert>
      )}
    </>
  )
}
