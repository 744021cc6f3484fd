import { AppShell, Burger, Group, Kbd, Text, UnstyledButton } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { Outlet, useLocation, useMatches, useNavigate } from '@tanstack/react-router'
import { useEffect } from 'react'
import { ApiError } from '../api/errors.ts'
import { useMay, whoami } from '../api/whoami.ts'
import { Icon } from '../parts/icons.tsx'
import { Failed, Loading } from '../parts/states.tsx'
import { shell as text } from '../texts/shell.ts'
import { LiveProvider } from './live.tsx'
import { Navigation } from './navigation.tsx'
import { openPalette, Palette } from './palette.tsx'
import { paths } from './paths.ts'
import { PersonMenu } from './person-menu.tsx'
import { Scope } from './scope.tsx'
import { useDensity } from './settings.ts'
import styles from './shell.module.css'
import { Shortcuts } from './shortcuts.tsx'
import { SignIn } from './sign-in.tsx'

/** The frame of every page. Before the person is known it is a skeleton; without one it is the way to sign in. */
export function Shell() {
  const { data, error, refetch } = useQuery(whoami)
  const [density] = useDensity()
  useEffect(() => {
    document.documentElement.dataset['density'] = density
  }, [density])
  if (error instanceof ApiError && error.kind === 'signed-out') return <SignIn />
  if (data === undefined) {
    return (
      <main className={styles['before']}>
        {error === null ? <Loading /> : <Failed error={error} again={() => void refetch()} />}
      </main>
    )
  }
  return (
    <LiveProvider>
      <Frame />
    </LiveProvider>
  )
}

function Frame() {
  const [isOpen, { toggle, close }] = useDisclosure(false)
  const { pathname } = useLocation()
  // On a small screen the list of pages covers the page: it goes when a page was chosen.
  // biome-ignore lint/correctness/useExhaustiveDependencies: it closes at each change of the page.
  useEffect(close, [pathname])
  return (
    <AppShell
      header={{ height: 52 }}
      navbar={{ width: 196, breakpoint: 'sm', collapsed: { mobile: !isOpen } }}
      padding="md"
      transitionDuration={0}
    >
      <a href="#content" className={styles['skip']}>
        {text.skip}
      </a>
      <AppShell.Header className={styles['header'] ?? ''}>
        <Group h="100%" px="md" gap="sm" wrap="nowrap">
          <Burger opened={isOpen} onClick={toggle} hiddenFrom="sm" size="sm" aria-label={text.openNavigation} />
          <Text fw={700} className={styles['product'] ?? ''} visibleFrom="sm">
            {text.product}
          </Text>
          <Scope />
          <UnstyledButton className={styles['search'] ?? ''} onClick={openPalette}>
            <Icon name="search" size={14} />
            <span className={styles['searchText']}>{text.search}</span>
            <Kbd size="xs" visibleFrom="md">
              {text.searchHint}
            </Kbd>
          </UnstyledButton>
          <PersonMenu />
        </Group>
      </AppShell.Header>
      <AppShell.Navbar p="xs" className={styles['navbar'] ?? ''} aria-label={text.navigation}>
        <Navigation />
      </AppShell.Navbar>
      <AppShell.Main id="content" tabIndex={-1}>
        <Content />
      </AppShell.Main>
      <Palette />
      <Shortcuts />
    </AppShell>
  )
}

/** The page; who may not see the overview begins with the own use. */
function Content() {
  const navigate = useNavigate()
  // The location is ahead of the page that is shown while another one is loaded.
  const shown = useMatches({ select: matches => matches.at(-1)?.pathname })
  const mayBegin = useMay('GET /api/v1/usage')
  const leads = shown === paths.overview().to && !mayBegin
  useEffect(() => {
    if (leads) void navigate({ to: paths.me().to, replace: true })
  }, [leads, navigate])
  return leads ? null : <Outlet />
}
