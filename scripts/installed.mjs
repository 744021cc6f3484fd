// Plain JavaScript that Node 18 and newer can read: it runs on the machine's own Node, before anything is installed.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Whether npm has installed what the lockfile lists. npm writes down what it has installed in a lockfile of its own,
 * whoever called it (https://docs.npmjs.com/cli/configuring-npm/package-lock-json#hidden-lockfiles), and leaves out
 * optional packages of other platforms.
 * @param {string} root The folder of package-lock.json.
 * @returns {boolean}
 */
export function isInstalled(root) {
  const wanted = packagesOf(join(root, 'package-lock.json'))
  const installed = packagesOf(join(root, 'node_modules', '.package-lock.json'))
  if (wanted === null || installed === null) return false
  return (
    Object.keys(installed).every(path => path in wanted) &&
    Object.entries(wanted).every(([path, { version, integrity, optional }]) => {
      if (!path.startsWith('node_modules/') && !path.includes('/node_modules/')) return true
      const found = installed[path]
      if (found === undefined) return optional === true
      return found.version === version && found.integrity === integrity
    })
  )
}

function packagesOf(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages ?? null
  } catch {
    return null
  }
}
