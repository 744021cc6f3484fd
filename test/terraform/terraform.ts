/** Runs the program `terraform` on a copy of `deploy`, with the stand-in for its provider. */
import { spawn, spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** What a run of the program said. */
export interface Ran {
  readonly status: number | null
  /** Both outputs. */
  readonly text: string
  readonly stdout: string
}

/** A copy of `deploy` that may be changed. */
export interface Copy extends Disposable {
  /** Its `terraform` directory. */
  readonly directory: string
}

/** Version of the program on the PATH; null where there is none. */
export function terraformVersion(): string | null {
  const { status, stdout } = spawnSync('terraform', ['version', '-json'], { encoding: 'utf8', env: environment('{}') })
  if (status !== 0) return null
  const { terraform_version }: { readonly terraform_version: string } = JSON.parse(stdout)
  return terraform_version
}

/** Copies `deploy`, since Terraform writes beside what it reads. */
export function copyOfDeploy(): Copy {
  const parent = mkdtempSync(join(tmpdir(), 'gatehouse-terraform-'))
  cpSync(join(import.meta.dirname, '../../deploy'), parent, {
    recursive: true,
    filter: source => !source.includes('.terraform'),
  })
  return {
    directory: join(parent, 'terraform'),
    [Symbol.dispose]: () => rmSync(parent, { recursive: true, force: true }),
  }
}

/**
 * Runs the program in a directory.
 * @param reattach From the stand-in: `RunningProvider.reattach`.
 */
export async function terraform(directory: string, reattach: string, args: readonly string[]): Promise<Ran> {
  const child = spawn('terraform', args, {
    cwd: directory,
    env: environment(reattach),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [stdout, stderr, status] = await Promise.all([
    child.stdout.toArray(),
    child.stderr.toArray(),
    new Promise<number | null>((resolve, reject) => child.on('error', reject).on('close', resolve)),
  ])
  const text = Buffer.concat(stdout).toString('utf8')
  return { status, stdout: text, text: text + Buffer.concat(stderr).toString('utf8') }
}

/** Needs neither a network nor a state elsewhere. */
export const init: readonly string[] = ['init', '-no-color', '-input=false', '-backend=false']
/** Asks nothing. Values of variables come after it. */
export const apply: readonly string[] = ['apply', '-no-color', '-input=false', '-auto-approve']

/** Runs commands one after another until one fails, and says what the last one said. */
export async function inTurn(directory: string, reattach: string, ...commands: (readonly string[])[]): Promise<Ran> {
  let last: Ran = { status: 0, stdout: '', text: '' }
  for (const command of commands) {
    last = await terraform(directory, reattach, command)
    if (last.status !== 0) return last
  }
  return last
}

const none = join(mkdtempSync(join(tmpdir(), 'gatehouse-terraform-rc-')), 'terraformrc')
writeFileSync(none, '')
process.once('exit', () => rmSync(join(none, '..'), { recursive: true, force: true }))

/** The user's own settings and cloud play no part. */
function environment(reattach: string): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([name]) => !/^(?:TF|ARM|AZURE)_/.test(name))
  return {
    ...Object.fromEntries(inherited),
    CHECKPOINT_DISABLE: '1',
    TF_IN_AUTOMATION: '1',
    TF_CLI_CONFIG_FILE: none,
    TF_REATTACH_PROVIDERS: reattach,
  }
}
