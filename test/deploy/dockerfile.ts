/** The Dockerfile, for tests that run its commands as processes of this machine. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..', '..')
const dockerfile = readFileSync(join(root, 'Dockerfile'), 'utf8')

/** Arguments of an instruction of the Dockerfile that is written as a list. */
export function instruction(name: string): readonly string[] {
  const found = new RegExp(`^${name} (\\[.*\\])$`, 'm').exec(dockerfile)?.[1]
  assert.ok(found, `the Dockerfile has ${name}`)
  return JSON.parse(found) as readonly string[]
}

/** A command of the image with the programs of this checkout. */
export function ownCommand(command: readonly string[]): readonly string[] {
  return command.map(arg =>
    arg
      .replace(/^\/opt\/gatehouse\/node$/, process.execPath)
      .replace(/^\/opt\/gatehouse\/node_modules\/@gatehouse\/(\w+)\/dist\/(.*)\.js$/, `${root}/packages/$1/src/$2.ts`),
  )
}
