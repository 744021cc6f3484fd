/** `gatehouse config`: a configuration before it is used, and the one that a running gateway uses. */
import { writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { Command, Option } from 'commander'
import type { ExplainAnswer } from '../../admin/explain/schemas.ts'
import { exampleText } from '../../config/example.ts'
import { jsonSchemaText } from '../../config/json-schema.ts'
import { type LoadedConfig, loadConfig } from '../../config/load.ts'
import { ConfigError, countOf, problemLine, renderProblems } from '../../config/messages.ts'
import { restartOnly } from '../../config/restart.ts'
import type { Config } from '../../config/schema/index.ts'
import type { ExplainStep } from '../../gateway/explain/index.ts'
import type { ExplainQuestion } from '../../gateway/explain/question.ts'
import { type Caller, callerKey, callerWithoutToken } from '../../identity/caller.ts'
import type { CliContext } from '../context.ts'
import { CliError } from '../errors.ts'
import { askAdmin } from '../reach/admin-client.ts'
import { diagnosisText } from '../terminal/findings.ts'
import { jsonText } from '../terminal/printable.ts'
import { stepsText } from '../terminal/steps.ts'
import { connect, connectFailure } from './config-connect.ts'
import { applyCommand, historyCommand, showCommand } from './config-running.ts'
import { tryCommand } from './config-try.ts'
import { explanationText } from './record-explain.ts'

export const configFileDefault = 'gatehouse.yaml'

/** What the data plane would do with a call, stage by stage; `explain` of gateway/explain/index.ts. */
export type Explain = (
  config: Config,
  question: ExplainQuestion,
) => readonly ExplainStep[] | Promise<readonly ExplainStep[]>

/**
 * @param explain Default: the data plane's own, loaded on demand because it brings half of the gateway with it.
 */
export function configCommand(context: CliContext, explain: Explain | null = null): Command {
  return new Command('config')
    .description('check, write and explain a configuration; show and change that of a running gateway')
    .addCommand(checkCommand(context))
    .addCommand(initCommand(context))
    .addCommand(schemaCommand(context))
    .addCommand(explainCommand(context, explain))
    .addCommand(tryCommand(context, configFileDefault))
    .addCommand(showCommand(context))
    .addCommand(historyCommand(context))
    .addCommand(applyCommand(context))
}

/**
 * Loads a configuration for a command. Prints what is wrong with it, all of it, to standard error.
 * @throws CliError `config_unreadable`, `config_invalid`
 */
export async function readConfig(context: CliContext, file: string): Promise<LoadedConfig> {
  try {
    // Columns belong to the table of fields, which the configuration does not know.
    const { feedColumns } = await import('../../house/feeds.ts')
    return await loadConfig(resolve(context.cwd, file), context.env, { columns: feedColumns })
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    if (!context.json && error.code === 'config_invalid') {
      context.stderr.write(`${renderProblems(file, error.problems)}\n\n`)
    }
    throw failure(error, file, context.json)
  }
}

/** @param json No other output names the problems then. */
function failure(error: ConfigError, file: string, json: boolean): CliError {
  const [problem] = error.problems
  const why = problem === undefined ? null : problemLine(problem)
  if (error.code === 'config_unreadable') {
    return new CliError(error.code, `${file} cannot be read.`, why, `gatehouse config init ${file}`, { cause: error })
  }
  const what = `${file} has ${countOf(error.problemCount)}.`
  const next = `mend it, then gatehouse config check --config ${file}`
  // A single problem is already on the screen.
  const first = why === null || (!json && error.problemCount === 1) ? null : `The first: ${why}`
  return new CliError(error.code, what, first, next, { cause: error })
}

function configOption(): Option {
  return new Option('-c, --config <file>', 'configuration file').default(configFileDefault)
}

function checkCommand(context: CliContext): Command {
  return new Command('check')
    .description('read a configuration as serve would, and say everything that is wrong with it')
    .addOption(configOption())
    .option('--strict', 'fail on warnings too')
    .option(
      '--connect',
      'also try sign-in service, instances, credentials, Redis and feeds, as serve does at its start',
    )
    .action(async (options: { config: string; strict?: true; connect?: true }) => {
      const loaded = await check(context, options.config)
      const { config, warnings } = loaded
      const connections = options.connect === true ? await connect(context, loaded) : null
      if (context.json) {
        const found = { ok: connections?.ok ?? true, file: loaded.path, problems: [], warnings, restartOnly }
        context.stdout.write(`${jsonText({ ...found, ...(connections === null ? {} : { connections }) })}\n`)
      } else {
        const counts = [
          count(config.instances, 'instance'),
          count(config.pools, 'pool'),
          count(config.workloads, 'workload'),
        ]
        context.stdout.write(`✓ ${options.config} is valid: ${counts.join(', ')}\n`)
        context.stdout.write(
          `A reload takes every change but those of ${restartOnly.join(', ')}: these wait for a restart.\n`,
        )
        if (warnings.length > 0) context.stdout.write(`\nwarnings\n\n${renderProblems(options.config, warnings)}\n`)
        if (connections !== null) context.stdout.write(`\n${diagnosisText(connections)}`)
      }
      if (connections?.ok === false) throw connectFailure(connections)
      if (options.strict !== true || warnings.length === 0) return
      const what = `${options.config} has ${warnings.length === 1 ? '1 warning' : `${warnings.length} warnings`}.`
      throw new CliError('config_warnings', what, '--strict was given.', 'mend it, or leave --strict away')
    })
}

/** With `--json` the problems are the result, on standard output; the exit code says the rest. */
async function check(context: CliContext, file: string): Promise<LoadedConfig> {
  try {
    return await readConfig(context, file)
  } catch (error) {
    if (context.json && error instanceof CliError && error.cause instanceof ConfigError) {
      context.stdout.write(`${jsonText({ ok: false, ...error.cause.toJSON(), warnings: [] })}\n`)
    }
    throw error
  }
}

function count(named: Readonly<Record<string, unknown>>, noun: string): string {
  const entries = Object.keys(named).length
  return `${entries} ${noun}${entries === 1 ? '' : 's'}`
}

function initCommand(context: CliContext): Command {
  return new Command('init')
    .description('write an annotated configuration to start from, and its JSON Schema for editors')
    .argument('[file]', 'file to write', configFileDefault)
    .option('--force', 'overwrite what is there')
    .action(async (file: string, options: { force?: true }) => {
      const path = resolve(context.cwd, file)
      await writeNew(path, await exampleText(), options.force === true)
      // Written beside the configuration, under the name in its first line. An existing schema is kept.
      const schema = join(dirname(path), 'gatehouse.schema.json')
      const schemaWritten = await writeNew(schema, jsonSchemaText(), options.force === true).catch((error: unknown) => {
        if (error instanceof CliError && error.code === 'file_exists') return null
        throw error
      })
      const files = schemaWritten === null ? [path] : [path, schemaWritten]
      const text = `written: ${files.join(', ')}\nNext: fill in your tenant, instances and workloads, then gatehouse config check --config ${file}\n`
      context.stdout.write(context.json ? `${jsonText({ files })}\n` : text)
    })
}

async function writeNew(path: string, text: string, overwrite: boolean): Promise<string> {
  try {
    await writeFile(path, text, { flag: overwrite ? 'w' : 'wx' })
    return path
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown'
    if (code === 'EEXIST') {
      throw new CliError('file_exists', `${path} is there already.`, 'It was left as it is.', 'the same with --force', {
        cause,
      })
    }
    throw new CliError('file_unwritable', `${path} cannot be written.`, `The system says ${code}.`, 'another path', {
      cause,
    })
  }
}

function schemaCommand(context: CliContext): Command {
  return new Command('schema').description('print the JSON Schema of the configuration').action(() => {
    context.stdout.write(jsonSchemaText())
  })
}

interface ExplainOptions {
  readonly config: string
  readonly method: string
  readonly user?: string
  readonly app?: string
  readonly tenant?: string
  readonly group: readonly string[]
  readonly role: readonly string[]
  readonly scope: readonly string[]
  readonly managedIdentity?: string
  readonly workloadHeader?: string
  readonly model?: string
  readonly running?: true
  readonly as?: string
}

/** The parts of a configuration that describe a caller. */
type Accepted = Pick<Config['identity']['entra'], 'tenants' | 'audiences'>

function explainCommand(context: CliContext, given: Explain | null): Command {
  const several = (value: string, before: readonly string[]): readonly string[] => [...before, value]
  return new Command('explain')
    .description('say step by step what would happen to a call; exits 1 when it would be refused')
    .argument('<url>', 'URL or path that the client calls')
    .addOption(configOption())
    .option('--method <method>', 'HTTP method', 'POST')
    .addOption(new Option('--user <oid>', 'the caller is this person: object id').conflicts('app'))
    .option('--app <appid>', 'the caller is this application: client id')
    .option('--tenant <tid>', 'tenant of the caller (default: the first of the configuration)')
    .option('--group <oid>', 'a group of the caller; may be given again', several, [])
    .option('--role <role>', 'an app role of the caller; may be given again', several, [])
    .option('--scope <scope>', 'a delegated permission of the token; may be given again', several, [])
    .option('--managed-identity <arm-id>', 'ARM id, when the application is a managed identity')
    .option('--workload-header <workload>', 'value of the header x-gatehouse-workload')
    .option('--model <deployment>', 'value of "model" in the body')
    .option('--running', 'ask the running gateway: with the room in limits and the instances as they are now')
    .option('--as <name>', 'with --running: read as this account')
    .action(async (url: string, options: ExplainOptions) => {
      if (options.running === true) return explainRunning(context, url, options)
      const { config } = await readConfig(context, options.config)
      const question = questionOf(url, options, config.identity.entra, context)
      const explain = given ?? (await import('../../gateway/explain/index.ts')).explain
      const steps = await explain(config, question)
      const refused = steps.find(step => step.verdict === 'refuse')
      context.stdout.write(
        context.json ? `${jsonText({ allowed: refused === undefined, steps })}\n` : stepsText(headOf(question), steps),
      )
      if (refused !== undefined) throw wouldBeRefused(refused.refusal, refused.text)
    })
}

function wouldBeRefused(code: string | undefined, why: string): CliError {
  return new CliError('refused', `The call would be refused${code === undefined ? '' : ` with ${code}`}.`, why)
}

/** The same question to the management API of a running gateway. */
async function explainRunning(context: CliContext, url: string, options: ExplainOptions): Promise<void> {
  const { as } = options
  const { caller: self } = await askAdmin<{ caller: { tenantId: string } }>(context, { path: '/api/v1/whoami', as })
  const question = questionOf(url, options, { tenants: [self.tenantId], audiences: [] }, context)
  const { caller, method, headers, model } = question
  const { groups = [], roles = [], scopes = [], managedIdentityId = null } = caller ?? {}
  const claims = { groups, roles, scopes, ...(managedIdentityId === null ? {} : { managedIdentityId }) }
  const asked = {
    caller: caller === null ? null : { key: callerKey(caller), ...claims },
    ...{ method, url: question.url, headers },
    ...(model === null ? {} : { model }),
  }
  const answer = await askAdmin<ExplainAnswer>(context, { path: '/api/v1/explain', method: 'POST', body: asked, as })
  context.stdout.write(context.json ? `${jsonText(answer, 2)}\n` : explanationText(answer))
  const last = answer.steps.at(-1)
  if (last?.verdict === 'refuse') throw wouldBeRefused(last.answer?.code, last.text)
}

function questionOf(url: string, options: ExplainOptions, accepted: Accepted, context: CliContext): ExplainQuestion {
  // The URL parser is not used here: it would resolve the dot segments that should be explained.
  const path = url.replace(/^https?:\/\/[^/?#]*/i, '') || '/'
  if (!path.startsWith('/')) {
    const next = 'gatehouse config explain /main/hr-bot/openai/v1/models'
    throw new CliError('usage', 'That is neither a URL nor a path.', null, next, { exitCode: 2 })
  }
  const headers: Record<string, string> = {}
  if (options.workloadHeader !== undefined) headers['x-gatehouse-workload'] = options.workloadHeader
  return {
    method: options.method.toUpperCase(),
    url: path,
    caller: callerOf(options, accepted, context),
    headers,
    model: options.model ?? null,
  }
}

const nobody = '00000000-0000-0000-0000-000000000000'

function callerOf(options: ExplainOptions, accepted: Accepted, context: CliContext): Caller | null {
  const { user, app } = options
  if (user === undefined && app === undefined) {
    const traits = [options.tenant, options.managedIdentity, ...options.group, ...options.role, ...options.scope]
    if (traits.every(trait => trait === undefined)) return null
    throw new CliError('usage', 'A caller needs --user or --app.', null, 'the same with --user OID', { exitCode: 2 })
  }
  const identity = callerWithoutToken({
    kind: user === undefined ? 'application' : 'user',
    tenantId: guid(options.tenant ?? accepted.tenants[0] ?? nobody, '--tenant'),
    objectId: user === undefined ? nobody : guid(user, '--user'),
    appId: app === undefined ? null : guid(app, '--app'),
    displayName: null,
  })
  return {
    ...identity,
    groups: options.group.map(group => guid(group, '--group')),
    listsGroups: options.group.length > 0,
    roles: options.role,
    scopes: options.scope,
    managedIdentityId: options.managedIdentity?.toLowerCase() ?? null,
    audience: accepted.audiences[0] ?? '',
    expiresAtMs: context.clock() + 3_600_000,
  }
}

function guid(text: string, option: string): string {
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text)) return text.toLowerCase()
  const what = `${option} takes a GUID, as 11111111-2222-3333-4444-555555555555.`
  throw new CliError(
    'usage',
    what,
    'Names are mutable in Entra and decide nothing.',
    'gatehouse config explain --help',
    { exitCode: 2 },
  )
}

function headOf({ method, url, caller }: ExplainQuestion): string {
  const id = caller?.kind === 'user' ? caller.objectId : caller?.appId
  return `${method} ${url} ${caller === null ? 'without a token' : `as ${caller.kind} ${id}`}`
}
