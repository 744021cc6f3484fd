/** A terminal for tests: runs the commands that sign in as `gatehouse` would, and collects their output. */

import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import type { TestContext } from 'node:test'
import { azureCliClientId, demoAudience, demoDirectory, type EntraSimulator } from '@gatehouse/simulator'
import { Command } from 'commander'
import { temporaryDirectory } from '../../../../../test/support/directory.ts'
import { connectCommand } from '../commands/connect.ts'
import { loginCommand, logoutCommand } from '../commands/login.ts'
import { tokenCommand } from '../commands/token.ts'
import { whoamiCommand } from '../commands/whoami.ts'
import { createContext, type DemoState, writeDemoState } from '../context.ts'
import { type ExitCode, reportError } from '../errors.ts'
import { prepareProgram } from '../prepare.ts'

export interface Ran {
  readonly exitCode: ExitCode
  readonly stdout: string
  readonly stderr: string
}

export interface Terminal {
  /** The current directory; empty at first, as is the state directory. */
  cwd: string
  readonly stateHome: string
  env: Record<string, string>
  /** True: a person sits in front of it. Default false. */
  isTTY: boolean
  /** Called with everything that goes to standard error while the command runs. */
  watch: (text: string) => void
  run(...words: readonly string[]): Promise<Ran>
}

export async function terminalOf(): Promise<Terminal> {
  const cwd = temporaryDirectory('cli')
  const stateHome = join(cwd, 'state')
  const terminal: Terminal = {
    cwd,
    stateHome,
    env: { XDG_STATE_HOME: stateHome },
    isTTY: false,
    watch: () => {},
    run: (...words) => runCommand(terminal, words),
  }
  return terminal
}

async function runCommand(terminal: Terminal, words: readonly string[]): Promise<Ran> {
  const printed = { stdout: '', stderr: '' }
  const stdout = { write: (text: string) => (printed.stdout += text) }
  const stdin = Object.assign(Readable.from([]), { isTTY: terminal.isTTY })
  const stderr = {
    isTTY: terminal.isTTY,
    write(text: string) {
      printed.stderr += text
      terminal.watch(text)
    },
  }
  const program = new Command('gatehouse')
  const context = createContext({
    options: () => program.opts(),
    env: terminal.env,
    cwd: terminal.cwd,
    stdin,
    stdout,
    stderr,
  })
  for (const make of [loginCommand, logoutCommand, tokenCommand, whoamiCommand, connectCommand])
    program.addCommand(make(context))
  prepareProgram(program, context)
  try {
    await program.parseAsync([...words], { from: 'user' })
    return { exitCode: 0, ...printed }
  } catch (error) {
    const exitCode = reportError(error, { json: context.json, stderr })
    return { exitCode, ...printed }
  }
}

/** Makes commands see a demonstration that runs in `directory`. */
export async function demoIn(
  directory: string,
  entra: EntraSimulator,
  changes: Partial<DemoState> = {},
): Promise<DemoState> {
  const state: DemoState = {
    gateway: 'http://127.0.0.1:9',
    admin: 'http://127.0.0.1:10',
    authority: entra.url,
    tenantId: demoDirectory.tenantId,
    clientId: azureCliClientId,
    scope: `${demoAudience}/.default`,
    certificate: null,
    pid: process.pid,
    people: demoDirectory.people.map(({ name, userPrincipalName, password }) => ({
      name,
      userPrincipalName,
      password,
    })),
    applications: demoDirectory.applications.flatMap(({ name, appId, secret }) =>
      secret === null ? [] : [{ name, appId, secret }],
    ),
    ...changes,
  }
  await writeDemoState(directory, state)
  return state
}

/** A service on loopback, stopped with the test. */
export async function serviceOf(t: TestContext, answer: RequestListener): Promise<string> {
  const server = createServer(answer)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** A gateway that only serves its sign-in metadata (RFC 9728). */
export function metadataOf(document: unknown): RequestListener {
  return (request, response) => {
    const found = request.url === '/.well-known/oauth-protected-resource'
    response.writeHead(found ? 200 : 404, { 'content-type': 'application/json' }).end(JSON.stringify(document))
  }
}
