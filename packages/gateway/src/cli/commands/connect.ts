/** `gatehouse connect`: a relay on this machine for tools that know only a base URL and a key. */
import { Command, InvalidArgumentError, Option } from 'commander'
import { request } from 'undici'
import { z } from 'zod'
import type { Place } from '../connect/address.ts'
import { gatewayPath } from '../connect/address.ts'
import { runChild } from '../connect/child.ts'
import { pastedText } from '../connect/pasted.ts'
import { type Relay, startRelay } from '../connect/relay.ts'
import { RelayTokens } from '../connect/tokens.ts'
import { environmentOf, type Family, families, variablesOf } from '../connect/variables.ts'
import type { SignInContext } from '../context.ts'
import { CliError } from '../errors.ts'
import { startFailure, stopSignal } from '../lifetime.ts'
import { gatewayUnreachable } from '../reach/addresses.ts'
import { errorFields } from '../reach/admin-request.ts'
import { browserCommand } from '../reach/browser.ts'
import { jsonText, printableLine } from '../terminal/printable.ts'
import { login } from './login.ts'
import { readHolder } from './whoami.ts'

interface ConnectOptions {
  readonly workload?: string
  readonly target?: string
  readonly port?: number
  readonly as?: string
  readonly variables: Family
}

/** Where tools find the relay that is told no port. */
const portDefault = 4000

export function connectCommand(context: SignInContext): Command {
  return new Command('connect')
    .summary('let tools with a key field call the gateway')
    .description(
      'Listen on this machine for tools that know only a base URL and a key, and send their calls to the gateway with your token.',
    )
    .argument('[command...]', 'after --: a program to start with the address and the key in its environment')
    .option('--workload <name>', 'workload to call as (default: the only one that you may use)')
    .option('--target <name>', 'instance or pool to call; needs --workload (default: the first of the workload)')
    .option('--port <port>', `port to listen on (default: ${portDefault}; a free one with a COMMAND)`, port)
    .option('--as <name>', 'call as this account (in the demonstration: carol, unless named)')
    .addOption(
      new Option('--variables <names>', 'whose variables COMMAND gets')
        .choices(families)
        .default('both' satisfies Family),
    )
    .addHelpText(
      'after',
      `
The key is made at each start and ends with the process; nothing is written to disk. The relay listens on 127.0.0.1 alone.
COMMAND gets OPENAI_BASE_URL, OPENAI_API_KEY, AZURE_OPENAI_ENDPOINT, AZURE_OPENAI_API_KEY, OPENAI_API_VERSION, and their older names. The exit code is that of COMMAND.
A page per tool, with what to paste: docs/clients/README.md.`,
    )
    .action(async (command: string[], options: ConnectOptions) => connect(context, command, options))
}

async function connect(context: SignInContext, command: readonly string[], options: ConnectOptions): Promise<void> {
  const place = placeOf(options)
  const gateway = await context.gateway()
  const tokens = new RelayTokens({
    sign: renew => context.token({ as: options.as, ...(renew ? { renew } : {}) }),
    clock: context.clock,
  })
  const token = await firstToken(context, tokens)
  const models = await modelsOf(context, gateway, place, token)
  const problems: string[] = []
  const isAlone = command.length === 0
  const onProblem = (problem: string): void => {
    const line = `✗ ${printableLine(problem)}\n`
    // A program in front owns the terminal: it gets the problem as an answer, and the user reads it after the end.
    if (isAlone) context.stderr.write(line)
    else if (problems.at(-1) !== line) problems.push(line)
  }
  const wanted = options.port ?? (isAlone ? portDefault : 0)
  const { program } = context
  const relay = await startRelay({ gateway, place, tokens, program, port: wanted, onProblem }).catch(error => {
    throw startFailure(error, [{ port: wanted, use: 'relay', option: '--port' }])
  })
  const { url, key } = relay
  if (!isAlone) {
    const env = environmentOf(context.env, url, key, options.variables)
    const onTerminal = context.stdin.isTTY === true
    process.exitCode = await runChild(command, { env, cwd: context.cwd, onTerminal }).finally(() => relay.cut())
    for (const line of problems.slice(-3)) context.stderr.write(line)
    return
  }
  const stopped = stopSignal()
  const account = readHolder(token).displayName
  const shown = { url, key, gateway, models, ...place, account: account === null ? null : printableLine(account) }
  const variables = variablesOf(url, key, options.variables, context.env)
  context.stdout.write(
    context.json ? `${jsonText({ ...shown, baseUrl: `${url}/v1`, variables })}\n` : pastedText(shown),
  )
  await stopped
  await ended(context, relay)
}

async function ended(context: SignInContext, relay: Relay): Promise<void> {
  if (relay.inFlight > 0) {
    context.stderr.write(`Stopping: calls in flight end first (${relay.inFlight}). Ctrl-C again cuts them.\n`)
  }
  await relay.close()
}

function placeOf({ workload, target }: ConnectOptions): Place {
  for (const [option, name] of [
    ['--workload', workload],
    ['--target', target],
  ] as const) {
    if (name === undefined || /^[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?$/.test(name)) continue
    const why = 'Names have small letters, digits, ".", "_" and "-".'
    throw new CliError('name_invalid', `${option} is not a name.`, why, `${option} hr-bot`, { exitCode: 2 })
  }
  if (target !== undefined && workload === undefined) {
    const why = 'The address of a target names the workload as well.'
    throw new CliError('workload_needed', '--target needs --workload.', why, 'the same with --workload NAME', {
      exitCode: 2,
    })
  }
  return { workload: workload ?? null, target: target ?? null }
}

/** Signs the person in where nobody is, and a terminal is there to do so. */
async function firstToken(context: SignInContext, tokens: RelayTokens): Promise<string> {
  try {
    return await tokens.token()
  } catch (error) {
    const canAsk = context.stdin.isTTY === true && context.stderr.isTTY === true
    if (!(error instanceof CliError) || error.code !== 'not_signed_in' || !canAsk) throw error
  }
  const device = browserCommand(process.platform, context.env) === null
  // Standard output is for what is pasted.
  await login({ ...context, stdout: context.stderr, json: false }, { device })
  return tokens.token()
}

const modelList = z.object({ data: z.array(z.object({ id: z.string() })) })

/** Deployments of the workload: the gateway says so itself, and refuses here what it would refuse to every call. */
async function modelsOf(
  context: SignInContext,
  gateway: string,
  place: Place,
  token: string,
): Promise<readonly string[]> {
  const workload = place.target === null ? place.workload : null
  const answer = await request(`${gateway}${gatewayPath('/v1/models', place)}`, {
    headers: {
      authorization: `Bearer ${token}`,
      ...(workload === null ? {} : { 'x-gatehouse-workload': workload }),
    },
  }).catch(async (cause: unknown) => {
    throw gatewayUnreachable(gateway, await context.originOf('gateway'), cause)
  })
  const body = await answer.body.json().catch(() => null)
  if (answer.statusCode >= 400 && answer.statusCode < 500) {
    const { code, message } = errorFields(body)
    const next = code === 'workload_missing' ? 'the same with --workload NAME' : 'gatehouse whoami'
    throw new CliError(code, message, `HTTP ${answer.statusCode} from ${gateway}.`, next)
  }
  const found = modelList.safeParse(body)
  return found.success ? found.data.data.map(({ id }) => printableLine(id)) : []
}

function port(text: string): number {
  const value = Number(text)
  if (/^\d+$/.test(text) && value <= 65_535) return value
  throw new InvalidArgumentError('a port, 0 to 65535; 0 takes a free one')
}
