import { Menu, SegmentedControl, Stack, Text, UnstyledButton, useMantineColorScheme } from '@mantine/core'
import { type Person, usePerson } from '../api/whoami.ts'
import { Icon } from '../parts/icons.tsx'
import { shell as text } from '../texts/shell.ts'
import styles from './person-menu.module.css'
import { type Density, useDensity, useZone } from './settings.ts'
import { openShortcuts } from './shortcuts.tsx'

/** Who is signed in, with which roles, and how the page looks for them. */
export function PersonMenu() {
  const person = usePerson()
  const name = nameOf(person)
  return (
    <Menu position="bottom-end" width={260} closeOnItemClick={false} transitionProps={{ duration: 0 }}>
      <Menu.Target>
        <UnstyledButton className={styles['target'] ?? ''} aria-label={text.person(name)}>
          <Icon name="me" />
          <span className={styles['name']}>{name}</span>
          <Icon name="down" size={12} />
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Stack gap={2} px="sm" py="xs">
          <Text fw={600}>{name}</Text>
          <Text size="xs" c="dimmed">
            {person.roles.length === 0 ? text.noRoles : `${text.roles}: ${person.roles.join(', ')}`}
          </Text>
          <Text size="xs" c="dimmed">
            {`${text.workloads}: ${person.workloads.join(', ') || text.noWorkloads}`}
          </Text>
        </Stack>
        <Menu.Divider />
        <Looks />
        <Menu.Divider />
        <Menu.Item closeMenuOnClick onClick={openShortcuts}>
          {text.shortcuts}
        </Menu.Item>
        <Menu.Item closeMenuOnClick onClick={() => void signOut()}>
          {text.signOut}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  )
}

function Looks() {
  const { colorScheme, setColorScheme } = useMantineColorScheme()
  const [density, setDensity] = useDensity()
  const [zone, setZone] = useZone()
  return (
    <Stack gap="xs" px="sm" py="xs">
      <Choice label={text.theme} names={text.themes} value={colorScheme} onChange={setColorScheme} />
      <Choice<Density> label={text.density} names={text.densities} value={density} onChange={setDensity} />
      <Choice label={text.zone} names={text.zones} value={zone} onChange={setZone} />
    </Stack>
  )
}

interface ChoiceProps<Value extends string> {
  readonly label: string
  readonly names: Readonly<Record<Value, string>>
  readonly value: Value
  readonly onChange: (value: Value) => void
}

function Choice<Value extends string>({ label, names, value, onChange }: ChoiceProps<Value>) {
  const data = Object.entries<string>(names).map(([key, name]) => ({ value: key, label: name }))
  return (
    <div>
      <Text size="xs" c="dimmed" mb={2}>
        {label}
      </Text>
      <SegmentedControl
        fullWidth
        size="xs"
        aria-label={label}
        data={data}
        value={value}
        onChange={chosen => onChange(chosen as Value)}
        transitionDuration={0}
      />
    </div>
  )
}

function nameOf({ caller }: Person): string {
  return caller.displayName ?? caller.objectId
}

/** Ends the session on the server, and goes where the sign-in service ends its own. */
async function signOut(): Promise<void> {
  const response = await fetch('/signout', { method: 'POST', headers: { 'x-gatehouse-console': '1' } }).catch(
    () => null,
  )
  const ended: unknown = response?.ok ? await response.json().catch(() => null) : null
  const next = typeof ended === 'object' && ended !== null && 'endSessionUrl' in ended ? ended.endSessionUrl : null
  // Reasons and conversations of this tab are not for whoever signs in next.
  sessionStorage.clear()
  window.location.assign(typeof next === 'string' ? next : '/')
}
