/**
 * Codex and Continue's program from npm, kept in `node_modules/.cache`: the versions and checksums of the lockfile in
 * this folder. Nothing of them runs while they are installed.
 */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'

const cache = join(dirname(dirname(import.meta.dirname)), 'node_modules', '.cache', 'tools')
const fetchMsMax = 600_000

/** Why the tools are not there, and what to do. */
export class ToolsMissing extends Error {
  override readonly name = 'ToolsMissing'
}

/**
 * Fetches what is not there yet.
 * @returns the directory with the programs `codex` and `cn`.
 * @throws ToolsMissing when npm does not get them.
 */
export function fetchTools(): string {
  const lockfile = readFileSync(join(import.meta.dirname, 'package-lock.json'))
  const directory = join(cache, createHash('sha256').update(lockfile).digest('hex').slice(0, 16))
  const programs = join(directory, 'node_modules', '.bin')
  if (existsSync(directory)) return programs
  const unfinished = `${directory}.${process.pid}`
  mkdirSync(unfinished, { recursive: true })
  try {
    for (const name of ['package.json', 'package-lock.json']) {
      copyFileSync(join(import.meta.dirname, name), join(unfinished, name))
    }
    process.stdout.write('Fetching Codex and Continue (once) ...\n')
    const args = ['ci', '--ignore-scripts', '--no-fund', '--no-audit', '--loglevel=error']
    const { status, stderr, error } = spawnSync('npm', args, { cwd: unfinished, encoding: 'utf8', timeout: fetchMsMax })
    if (status !== 0) {
      const said = error?.message ?? stderr.trim().split('\n').slice(-2).join(' ')
      throw new ToolsMissing(`npm did not fetch Codex and Continue: ${said}`)
    }
    renameSync(unfinished, directory)
  } finally {
    rmSync(unfinished, { recursive: true, force: true })
  }
  return programs
}
