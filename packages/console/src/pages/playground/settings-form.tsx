import { Button, Group, Input, NumberInput, SegmentedControl, Select, Stack, Textarea } from '@mantine/core'
import { useChangeAddress } from '../../app/address.ts'
import { Panel } from '../../parts/panel.tsx'
import { exampleSchema, exampleTools, playground as text } from '../../texts/playground.ts'
import styles from './playground.module.css'
import {
  addressOfSettings,
  bounds,
  efforts,
  formats,
  type NumberName,
  type Operation,
  type Settings,
  type TextFaults,
  type Texts,
} from './settings.ts'
import { talk } from './talk.ts'

interface SettingsFormProps {
  readonly settings: Settings
  /** Operations that the workload may use. */
  readonly operations: readonly Operation[]
  readonly texts: Texts
  readonly faults: TextFaults
}

/** How the model is asked. What is left empty is the model's own choice. */
export function SettingsForm({ settings, operations, texts, faults }: SettingsFormProps) {
  const changeAddress = useChangeAddress()
  const change = (changes: Partial<Settings>): void => {
    changeAddress(addressOfSettings({ ...settings, ...changes }), { replace: true })
  }
  const write = (changes: Partial<Texts>): void => talk.write({ texts: { ...texts, ...changes } })
  const noSeed = settings.operation === 'responses'
  return (
    <Panel title={text.settings}>
      <Stack gap="sm">
        <Textarea
          size="xs"
          label={text.instructions}
          description={text.instructionsHelp}
          value={texts.instructions}
          onChange={event => write({ instructions: event.currentTarget.value })}
          autosize
          minRows={3}
          maxRows={12}
        />
        {operations.length > 1 && (
          <Input.Wrapper size="xs" label={text.api} labelElement="div">
            <SegmentedControl
              size="xs"
              fullWidth
              aria-label={text.api}
              data={operations.map(value => ({ value, label: text.apis[value] }))}
              value={settings.operation}
              onChange={operation => change({ operation })}
              transitionDuration={0}
            />
          </Input.Wrapper>
        )}
        <Numbers settings={settings} change={change} noSeed={noSeed} />
        <Select
          size="xs"
          label={text.effort}
          description={text.effortHelp}
          placeholder={text.modelsOwn}
          data={[...efforts]}
          value={settings.effort}
          onChange={effort => change({ effort: efforts.find(one => one === effort) ?? null })}
          clearable
        />
        <Select
          size="xs"
          label={text.format}
          data={formats.map(value => ({ value, label: text.formats[value] }))}
          value={settings.format}
          onChange={format => change({ format: formats.find(one => one === format) ?? 'text' })}
          allowDeselect={false}
        />
        {settings.format === 'json_schema' && (
          <JsonText
            label={text.schema}
            value={texts.schema}
            example={exampleSchema}
            fault={faults.schema === null ? null : text.faults[faults.schema]}
            onChange={schema => write({ schema })}
          />
        )}
        <JsonText
          label={text.tools}
          description={text.toolsHelp}
          value={texts.tools}
          example={exampleTools}
          fault={faults.tools === null ? null : text.faults[faults.tools]}
          onChange={tools => write({ tools })}
        />
      </Stack>
    </Panel>
  )
}

interface NumbersProps {
  readonly settings: Settings
  readonly change: (changes: Partial<Settings>) => void
  readonly noSeed: boolean
}

function Numbers({ settings, change, noSeed }: NumbersProps) {
  return (Object.keys(bounds) as NumberName[]).map(name => {
    const { least, most, step } = bounds[name]
    const isOff = name === 'seed' && noSeed
    return (
      <NumberInput
        key={name}
        size="xs"
        label={text.numbers[name]}
        description={isOff ? text.noSeed : text.numberHelp[name]}
        placeholder={text.modelsOwn}
        disabled={isOff}
        value={settings[name] ?? ''}
        onChange={value => change({ [name]: typeof value === 'number' ? value : null })}
        min={least}
        max={most}
        step={step}
        allowDecimal={step < 1}
        decimalScale={2}
        clampBehavior="strict"
      />
    )
  })
}

interface JsonTextProps {
  readonly label: string
  readonly description?: string
  readonly value: string
  readonly example: string
  /** What is wrong with it, in words. */
  readonly fault: string | null
  readonly onChange: (value: string) => void
}

function JsonText({ label, description, value, example, fault, onChange }: JsonTextProps) {
  return (
    <div>
      <Textarea
        size="xs"
        label={label}
        {...(description === undefined ? {} : { description })}
        value={value}
        onChange={event => onChange(event.currentTarget.value)}
        error={fault}
        autosize
        minRows={3}
        maxRows={16}
        spellCheck={false}
        classNames={{ input: styles['code'] ?? '' }}
      />
      {value.trim() === '' && (
        <Group mt={4}>
          <Button size="compact-xs" variant="default" onClick={() => onChange(example)}>
            {text.example}
          </Button>
        </Group>
      )}
    </div>
  )
}
