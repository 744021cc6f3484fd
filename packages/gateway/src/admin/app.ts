import { OpenAPIHono } from '@hono/zod-openapi'
import type { Context, MiddlewareHandler } from 'hono'
import { AdminError, answerOf } from './errors.ts'
import type { AdminOptions } from './index.ts'
import { jsonBodies, jsonBytesMaxByRoute } from './json-bodies.ts'
import { authenticated, authorized, currentRoles, everyAnswer, healthz, openMetrics } from './layers.ts'
import { parameterError } from './parameters.ts'
import type { AdminApp, AdminEnv, AdminParts } from './parts.ts'
import { Questions } from './questions.ts'
import { revalidated } from './revalidation.ts'
import { addAbout } from './routes/about.ts'
import { addAttention } from './routes/attention.ts'
import { addAudit } from './routes/audit.ts'
import { addConfiguration } from './routes/configuration.ts'
import { addErasures } from './routes/erasures.ts'
import { addExplain } from './routes/explain.ts'
import { addExport } from './routes/export.ts'
import { addFeeds } from './routes/feeds.ts'
import { addHolds } from './routes/holds.ts'
import { addDrains, addInstances } from './routes/instances.ts'
import { addLedger } from './routes/ledger.ts'
import { addLimits } from './routes/limits.ts'
import { addLive } from './routes/live.ts'
import { addLog } from './routes/log.ts'
import { addMe } from './routes/me.ts'
import { addMetrics } from './routes/metrics.ts'
import { addMyCall } from './routes/my-call.ts'
import { addOverrides } from './routes/overrides.ts'
import { addPeople } from './routes/people.ts'
import { addPlayground } from './routes/playground.ts'
import { addQuery } from './routes/query.ts'
import { addRecords } from './routes/records.ts'
import { addSearch } from './routes/search.ts'
import { addSeries } from './routes/series.ts'
import { addSources } from './routes/sources.ts'
import { addTail } from './routes/tail.ts'
import { addUsage } from './routes/usage.ts'
import { addWhoami } from './routes/whoami.ts'
import { addWorkloads } from './routes/workloads.ts'
import { SeenCallers } from './seen.ts'
import { sessionCookie } from './session/cookies.ts'
import { openConsole } from './session/open.ts'

/** The management API without its listener. */
export function adminApp(
  options: Omit<AdminOptions, 'listen' | 'tailPollMs' | 'exportResumeMs'>,
  parts: Pick<AdminParts, 'tailPollMs' | 'exportResumeMs' | 'closing' | 'desk'> & { newId: () => string },
): AdminApp {
  const { log, verifier } = options
  const app: AdminApp = new OpenAPIHono<AdminEnv>({
    defaultHook: (result, c) => {
      if (!result.success) throw parameterError(result.target, result.error, c.req.queries())
    },
  })
  app.onError((thrown, c) => failed(c, thrown, { log, desk: parts.desk }))
  app.notFound(() => {
    throw new AdminError('route_unknown', 'There is nothing at this address. GET /openapi.json lists what there is.')
  })

  const seen = new SeenCallers(currentRoles(options.access))
  const console = openConsole(options, parts.desk)
  const layers: readonly MiddlewareHandler<AdminEnv>[] = [
    // First, so that every answer carries the request id, refusals included.
    everyAnswer(parts.newId),
    // Before the token is checked: a supervisor that checks whether the process lives has none. It reveals nothing
    // else.
    healthz,
    // Answers here only when the operator allows it: scrapers often have no token.
    openMetrics(options.house, options.access),
    // Before the token is checked: people without one sign in here, and the page itself is no secret.
    ...(console?.layers ?? []),
    // Before every layer that depends on the address, so that strangers learn nothing from unknown addresses.
    authenticated(verifier, console?.guard ?? null, () => options.house.audiences),
    authorized({ ...options, seen, groups: options.groups ?? (() => null) }),
    // After the check of the role: strangers have nothing parsed.
    jsonBodies(jsonBytesMaxByRoute),
    // Last: only answers to who may have them are worth a tag.
    revalidated,
  ]
  for (const layer of layers) app.use('*', layer)

  const handlerParts: AdminParts = {
    ...options,
    ...parts,
    questions: new Questions(),
    rolesOfKey: key => seen.rolesOf(key),
  }
  addWhoami(app)
  addAbout(app, handlerParts)
  addMe(app, handlerParts)
  addMyCall(app, handlerParts)
  addPlayground(app, handlerParts)
  addUsage(app, handlerParts)
  addSeries(app, handlerParts)
  addLedger(app, handlerParts)
  addAttention(app, handlerParts)
  addFeeds(app, handlerParts)
  addSources(app, handlerParts)
  addInstances(app, handlerParts)
  addDrains(app, handlerParts)
  addLimits(app, handlerParts)
  addOverrides(app, handlerParts)
  addLive(app, handlerParts)
  addLog(app, handlerParts)
  addMetrics(app, handlerParts)
  addConfiguration(app, handlerParts)
  addPeople(app, handlerParts)
  addWorkloads(app, handlerParts)
  addAudit(app, handlerParts)
  addQuery(app, handlerParts)
  // Those of `records/` before `records/{id}`: the first route that matches answers.
  addExport(app, handlerParts)
  addTail(app, handlerParts)
  addSearch(app, handlerParts)
  addHolds(app, handlerParts)
  addErasures(app, handlerParts)
  addRecords(app, handlerParts)
  addExplain(app, handlerParts)
  app.doc31('/openapi.json', openApiHead)
  app.openAPIRegistry.registerComponent('securitySchemes', 'entra', {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description: 'Access token of Microsoft Entra ID for one of the audiences of the gateway.',
  })
  app.openAPIRegistry.registerComponent('securitySchemes', 'session', {
    type: 'apiKey',
    in: 'cookie',
    name: sessionCookie,
    description: 'Session of a person who signed in with a browser, at /signin.',
  })
  return app
}

const openApiHead = {
  openapi: '3.1.0',
  info: {
    title: 'Gatehouse management API',
    version: '1',
    description:
      'Figures and records of the ledger. Every route but /healthz asks for a verified token and a role: `viewer` for figures, `developer` for those of their own workloads and for bodies of their own calls, `auditor` for all bodies, `operator` to probe, drain and restore instances, to pause, resume and rewind feeds, and to change the level of the log, `admin` for all of that and to apply a configuration.',
    license: { name: 'MIT', identifier: 'MIT' },
  },
  security: [{ entra: [] }, { session: [] }],
}

/** Refusals of callers are recorded before they are answered. */
async function failed(c: Context<AdminEnv>, thrown: unknown, { log, desk }: Pick<AdminParts, 'log' | 'desk'>) {
  let answer = answerOf(thrown)
  if (answer.status === 401 || answer.status === 403) {
    const unwritten = await desk.refused(c, answer.body.error.code).then(
      () => null,
      (error: unknown) => error,
    )
    if (unwritten !== null) answer = answerOf(unwritten)
  }
  const { status, headers, body } = answer
  // A reader that left while its question waited is no fault of the ledger.
  const hasLeft = body.error.code === 'ledger_busy' && c.req.raw.signal.aborted
  if (status >= 500 && !hasLeft) {
    const fields = { error: thrown, code: body.error.code, requestId: c.get('requestId'), path: c.req.path }
    log.error(fields, 'admin_failed')
  }
  return c.json(body, status, headers)
}
