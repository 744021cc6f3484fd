/** Runs commands as the program does and collects their output, for tests. */
import type { EventEmitter } from 'node:events'
import { Readable } from 'node:stream'
import { Command } from 'commander'
import type { Clock } from '../clock.ts'
import { aboutCommand } from './commands/about.ts'
import { attentionCommand } from './commands/attention.ts'
import { auditCommand } from './commands/audit.ts'
import { chatCommand } from './commands/chat.ts'
import { configCommand } from './commands/config.ts'
import { feedsCommand } from './commands/feeds.ts'
import { instancesCommand } from './commands/instances.ts'
import { ledgerCommand } from './commands/ledger.ts'
import { limitsCommand } from './commands/limits.ts'
import { logCommand } from './commands/log.ts'
import { peopleCommand } from './commands/people.ts'
import { pricesCommand } from './commands/prices.ts'
import { queryCommand } from './commands/query.ts'
import { recordsCommand } from './commands/records.ts'
import { smokeCommand } from './commands/smoke.ts'
import { sourcesCommand } from './commands/sources.ts'
import { usageCommand } from './commands/usage.ts'
import { workloadsCommand } from './commands/workloads.ts'
import type { CliContext } from './context.ts'
import { CliError, type ExitCode, reportError } from './errors.ts'
import type { TokenOptions } from './options.ts'
import { prepareProgram } from './prepare.ts'

export interface Run {
  readonly code: ExitCode
  readonly out: string
  readonly err: string
}

export interface RunOptions {
  readonly gateway?: string
  readonly admin?: string
  /** Default: an invalid token. */
  readonly token?: (options?: TokenOptions) => Promise<string>
  readonly json?: boolean
  readonly env?: Record<string, string>
  /** Standard input; absent: a terminal without input. */
  readonly input?: string | Uint8Array
  /** Instead of `nowMs`, for times that pass. */
  readonly clock?: Clock
  /** Width of the terminal; absent: output goes into a pipe. */
  readonly columns?: number
  /** Milliseconds since the epoch; default 2026-11-23T12:00:00Z. */
  readonly nowMs?: number
  /** Emits `write` with the text for each piece of output. */
  readonly watch?: EventEmitter
}

export async function run(args: readonly string[], options: RunOptions = {}): Promise<Run> {
  const written = { out: '', err: '' }
  const terminal = options.columns === undefined ? {} : { isTTY: true, columns: options.columns }
  const output = (to: 'out' | 'err') => ({
    ...terminal,
    write(text: string) {
      written[to] += text
      options.watch?.emit('write', text)
    },
  })
  const stdin = Object.assign(Readable.from(options.input === undefined ? [] : [Buffer.from(options.input)]), {
    isTTY: options.input === undefined,
  })
  const known = (url: string | undefined) => async () => {
    if (url === undefined) throw new CliError('address_unknown', 'This test has no such address.')
    return url
  }
  const program = new Command('gatehouse')
  const context: CliContext = {
    env: options.env ?? {},
    cwd: '/',
    program: 'gatehouse',
    stdin,
    stdout: output('out'),
    stderr: output('err'),
    clock: options.clock ?? (() => options.nowMs ?? Date.UTC(2026, 10, 23, 12)),
    get json() {
      return program.getOptionValue('json') === true
    },
    lookedUp: new Map(),
    demo: async () => null,
    gateway: known(options.gateway),
    admin: known(options.admin),
    originOf: async address => `--${address}`,
    token: options.token ?? (async () => 'a.b.c'),
  }
  program.addCommand(usageCommand(context)).addCommand(recordsCommand(context))
  const further = [
    aboutCommand,
    attentionCommand,
    peopleCommand,
    workloadsCommand,
    chatCommand,
    limitsCommand,
    instancesCommand,
    feedsCommand,
    sourcesCommand,
    pricesCommand,
    ledgerCommand,
    smokeCommand,
    logCommand,
    auditCommand,
    queryCommand,
    configCommand,
  ]
  for (const command of further) program.addCommand(command(context))
  prepareProgram(program, context)
  if (options.json === true) program.setOptionValue('json', true)
  try {
    await program.parseAsync(args, { from: 'user' })
    return { code: 0, ...written }
  } catch (error) {
    const code = reportError(error, { json: context.json, stderr: context.stderr })
    return { code, ...written }
  }
}
