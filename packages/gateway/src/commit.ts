/** The commit of a checkout, from the files of its repository. */
import { readFileSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'

/**
 * @param root folder that has `.git`.
 * @returns 40 hexadecimal digits; null where there is no repository, as in a published package.
 */
export function commitOf(root: string): string | null {
  try {
    const folder = repositoryOf(join(root, '.git'))
    const head = textOf(join(folder, 'HEAD'))
    const [, reference] = /^ref: (refs\/\S+)$/.exec(head) ?? []
    if (reference === undefined) return commitIn(head)
    // A further work tree has its own HEAD and shares everything else.
    const shared = optional(() => resolve(folder, textOf(join(folder, 'commondir')))) ?? folder
    return commitIn(optional(() => textOf(join(shared, reference))) ?? packed(shared, reference))
  } catch {
    return null
  }
}

/** In a further work tree, `.git` is a file that says where the repository is. */
function repositoryOf(git: string): string {
  if (statSync(git).isDirectory()) return git
  const [, folder = ''] = /^gitdir: (.+)$/.exec(textOf(git)) ?? []
  return resolve(dirname(git), folder)
}

function packed(folder: string, reference: string): string {
  const lines = textOf(join(folder, 'packed-refs')).split('\n')
  return lines.find(line => line.endsWith(` ${reference}`))?.split(' ')[0] ?? ''
}

function commitIn(text: string): string | null {
  return /^[0-9a-f]{40}$/.test(text) ? text : null
}

function textOf(file: string): string {
  return readFileSync(file, 'utf8').trim()
}

function optional<T>(read: () => T): T | null {
  try {
    return read()
  } catch {
    return null
  }
}
