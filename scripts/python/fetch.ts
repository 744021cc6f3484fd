/**
 * Libraries for Python from the Python Package Index, kept in `node_modules/.cache`: the versions and checksums of
 * `requirements.txt` (readers of Parquet) and `clients.txt` (clients of models), wheels only, so nothing of them runs
 * while they are installed.
 */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'

const folder = import.meta.dirname
const cache = join(dirname(dirname(folder)), 'node_modules', '.cache', 'python')
const fetchMsMax = 600_000

/** Why the packages are not there, and what to do. */
export class PythonMissing extends Error {
  override readonly name = 'PythonMissing'
}

export const pythonLists = ['requirements.txt', 'clients.txt'] as const

/**
 * Fetches what is not there yet.
 * @returns the directory for `PYTHONPATH`.
 * @throws PythonMissing when pip does not get it.
 */
export function fetchPython(list: (typeof pythonLists)[number]): string {
  const requirements = join(folder, list)
  const { stdout } = spawnSync('python3', ['-c', 'import platform, sys; print(sys.version, platform.machine())'])
  const wanted = createHash('sha256').update(readFileSync(requirements)).update(stdout)
  const directory = join(cache, wanted.digest('hex').slice(0, 16))
  if (existsSync(directory)) return directory
  const unfinished = `${directory}.${process.pid}`
  mkdirSync(cache, { recursive: true })
  try {
    install(requirements, unfinished)
    renameSync(unfinished, directory)
  } finally {
    rmSync(unfinished, { recursive: true, force: true })
  }
  return directory
}

function install(requirements: string, target: string): void {
  process.stdout.write(`Fetching libraries for Python (once) ...\n`)
  const checked = ['--require-hashes', '--only-binary=:all:', '--no-deps']
  const { status, stderr, error } = spawnSync(
    'python3',
    [
      '-m',
      'pip',
      'install',
      '--quiet',
      '--disable-pip-version-check',
      ...checked,
      '--target',
      target,
      '-r',
      requirements,
    ],
    { stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8', timeout: fetchMsMax },
  )
  if (status === 0) return
  const said = error?.message ?? stderr.trim().split('\n').slice(-3).join(' ')
  throw new PythonMissing(`pip did not fetch ${requirements} from the Python Package Index: ${said}`)
}
