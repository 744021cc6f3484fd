import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createRoute, z } from '@hono/zod-openapi'
import { commitOf } from '../../commit.ts'
import type { ReplicasReport } from '../../replicas/index.ts'
import { version } from '../../version.ts'
import { type AboutAnswer, aboutAnswer, aboutParts } from '../about-schemas.ts'
import { attentionOf } from '../attention/find.ts'
import type { Attention } from '../attention/index.ts'
import { commonAnswers, jsonAnswer, needs } from '../document.ts'
import type { AdminApp, AdminParts } from '../parts.ts'
import { stateFacts } from './attention.ts'

const route = createRoute({
  method: 'get',
  path: '/api/v1/about',
  summary: 'Version, how the process runs, what it is made of; for viewers also how its parts are.',
  ...needs('caller'),
  responses: { 200: jsonAnswer(aboutAnswer, 'About the process that answers.'), ...commonAnswers },
})

/** What the build of the page writes about the packages of an installation. */
const madeOf = z.object({
  notices: z.string(),
  packages: z.array(z.object({ name: z.string(), version: z.string(), licence: z.string() })),
})

export function addAbout(app: AdminApp, parts: AdminParts): void {
  const { house, console } = parts
  // A built package has no repository around it.
  const commit = import.meta.filename.endsWith('.ts') ? commitOf(join(import.meta.dirname, '../../../../..')) : null
  app.openapi(route, async c => {
    const replicas = await house.replicas()
    const self = replicas.replicas.find(({ isSelf }) => isSelf)
    const isViewer = c.get('roles').includes('viewer')
    const answer = {
      ...{ version, commit, node: process.version, platform: `${process.platform} ${process.arch}` },
      startedAtMs: self?.figures?.startedAtMs ?? null,
      timeZone: house.timeZone,
      fiscalYearStart: house.fiscalYearStart,
      health: isViewer ? await healthOf(parts, replicas) : null,
      ...(await packagesIn(console?.directory)),
    }
    return c.json(answer, 200)
  })
}

async function healthOf(parts: AdminParts, replicas: ReplicasReport): Promise<AboutAnswer['health']> {
  const { console, access, house } = parts
  const entra = console?.entra()
  const found = attentionOf({ ...(await stateFacts(parts, replicas)), unpriced: [] })
  return {
    parts: aboutParts.map(name =>
      name === 'signIn' ? signInPart(access().signIn !== undefined) : partOf(name, found),
    ),
    sharing: replicas.sharing,
    replicas: replicas.replicas.map(({ name, isSelf, status, figures }) => ({
      ...{ name, isSelf, status },
      version: figures?.version ?? null,
      startedAtMs: figures?.startedAtMs ?? null,
    })),
    authority: entra?.authority ?? null,
    tenants: [...(entra?.tenants ?? [])],
    audiences: [...house.audiences],
  }
}

type Part = NonNullable<AboutAnswer['health']>['parts'][number]

/** The worst that was found of a part: what needs attention is in that order. */
function partOf(name: Part['name'], found: readonly Attention[]): Part {
  const worst = found.find(({ page }) => page === name)
  return worst === undefined
    ? { name, state: 'ok', what: null, next: null }
    : { name, state: worst.severity, what: worst.what, next: worst.next }
}

function signInPart(isThere: boolean): Part {
  if (isThere) return { name: 'signIn', state: 'ok', what: null, next: null }
  return {
    ...{ name: 'signIn', state: 'note' },
    what: 'Signing in with a browser is not possible: only tokens are accepted.',
    next: 'Set admin.signIn in the configuration.',
  }
}

/** @param directory of the built page; it may be missing, or of a build that wrote no list. */
async function packagesIn(directory: string | undefined): Promise<Pick<AboutAnswer, 'notices' | 'packages'>> {
  const none = { notices: null, packages: [] }
  if (directory === undefined) return none
  const text = await readFile(join(directory, 'packages.json'), 'utf8').catch(() => null)
  if (text === null) return none
  const { notices, packages } = madeOf.parse(JSON.parse(text))
  return { notices: `/assets/${notices}`, packages }
}
