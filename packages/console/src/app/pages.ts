/**
 * The pages: a row each. A page is a folder of `pages/` with `query.ts` (what it asks), `columns.tsx` (its table, where
 * it has one) and `page.tsx` (exports `Page`); its texts are a file of `texts/`, its address is in `paths.ts`.
 */
import type { ComponentType } from 'react'
import type { OperationName } from '../api/client.ts'
import type { IconName } from '../parts/icons.tsx'
import { shell } from '../texts/shell.ts'
import { type Place, paths } from './paths.ts'

interface PageRow {
  /** The router's pattern. */
  readonly path: string
  /** What the page reads: without the role for it the link is shown, disabled, with the reason. */
  readonly needs: OperationName
  readonly load: () => Promise<{ readonly Page: ComponentType }>
  /** In the list of pages; null for a page that others lead to. */
  readonly listed: {
    readonly title: string
    readonly icon: IconName
    readonly place: Place
    readonly key: string
  } | null
}

export const pageRows: readonly PageRow[] = [
  {
    path: '/',
    needs: 'GET /api/v1/usage',
    load: () => import('../pages/overview/page.tsx'),
    listed: { title: shell.pages.overview, icon: 'overview', place: paths.overview(), key: 'o' },
  },
  {
    path: '/records',
    needs: 'GET /api/v1/records',
    load: () => import('../pages/records/page.tsx'),
    listed: { title: shell.pages.records, icon: 'records', place: paths.records(), key: 'r' },
  },
  {
    path: '/records/$id',
    needs: 'GET /api/v1/records/{id}',
    load: () => import('../pages/record/page.tsx'),
    listed: null,
  },
  {
    path: '/workloads',
    needs: 'GET /api/v1/workloads',
    load: () => import('../pages/workloads/page.tsx'),
    listed: { title: shell.pages.workloads, icon: 'workloads', place: paths.workloads(), key: 'w' },
  },
  {
    path: '/workloads/$name',
    needs: 'GET /api/v1/workloads/{name}',
    load: () => import('../pages/workload/page.tsx'),
    listed: null,
  },
  {
    path: '/instances',
    needs: 'GET /api/v1/instances',
    load: () => import('../pages/instances/page.tsx'),
    listed: { title: shell.pages.instances, icon: 'instances', place: paths.instances(), key: 'i' },
  },
  {
    path: '/limits',
    needs: 'GET /api/v1/limits',
    load: () => import('../pages/limits/page.tsx'),
    listed: { title: shell.pages.limits, icon: 'limits', place: paths.limits(), key: 'l' },
  },
  {
    path: '/cost',
    needs: 'GET /api/v1/usage',
    load: () => import('../pages/cost/page.tsx'),
    listed: { title: shell.pages.cost, icon: 'cost', place: paths.cost(), key: 'c' },
  },
  {
    path: '/people',
    needs: 'GET /api/v1/callers',
    load: () => import('../pages/people/page.tsx'),
    listed: { title: shell.pages.people, icon: 'people', place: paths.people(), key: 'u' },
  },
  {
    path: '/configuration',
    needs: 'GET /api/v1/config',
    load: () => import('../pages/configuration/page.tsx'),
    listed: {
      title: shell.pages.configuration,
      icon: 'configuration',
      place: paths.configuration(),
      key: 'k',
    },
  },
  {
    path: '/query',
    needs: 'POST /api/v1/query',
    load: () => import('../pages/query/page.tsx'),
    listed: { title: shell.pages.query, icon: 'query', place: paths.query(), key: 'q' },
  },
  {
    path: '/audit',
    needs: 'GET /api/v1/audit',
    load: () => import('../pages/audit/page.tsx'),
    listed: { title: shell.pages.audit, icon: 'audit', place: paths.audit(), key: 'a' },
  },
  {
    path: '/feeds',
    needs: 'GET /api/v1/feeds',
    load: () => import('../pages/feeds/page.tsx'),
    listed: { title: shell.pages.feeds, icon: 'feeds', place: paths.feeds(), key: 'f' },
  },
  {
    path: '/playground',
    needs: 'GET /api/v1/playground',
    load: () => import('../pages/playground/page.tsx'),
    listed: { title: shell.pages.playground, icon: 'playground', place: paths.playground(), key: 'p' },
  },
  {
    path: '/me',
    needs: 'GET /api/v1/me',
    load: () => import('../pages/me/page.tsx'),
    listed: { title: shell.pages.me, icon: 'me', place: paths.me(), key: 'm' },
  },
  {
    path: '/explain',
    needs: 'POST /api/v1/explain',
    load: () => import('../pages/explain/page.tsx'),
    listed: { title: shell.pages.explain, icon: 'explain', place: paths.explain(), key: 'e' },
  },
  {
    path: '/about',
    needs: 'GET /api/v1/about',
    load: () => import('../pages/about/page.tsx'),
    listed: { title: shell.pages.about, icon: 'about', place: paths.about(), key: 'b' },
  },
]
