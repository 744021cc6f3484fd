/**
 * Apache Kafka from Maven's repository: the broker and its console programs, kept in `node_modules/.cache`, each file
 * compared with its SHA-256 in `artefacts.sha256`.
 */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'

const folder = import.meta.dirname
const cache = join(dirname(dirname(folder)), 'node_modules', '.cache', 'kafka')
const fetchMsMax = 300_000

/** Why there is no Kafka, and what to do. */
export class KafkaMissing extends Error {
  override readonly name = 'KafkaMissing'
}

/**
 * Fetches what is not there yet.
 * @returns the directory of the jars.
 * @throws KafkaMissing when Maven does not get it, or gets something else.
 */
export function fetchKafka(): string {
  const wanted = readFileSync(join(folder, 'artefacts.sha256'), 'utf8')
  const directory = join(cache, createHash('sha256').update(wanted).digest('hex').slice(0, 16))
  if (existsSync(directory)) return directory
  const unchecked = `${directory}.${process.pid}`
  mkdirSync(cache, { recursive: true })
  try {
    runMaven(unchecked)
    const found = checksums(unchecked)
    if (found !== wanted) throw new KafkaMissing(difference(wanted, found))
    renameSync(unchecked, directory)
  } finally {
    rmSync(unchecked, { recursive: true, force: true })
  }
  return directory
}

function runMaven(directory: string): void {
  const { status, stdout, error } = spawnSync(
    'mvn',
    [
      ...['--quiet', '--batch-mode', '--strict-checksums', '--file', join(folder, 'pom.xml')],
      ...['dependency:copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${directory}`],
    ],
    { encoding: 'utf8', timeout: fetchMsMax, env: { ...process.env, TERM: 'dumb' } },
  )
  if (error !== undefined) throw new KafkaMissing(`Maven could not be run: ${error.message}`)
  if (status === 0) return
  const lines = stdout.split('\n').filter(line => line.startsWith('[ERROR]'))
  throw new KafkaMissing(
    `Maven did not get Apache Kafka; its repository may not be reached from here.\n  ${lines[0] ?? 'It gave no reason.'}`,
  )
}

/** As `sha256sum *.jar` prints them. */
function checksums(directory: string): string {
  return readdirSync(directory)
    .sort()
    .map(
      file =>
        `${createHash('sha256')
          .update(readFileSync(join(directory, file)))
          .digest('hex')}  ${file}\n`,
    )
    .join('')
}

function difference(wanted: string, found: string): string {
  const lines = new Set(wanted.split('\n'))
  const other = found.split('\n').find(line => !lines.has(line))
  return other === undefined
    ? 'Maven got fewer files of Apache Kafka than scripts/kafka/artefacts.sha256 lists.'
    : `Maven got a file that scripts/kafka/artefacts.sha256 does not list: ${other}`
}
