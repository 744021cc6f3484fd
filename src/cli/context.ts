/** What every command is given: where the gateway is, who calls, and where to print. */
import type { Readable } from 'node:stream'
import type { Command } from 'commander'
import type { Clock } from '../clock.ts'
import type { DemoState } from './demo-state.ts'

export { type DemoState, findDemoState, removeDemoState, writeDemoState } from './demo-state.ts'

/** Where a command prints. `columns` is null when it is no terminal. */
export interface Output {
  write(text: string): unknown
  readonly isTTY?: boolean | undefined
  readonly columns?: number | undefined
}

/** Options of the program itself, valid before and after the name of a command. */
export interface GlobalOptions {
  /** `--gateway URL` */
  readonly gateway?: string
  /** `--admin URL` */
  readonly admin?: string
  /** `--json` */
  readonly json?: boolean
}

export interface TokenOptions {
  /**
   * In the demonstration: the short name of a person or an application, as `alice`; default `carol`, who may read everything.
   * Elsewhere: the account among those that signed in here, as `alice@contoso.com`.
   */
  readonly as?: string | undefined
  /** Default: the scope that the gateway asks for. */
  readonly scope?: string | undefined
}

export interface CliContext {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  readonly stdin: Readable & { readonly isTTY?: boolean | undefined }
  readonly stdout: Output
  readonly stderr: Output
  readonly clock: Clock
  /** True with `--json`: results and errors are JSON. Read it when the command runs, not before. */
  readonly json: boolean
  /** The demonstration that runs here; null when none does. */
  demo(): Promise<DemoState | null>
  /**
   * Base URL of the gateway, without a trailing slash: `--gateway`, GATEHOUSE_GATEWAY, what `login` saved, the demonstration.
   * @throws CliError `gateway_unknown`, `url_invalid`
   */
  gateway(): Promise<string>
  /**
   * Base URL of the management API, likewise with `--admin` and GATEHOUSE_ADMIN.
   * @throws CliError `admin_unknown`, `url_invalid`
   */
  admin(): Promise<string>
  /**
   * An access token for the gateway and its management API. Signs in without a person where it can (cache, refresh, client
   * credentials from the environment, the demonstration's directory); never opens a browser.
   * @throws CliError `not_signed_in`, `sign_in_failed` and others of src/cli/sign-in.ts
   */
  token(options?: TokenOptions): Promise<string>
}

/** Every command file exports one such function. */
export type CommandFactory = (context: CliContext) => Command
