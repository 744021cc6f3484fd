import { Anchor, Button, CopyButton, Group, SimpleGrid, Stack, Text, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useAddress, useChangeAddress } from '../../app/address.ts'
import { exactly } from '../../format/number.ts'
import { asInstant } from '../../format/time.ts'
import { Ago } from '../../parts/ago.tsx'
import { Fact, FactList } from '../../parts/fact-list.tsx'
import { Moment } from '../../parts/figures.tsx'
import { Icon } from '../../parts/icons.tsx'
import { Mood, type MoodName } from '../../parts/mood.tsx'
import { Page as Frame, Panel } from '../../parts/panel.tsx'
import { QueryView } from '../../parts/query-view.tsx'
import { DataTable } from '../../parts/table.tsx'
import { about as text } from '../../texts/about.ts'
import styles from './about.module.css'
import { packageColumns, replicaColumns } from './columns.tsx'
import { type About, aboutGateway, type Health, type Part } from './query.ts'

/** Which version runs how, how its parts are, and what it is made of. */
export function Page() {
  return (
    <Frame title={text.title}>
      <QueryView query={useQuery(aboutGateway)} lines={10}>
        {about => (
          <Stack gap="sm">
            <SimpleGrid cols={{ base: 1, lg: 2 }} spacing="sm">
              <Panel title={text.gateway} aside={<Copy about={about} />}>
                <Facts about={about} />
              </Panel>
              <Panel title={text.health}>
                {about.health === null ? <Text c="dimmed">{text.noHealth}</Text> : <Parts parts={about.health.parts} />}
              </Panel>
            </SimpleGrid>
            {about.health !== null && <Replicas health={about.health} />}
            <Licences about={about} />
          </Stack>
        )}
      </QueryView>
    </Frame>
  )
}

function Facts({ about: { version, commit, node, platform, startedAtMs, health } }: { readonly about: About }) {
  const names = text.facts
  return (
    <FactList>
      <Fact name={names.version}>{version}</Fact>
      <Fact name={names.commit}>{commit ?? text.published}</Fact>
      {startedAtMs !== null && (
        <Fact name={names.started}>
          <Moment ms={startedAtMs} /> (<Ago ms={startedAtMs} />)
        </Fact>
      )}
      <Fact name={names.node}>{node}</Fact>
      <Fact name={names.platform}>{platform}</Fact>
      {health !== null && health.authority !== null && <Fact name={names.authority}>{health.authority}</Fact>}
      {health !== null && <Fact name={names.tenants}>{health.tenants.join(', ')}</Fact>}
      {health !== null && <Fact name={names.audiences}>{health.audiences.join(', ')}</Fact>}
      <Fact name={text.more}>
        <Anchor href="/openapi.json" inherit>
          {text.openapi}
        </Anchor>
        <Text size="xs" c="dimmed">
          {text.docs}
        </Text>
      </Fact>
    </FactList>
  )
}

/** What a report of a fault needs, as text. */
function Copy({ about: { version, commit, node, platform, startedAtMs } }: { readonly about: About }) {
  const since = startedAtMs === null ? '' : `, since ${asInstant(startedAtMs)}`
  const said = `Gatehouse ${version}${commit === null ? '' : ` (${commit})`}, Node.js ${node}, ${platform}${since}`
  return (
    <CopyButton value={said}>
      {({ copied, copy }) => (
        <Button size="compact-xs" variant="default" leftSection={<Icon name="copy" size={14} />} onClick={copy}>
          {copied ? text.copied : text.copyAll}
        </Button>
      )}
    </CopyButton>
  )
}

const moods = { ok: 'good', note: 'calm', warning: 'warn', critical: 'bad' } as const satisfies Record<
  Part['state'],
  MoodName
>

function Parts({ parts }: { readonly parts: readonly Part[] }) {
  return (
    <Stack gap="xs">
      <FactList>
        {parts.map(({ name, state, what, next }) => (
          <Fact key={name} name={text.parts[name]}>
            <Mood is={moods[state]}>{text.states[state]}</Mood>
            {what !== null && <div>{what}</div>}
            {next !== null && (
              <Text size="xs" c="dimmed">
                {next}
              </Text>
            )}
          </Fact>
        ))}
      </FactList>
      <Text size="xs" c="dimmed">
        {text.healthHint}
      </Text>
    </Stack>
  )
}

function Replicas({ health: { replicas, sharing } }: { readonly health: Health }) {
  return (
    <Panel title={text.replicas}>
      <Text size="xs" c="dimmed" mb="xs">
        {text.sharing[sharing]}
      </Text>
      <DataTable label={text.replicasTable} columns={replicaColumns} rows={replicas} keyOf={({ name }) => name} />
    </Panel>
  )
}

function Licences({ about: { packages, notices } }: { readonly about: About }) {
  const { find = '' } = useAddress()
  const change = useChangeAddress()
  const wanted = find.trim().toLowerCase()
  const shown = packages.filter(({ name, licence }) => `${name} ${licence}`.toLowerCase().includes(wanted))
  return (
    <Panel title={text.licences}>
      {notices === null ? (
        <Text c="dimmed">{text.noLicences}</Text>
      ) : (
        <Stack gap="xs">
          <Text size="sm">{text.licencesHint(exactly(packages.length))}</Text>
          <Group gap="md">
            <TextInput
              size="xs"
              aria-label={text.filter}
              placeholder={text.filter}
              leftSection={<Icon name="search" size={14} />}
              value={find}
              onChange={event => change({ find: event.currentTarget.value }, { replace: true })}
            />
            <Anchor href={notices} target="_blank" rel="noopener">
              {text.texts}
            </Anchor>
          </Group>
          <div className={styles['packages']}>
            <DataTable
              label={text.licencesTable}
              columns={packageColumns}
              rows={shown}
              keyOf={({ name, version }) => `${name}@${version}`}
            />
          </div>
        </Stack>
      )}
    </Panel>
  )
}
