import { Button, Paper, Stack, Text, Title } from '@mantine/core'
import { useLocation } from '@tanstack/react-router'
import { signIn as text } from '../texts/shell.ts'
import styles from './shell.module.css'

/** Leads to the server's sign-in, which comes back to the address that was asked for. */
export function SignIn() {
  const { href } = useLocation()
  return (
    <main className={styles['before']}>
      <title>{`${text.button} · Gatehouse`}</title>
      <Paper withBorder p="xl">
        <Stack gap="md" align="flex-start">
          <Title order={1} size="xl">
            {text.title}
          </Title>
          <Text>{text.said}</Text>
          <Button component="a" href={`/signin?return=${encodeURIComponent(href)}`}>
            {text.button}
          </Button>
          <Text c="dimmed" size="sm">
            {text.token}
          </Text>
        </Stack>
      </Paper>
    </main>
  )
}
