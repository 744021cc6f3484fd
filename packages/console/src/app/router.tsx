import {
  createRootRoute,
  createRoute,
  createRouter,
  type ErrorComponentProps,
  Link,
  lazyRouteComponent,
} from '@tanstack/react-router'
import { Page } from '../parts/panel.tsx'
import { Empty, Failed, Loading } from '../parts/states.tsx'
import { shell as text } from '../texts/shell.ts'
import { addressText, parseAddress } from './address.ts'
import { pageRows } from './pages.ts'
import { Shell } from './shell.tsx'

/** @returns the router of the whole page. Routes are loaded when they are opened or pointed at. */
export function createConsoleRouter() {
  const root = createRootRoute({ component: Shell, notFoundComponent: Unknown })
  const routes = pageRows.map(({ path, load }) =>
    createRoute({ getParentRoute: () => root, path, component: lazyRouteComponent(load, 'Page') }),
  )
  return createRouter({
    routeTree: root.addChildren(routes),
    parseSearch: parseAddress,
    stringifySearch: addressText,
    defaultPreload: 'intent',
    defaultPendingComponent: Loading,
    defaultErrorComponent: Broken,
    scrollRestoration: true,
  })
}

function Unknown() {
  return (
    <Page title={text.unknownPage}>
      <Empty title={text.unknownPage} advice={text.unknownPageAdvice}>
        <Link to="/">{text.pages.overview}</Link>
      </Empty>
    </Page>
  )
}

function Broken({ error, reset }: ErrorComponentProps) {
  return <Failed error={error instanceof Error ? error : new TypeError(String(error))} again={reset} />
}
