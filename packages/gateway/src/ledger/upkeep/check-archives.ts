import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { DuckDBConnection } from '@duckdb/node-api'
import { type Archive, archivedSql, archivePath, checksumOf, readArchives, unknownFiles } from '../store/archives.ts'
import type { CheckedPart } from './index.ts'
import { openReading } from './reading.ts'
import { counted } from './words.ts'

/** Compares the files of archives with what the store knows of them, reading every byte. */
export async function checkArchives(directory: string): Promise<CheckedPart> {
  const reading = await openReading({ ledger: directory })
  try {
    const { connection } = reading
    const archives = await readArchives(connection)
    const faults = (await damagedArchives(connection, archivePath(directory))).map(({ fault }) => fault)
    const records = archives.reduce((sum, archive) => sum + archive.records, 0)
    const unknown = await unknownFiles(connection, archivePath(directory))
    const notes = unknown.map(file => `the store does not know ${file}: gatehouse ledger rebuild takes it over`)
    const checked = `${counted(archives.length, 'file')}, ${counted(records, 'record')}`
    return { part: 'archives', checked, faults, notes }
  } finally {
    reading.close()
  }
}

export interface DamagedArchive {
  /** Relative to the directory of archives. */
  readonly file: string
  readonly fault: string
}

/** Archives that are not as the store knows them. @param directory of the archives. */
export async function damagedArchives(
  connection: DuckDBConnection,
  directory: string,
): Promise<readonly DamagedArchive[]> {
  const damaged: DamagedArchive[] = []
  for (const archive of await readArchives(connection)) {
    const faults = await faultsOf(connection, directory, archive)
    damaged.push(...faults.map(fault => ({ file: archive.file, fault })))
  }
  return damaged
}

async function faultsOf(connection: DuckDBConnection, directory: string, archive: Archive): Promise<string[]> {
  const { file, bytes, checksum, records, firstId, lastId, day } = archive
  const path = join(directory, file)
  if (!existsSync(path)) return [`${file} is missing`]
  if (statSync(path).size !== bytes) return [`${file} has not the ${counted(bytes, 'byte')} that were written`]
  if (checksumOf(path) !== checksum) return [`${file} is not as it was written`]
  try {
    const found = await connection.runAndReadAll(
      `SELECT count(*), min(id)::VARCHAR, max(id)::VARCHAR, min(start_day), max(start_day)
       FROM (${archivedSql(directory, [archive])})`,
    )
    const [count, first, last, firstDay, lastDay] = found.getRows()[0] ?? []
    const isSame =
      Number(count) === records && first === firstId && last === lastId && firstDay === day && lastDay === day
    return isSame ? [] : [`${file} does not have the records that the store knows of it`]
  } catch (error) {
    return [`${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`]
  }
}
