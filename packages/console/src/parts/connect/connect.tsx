import { ActionIcon, Button, CopyButton, Group, SegmentedControl, Select, Stack, Text, Tooltip } from '@mantine/core'
import { useAddress, useChangeAddress } from '../../app/address.ts'
import { connect as text } from '../../texts/connect.ts'
import { Icon } from '../icons.tsx'
import styles from './connect.module.css'
import { type Connection, installOf, type Sdk, sdks, snippetOf, type TokenSource, tokenSources } from './snippets.ts'

export interface Reachable {
  readonly name: string
  readonly targets: readonly { readonly name: string; readonly path: string }[]
  readonly deployments: readonly string[]
  readonly models: readonly { readonly deployment: string; readonly model: string }[]
}

interface ConnectProps {
  readonly workload: Reachable
  /** Address of the gateway for programs; null for a collector. */
  readonly gateway: string | null
  readonly audiences: readonly string[]
}

/** A first call as this workload: the choices are in the address, so that a link shows another reader the same. */
export function Connect({ workload, gateway, audiences }: ConnectProps) {
  const { target: targetName, deployment: deploymentName, sdk: sdkName, token: tokenName } = useAddress()
  const change = useChangeAddress()
  if (gateway === null) return <Text c="dimmed">{text.noGateway}</Text>
  const target = workload.targets.find(({ name }) => name === targetName) ?? workload.targets[0]
  const deployment = workload.deployments.find(name => name === deploymentName) ?? workload.deployments[0]
  const sdk = sdks.find(name => name === sdkName) ?? 'Node'
  const token = tokenSources.find(name => name === tokenName) ?? usualToken(gateway)
  if (target === undefined || deployment === undefined) return null
  const connection: Connection = {
    endpoint: `${gateway.replace(/\/$/, '')}${target.path}`,
    deployment,
    model: workload.models.find(one => one.deployment === deployment)?.model ?? null,
    audience: audiences[0] ?? '',
    token,
  }
  const choose = (changes: Readonly<Record<string, string | undefined>>): void => change(changes, { replace: true })
  return (
    <Stack gap="sm">
      <div className={styles['choices']}>
        <Choice
          label={text.target}
          names={workload.targets.map(({ name }) => name)}
          value={target.name}
          onChange={name => choose({ target: name })}
        />
        <Choice
          label={text.deployment}
          names={workload.deployments}
          value={deployment}
          onChange={name => choose({ deployment: name })}
        />
      </div>
      <Facts connection={connection} gateway={gateway} workload={workload.name} />
      <Group gap="md" align="flex-end">
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard. */}
        <section className={styles['sdks']} aria-label={text.sdk} tabIndex={0}>
          <SegmentedControl
            size="xs"
            aria-label={text.sdk}
            data={[...sdks]}
            value={sdk}
            onChange={name => choose({ sdk: name })}
            transitionDuration={0}
          />
        </section>
        <Group gap={8}>
          <Text size="xs" c="dimmed">
            {text.token}
          </Text>
          <SegmentedControl
            size="xs"
            aria-label={text.token}
            data={tokenSources.map(value => ({ value, label: text.tokens[value] }))}
            value={token}
            onChange={name => choose({ token: name })}
            transitionDuration={0}
          />
        </Group>
      </Group>
      <Program sdk={sdk} connection={connection} />
    </Stack>
  )
}

/** A gateway on this machine is the demonstration or a trial: Azure's libraries do not know its sign-in service. */
function usualToken(gateway: string): TokenSource {
  return /^https?:\/\/(localhost|127\.|\[::1\])/.test(gateway) ? 'variable' : 'identity'
}

interface ChoiceProps {
  readonly label: string
  readonly names: readonly string[]
  readonly value: string
  readonly onChange: (name: string) => void
}

function Choice({ label, names, value, onChange }: ChoiceProps) {
  return (
    <Select
      size="xs"
      label={label}
      data={[...names]}
      value={value}
      onChange={name => name !== null && onChange(name)}
      allowDeselect={false}
      comboboxProps={{ position: 'bottom-start' }}
    />
  )
}

interface FactsProps {
  readonly connection: Connection
  readonly gateway: string
  readonly workload: string
}

function Facts({ connection: { endpoint, audience }, gateway, workload }: FactsProps) {
  const facts = [
    [text.facts.endpoint, endpoint],
    [text.facts.base, `${endpoint}/openai/v1/`],
    [text.facts.scope, `${audience}/.default`],
  ] as const
  return (
    <dl className={styles['facts']}>
      {facts.map(([name, value]) => (
        <Fact key={name} name={name} value={value} />
      ))}
      <dt>{text.facts.header}</dt>
      <dd className={styles['value']}>{text.facts.headerValue(gateway.replace(/\/$/, ''), workload)}</dd>
    </dl>
  )
}

function Fact({ name, value }: { readonly name: string; readonly value: string }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>
        <span className={styles['value']}>{value}</span>
        <CopyIcon what={name} value={value} />
      </dd>
    </>
  )
}

interface CopyIconProps {
  readonly what: string
  readonly value: string
}

/** Copies a value that stands beside it. */
export function CopyIcon({ what, value }: CopyIconProps) {
  return (
    <CopyButton value={value}>
      {({ copied, copy }) => (
        <Tooltip label={copied ? text.copied : text.copy}>
          <ActionIcon variant="subtle" color="gray" size="sm" aria-label={text.copyOf(what)} onClick={copy}>
            <Icon name="copy" size={14} />
          </ActionIcon>
        </Tooltip>
      )}
    </CopyButton>
  )
}

interface ProgramProps {
  readonly sdk: Sdk
  readonly connection: Connection
}

function Program({ sdk, connection }: ProgramProps) {
  const snippet = snippetOf(sdk, connection)
  const install = installOf(sdk, connection)
  const isUntested = sdk === '.NET' || sdk === 'Python'
  const isPlain = sdk === '.NET' && connection.endpoint.startsWith('http:')
  return (
    <Stack gap="xs">
      <Group justify="space-between" align="flex-end" wrap="nowrap">
        <Text size="xs" c="dimmed" maw={720}>
          {text.tokenHelp[connection.token]} {isUntested && text.untested} {isPlain && text.plainHttp}
        </Text>
        <CopyButton value={snippet}>
          {({ copied, copy }) => (
            <Button size="xs" variant="default" leftSection={<Icon name="copy" />} onClick={copy}>
              {copied ? text.copied : text.copy}
            </Button>
          )}
        </CopyButton>
      </Group>
      {install !== null && <Code label={text.install} text={install} />}
      <Code label={text.program(sdk)} text={snippet} />
    </Stack>
  )
}

function Code({ label, text }: { readonly label: string; readonly text: string }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard.
    <section className={styles['code']} aria-label={label} tabIndex={0}>
      <pre>{text}</pre>
    </section>
  )
}
