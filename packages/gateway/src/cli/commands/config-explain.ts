/** `gatehouse config explain`: what would happen to a call. */
import { Command, Option } from 'commander'
import type { ExplainAnswer } from '../../admin/explain/schemas.ts'
import type { Config } from '../../config/schema/index.ts'
import type { ExplainStep } from '../../gateway/explain/index.ts'
import type { ExplainQuestion } from '../../gateway/explain/question.ts'
import { type Caller, callerKey, callerWithoutToken } from '../../identity/caller.ts'
import type { CliContext } from '../context.ts'
import { CliError } from '../errors.ts'
import { askAdmin } from '../reach/admin-client.ts'
import { forPeople } from '../terminal/people.ts'
import { jsonText, printableLine } from '../terminal/printable.ts'
import { stepsText } from '../terminal/steps.ts'
import { configOption, readConfig } from './config-file.ts'
import { askedOf } from './explain-address.ts'
import { explanationText } from './record-explain.ts'

/** What the data plane would do with a call, stage by stage; `explain` of gateway/explain/index.ts. */
export type Explain = (
  config: Config,
  question: ExplainQuestion,
) => readonly ExplainStep[] | Promise<readonly ExplainStep[]>

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

/** @param given Default: the data plane's own, loaded on demand because it brings half of the gateway with it. */
export function explainCommand(context: CliContext, given: Explain | null): Command {
  const several = (value: string, before: readonly string[]): readonly string[] => [...before, value]
  return new Command('explain')
    .description('say step by step what would happen to a call; exits 1 when it would be refused')
    .argument('<url>', 'URL or path that the client calls; an endpoint is completed by a usual operation')
    .addOption(configOption())
    .option('--method <method>', 'HTTP method', 'POST')
    .addOption(new Option('--user <oid>', 'the caller is this person: object id').conflicts('app'))
    .option('--app <appid>', 'the caller is this application: client id')
    .option('--tenant <tid>', 'tenant of the caller (default: the first of the configuration)')
    .option(
      '--group <oid>',
      'a group of the caller, or of a made-up person without --user and --app; may be given again',
      several,
      [],
    )
    .option('--role <role>', 'an app role of the caller, as --group; may be given again', several, [])
    .option('--scope <scope>', 'a delegated permission of the token; may be given again', several, [])
    .option('--managed-identity <arm-id>', 'ARM id, when the application is a managed identity')
    .option('--workload-header <workload>', 'value of the header x-gatehouse-workload')
    .option('--model <deployment>', 'value of "model" in the body')
    .option('--running', 'ask the running gateway: with the room in limits and the instances as they are now')
    .option('--as <name>', 'with --running: read as this account')
    .action(async (url: string, options: ExplainOptions) => {
      if (options.running === true) return explainRunning(context, url, options)
      const { config } = await readConfig(context, options.config)
      const known = { accepted: config.identity.entra, workloads: config.workloads }
      const { question, note } = questionOf(url, options, known, context)
      const explain = given ?? (await import('../../gateway/explain/index.ts')).explain
      const steps = await explain(config, question)
      const refused = steps.find(step => step.verdict === 'refuse')
      context.stdout.write(
        context.json
          ? `${jsonText({ allowed: refused === undefined, url: question.url, steps })}\n`
          : forPeople(`${note}${stepsText(headOf(question), steps)}`, context),
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
  const accepted = { tenants: [self.tenantId], audiences: [] }
  const { question, note } = questionOf(url, options, { accepted, workloads: null }, context)
  const { caller, method, headers, model } = question
  const { groups = [], roles = [], scopes = [], managedIdentityId = null } = caller ?? {}
  const claims = { groups, roles, scopes, ...(managedIdentityId === null ? {} : { managedIdentityId }) }
  const asked = {
    caller: caller === null ? null : { key: callerKey(caller), ...claims },
    ...{ method, url: question.url, headers },
    ...(model === null ? {} : { model }),
  }
  const answer = await askAdmin<ExplainAnswer>(context, { path: '/api/v1/explain', method: 'POST', body: asked, as })
  context.stdout.write(
    context.json ? `${jsonText(answer, 2)}\n` : forPeople(`${note}${explanationText(answer)}`, context),
  )
  const last = answer.steps.at(-1)
  if (last?.verdict === 'refuse') throw wouldBeRefused(last.answer?.code, last.text)
}

interface Question {
  readonly question: ExplainQuestion
  /** What was added to the address, as a line; empty when it was whole. */
  readonly note: string
}

function questionOf(
  address: string,
  options: ExplainOptions,
  { accepted, workloads }: { readonly accepted: Accepted; readonly workloads: Config['workloads'] | null },
  context: CliContext,
): Question {
  const method = options.method.toUpperCase()
  const { url, model, note } = askedOf({ address, method, model: options.model ?? null }, workloads)
  const headers: Record<string, string> = {}
  if (options.workloadHeader !== undefined) headers['x-gatehouse-workload'] = options.workloadHeader
  const question = { method, url, caller: callerOf(options, accepted, context), headers, model }
  return { question, note: note === null ? '' : `${printableLine(note)}\n` }
}

/** Of a made-up person, who has what the options say, and of an application's service principal. */
const nobody = '00000000-0000-0000-0000-000000000000'

function callerOf(options: ExplainOptions, accepted: Accepted, context: CliContext): Caller | null {
  const { user, app } = options
  if (user === undefined && app === undefined) {
    if (options.managedIdentity !== undefined) throw withoutApplication()
    const traits = [options.tenant, ...options.group, ...options.role, ...options.scope]
    if (traits.every(trait => trait === undefined)) return null
  }
  const identity = callerWithoutToken({
    kind: app === undefined ? 'user' : 'application',
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

function withoutApplication(): CliError {
  const what = 'A managed identity calls as an application: --managed-identity needs --app.'
  const why = 'Add its client id. Any GUID will do for a test, where no rule names the application.'
  const next = 'the same with --app 66666666-0000-4000-8000-000000000001'
  return new CliError('usage', what, why, next, { exitCode: 2 })
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
  return `${method} ${url} ${caller === null ? 'without a token' : `as ${nameOf(caller)}`}`
}

function nameOf({ kind, objectId, appId }: Caller): string {
  if (kind === 'application') return `application ${appId}`
  return objectId === nobody ? 'a made-up person' : `user ${objectId}`
}
