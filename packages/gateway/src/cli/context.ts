/** Context of every command: address of the gateway, identity of the caller, output. */
import { resolve } from 'node:path'
import type { Readable } from 'node:stream'
import { type Clock, systemClock } from '../clock.ts'
import { openTokenCache, stateDirectory, type TokenCache } from '../identity/signin/index.ts'
import type { GlobalOptions, TokenOptions } from './options.ts'
import { type DemoState, findDemoState, trustDemo } from './reach/demo-state.ts'
import { type Endpoints, findEndpoints, needAdmin, needGateway } from './reach/endpoints.ts'
import { readProfile } from './reach/profile.ts'
import { commandToken } from './reach/sign-in.ts'
import { startedName } from './started.ts'
import type { Output } from './terminal/wrap.ts'

export { type DemoState, removeDemoState, writeDemoState } from './reach/demo-state.ts'

export interface CliContext {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  /** What this program is called in what it says; `startedName`. */
  readonly program: string
  readonly stdin: Readable & { readonly isTTY?: boolean | undefined }
  readonly stdout: Output
  readonly stderr: Output
  readonly clock: Clock
  /** True with `--json`: results and errors are JSON. Read it when the command runs, not before. */
  readonly json: boolean
  /** Answers that name what there is, by their question: each is asked for once in a run. */
  readonly lookedUp: Map<string, Promise<unknown>>
  /** The demonstration that runs in this directory or above it; null when none does. */
  demo(): Promise<DemoState | null>
  /**
   * Base URL of the gateway, without a trailing slash: `--gateway`, GATEHOUSE_GATEWAY, the demonstration that runs
   * here, what `login` saved.
   * @throws CliError `gateway_unknown`, `url_invalid`
   */
  gateway(): Promise<string>
  /**
   * Base URL of the management API, from the same sources with `--admin` and GATEHOUSE_ADMIN.
   * @throws CliError `admin_unknown`, `url_invalid`
   */
  admin(): Promise<string>
  /** Where an address comes from, in words that follow "from", as `GATEHOUSE_ADMIN`; null when it is unknown. */
  originOf(address: 'gateway' | 'admin'): Promise<string | null>
  /**
   * An access token for the gateway and its management API. Signs in without a person where it can (cache, refresh,
   * client credentials from the environment, the demonstration's directory); never opens a browser.
   * @throws CliError `not_signed_in`, `sign_in_failed` and others of cli/reach/sign-in.ts
   */
  token(options?: TokenOptions): Promise<string>
}

/** Context of the commands that sign in and out. */
export interface SignInContext extends CliContext {
  /** Where tokens and the profile of `login` are kept. */
  readonly stateDirectory: string
  readonly tokens: TokenCache
  /** All known endpoints. Looked up once. */
  endpoints(): Promise<Endpoints>
}

export interface ContextOptions {
  /** Read when a command runs: commander has parsed the line by then. */
  readonly options: () => GlobalOptions
  readonly env?: CliContext['env']
  readonly cwd?: string
  readonly stdin?: CliContext['stdin']
  readonly stdout?: Output
  readonly stderr?: Output
  readonly clock?: Clock
}

/** The context of one run. Defaults come from the process. */
export function createContext(given: ContextOptions): SignInContext {
  const env = given.env ?? process.env
  const cwd = given.cwd ?? process.cwd()
  const stderr = given.stderr ?? process.stderr
  const clock = given.clock ?? systemClock
  const directory = stateDirectory(env)
  const tokens = openTokenCache(directory, message => stderr.write(`${message}\n`))
  const demo = once(() => findDemoState(demoDirectoryOf(env, cwd), message => stderr.write(`! ${message}\n`)))
  const endpoints = once(async () => {
    const facts = { options: given.options(), env, demo: await demo(), profile: await readProfile(directory) }
    const found = findEndpoints(facts)
    if (found.demo !== null) trustDemo(found.demo)
    return found
  })
  return {
    env,
    cwd,
    program: startedName(env),
    stdin: given.stdin ?? process.stdin,
    stdout: given.stdout ?? process.stdout,
    stderr,
    clock,
    get json() {
      return given.options().json === true
    },
    lookedUp: new Map(),
    stateDirectory: directory,
    tokens,
    demo,
    endpoints,
    gateway: async () => needGateway(await endpoints()),
    admin: async () => needAdmin(await endpoints()),
    originOf: async address => (await endpoints()).origins[address],
    token: async (options = {}) => commandToken({ endpoints: await endpoints(), env, cache: tokens, clock }, options),
  }
}

/**
 * Environment variable with the directory in which, or above which, a demonstration is searched; default: the current
 * one.
 */
export const demoVariable = 'GATEHOUSE_DEMO'

function demoDirectoryOf(env: SignInContext['env'], cwd: string): string {
  const named = env[demoVariable] ?? ''
  return named === '' ? cwd : resolve(cwd, named)
}

function once<Result>(make: () => Promise<Result>): () => Promise<Result> {
  let made: Promise<Result> | null = null
  return () => {
    made ??= make()
    return made
  }
}
