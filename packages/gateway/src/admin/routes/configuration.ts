import { createRoute } from '@hono/zod-openapi'
import { ApplyError, type ApplyFault, type Configuration } from '../../config/in-force/index.ts'
import { jsonSchemaText } from '../../config/json-schema.ts'
import { ConfigError, countOf, problemLine } from '../../config/messages.ts'
import type { Config } from '../../config/schema/index.ts'
import { type Caller, callerKey } from '../../identity/caller.ts'
import {
  appliedAnswer,
  applyBody,
  checkBody,
  checkedAnswer,
  configurationAnswer,
  historyAnswer,
  schemaAnswer,
  versionAnswer,
  versionParameter,
} from '../configuration-schemas.ts'
import { commonAnswers, jsonAnswer, needs } from '../document.ts'
import { AdminError, type AdminErrorCode } from '../errors.ts'
import type { AdminApp, AdminParts } from '../parts.ts'
import { prepareRoles } from '../roles.ts'
import { errorAnswer } from '../schemas.ts'

const path = '/api/v1/config'
const answers = {
  501: jsonAnswer(errorAnswer, 'The program that runs the gateway has made its configuration; there is no file.'),
  ...commonAnswers,
}
const jsonBody = <Schema>(schema: Schema) => ({ required: true, content: { 'application/json': { schema } } })

const show = createRoute({
  method: 'get',
  path,
  summary: 'The configuration in force, value by value and as text, without secrets; and the state of its file.',
  ...needs('operator'),
  responses: { 200: jsonAnswer(configurationAnswer, 'The configuration of the process that answers.'), ...answers },
})
const schema = createRoute({
  method: 'get',
  path: `${path}/schema`,
  summary: 'The JSON Schema of a configuration, for editors; as gatehouse.schema.json.',
  ...needs('operator'),
  responses: { 200: jsonAnswer(schemaAnswer, 'JSON Schema, draft 2020-12.'), ...commonAnswers },
})
const history = createRoute({
  method: 'get',
  path: `${path}/history`,
  summary: 'Configurations that were in force, newest first: since when, how it came, by whom.',
  ...needs('operator'),
  responses: { 200: jsonAnswer(historyAnswer, 'The newest 200.'), ...answers },
})
const version = createRoute({
  method: 'get',
  path: `${path}/history/{version}`,
  summary: 'One of them with its text, without secrets.',
  ...needs('operator'),
  request: { params: versionParameter },
  responses: {
    200: jsonAnswer(versionAnswer, 'The version.'),
    404: jsonAnswer(errorAnswer, 'No such version.'),
    ...answers,
  },
})
const check = createRoute({
  method: 'post',
  path: `${path}/check`,
  summary: 'Says everything that is wrong with a configuration, as gatehouse config check. Changes nothing.',
  ...needs('operator'),
  request: { body: jsonBody(checkBody) },
  responses: { 200: jsonAnswer(checkedAnswer, 'What is wrong with it; nothing where the list is empty.'), ...answers },
})
const apply = createRoute({
  method: 'post',
  path: `${path}/apply`,
  summary: 'Puts a configuration in the place of the file and uses it, or does neither. Recorded.',
  ...needs('admin'),
  request: { body: jsonBody(applyBody) },
  responses: {
    200: jsonAnswer(appliedAnswer, 'It is in force.'),
    409: jsonAnswer(errorAnswer, 'The file was changed meanwhile, cannot be written, or the process cannot use it.'),
    ...answers,
  },
})

export function addConfiguration(app: AdminApp, { house, desk }: AdminParts): void {
  const held = (): Configuration => house.configuration ?? withoutFile()

  app.openapi(show, async c => c.json(await held().report(), 200))

  app.openapi(schema, c => c.json(JSON.parse(jsonSchemaText()) as Record<string, unknown>, 200))

  app.openapi(history, async c => c.json({ versions: await held().history() }, 200))

  app.openapi(version, async c => {
    const { version: id } = c.req.valid('param')
    const found = await held().version(id)
    if (found === null)
      throw new AdminError('version_unknown', `The history has no version ${id}: it keeps the newest.`)
    return c.json(found, 200)
  })

  app.openapi(check, async c => c.json(await held().check(c.req.valid('json').text), 200))

  app.openapi(apply, async c => {
    const { text, expectedHash } = c.req.valid('json')
    const caller = c.get('caller')
    const by = { by: callerKey(caller), name: caller.displayName }
    const { roles, from, to, commit } = await held().prepare(text, expectedHash, by).catch(refused)
    requireStillAdmin(roles, caller)
    const work = () => commit().catch(refused)
    return c.json(await desk.change(c, { action: 'configuration_applied', facts: { from, to }, work }), 200)
  })
}

/** Who applies must be able to take it back. Passes where only groups that the token leaves out could say. */
function requireStillAdmin(written: Config['admin']['roles'], caller: Caller): void {
  const roles = prepareRoles(written)
  if (roles.of(caller).includes('admin') || (roles.asksForGroups && !caller.listsGroups)) return
  const message =
    'With this text you would no longer have the role admin and could not take it back. Keep a rule for yourself in admin.roles.admin, or let a person who keeps the role apply it. Nothing was changed.'
  throw new AdminError('configuration_locks_out', message)
}

function withoutFile(): never {
  const message = 'The program that runs this gateway has made its configuration: there is no file to show.'
  throw new AdminError('configuration_without_file', message)
}

const codes = {
  changed: 'configuration_changed',
  refused: 'configuration_refused',
  off: 'configuration_locked',
  read_only: 'configuration_unwritable',
  no_permission: 'configuration_unwritable',
  unwritable: 'configuration_unwritable',
} as const satisfies Record<ApplyFault, AdminErrorCode>

function refused(cause: unknown): never {
  if (cause instanceof ApplyError) throw new AdminError(codes[cause.fault], cause.message, { cause })
  if (cause instanceof ConfigError) {
    const [first] = cause.problems
    const said = first === undefined ? '' : ` The first: ${problemLine(first)}`
    throw new AdminError(
      'configuration_invalid',
      `It has ${countOf(cause.problemCount)}, and nothing was changed.${said}`,
      {
        cause,
      },
    )
  }
  throw cause
}
