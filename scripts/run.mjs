#!/usr/bin/env node
// Runs a program of this repository on the runtime that the repository brings, and installs it first if needed.
// Plain JavaScript that Node 18 and newer can read, as are the files that it imports: a fresh clone starts with them.
//   node scripts/run.mjs FILE [ARGUMENT...]
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { launch } from '../packages/gateway/bin/launch.mjs'
import { isInstalled } from './installed.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const bin = join(root, 'node_modules', '.bin')
if (!isInstalled(root)) {
  process.stderr.write('Installing dependencies (once, a minute at most) ...\n')
  // Warnings about the machine's own Node do not matter: nothing here runs on it.
  const npm = spawnSync('npm', ['ci', '--no-fund', '--no-audit', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  })
  if (npm.status !== 0) {
    process.stderr.write('✗ install_failed  npm ci did not succeed; its own message is above.\n  Try: npm ci\n')
    process.exit(1)
  }
  // The runtime is one package per platform, each with its checksum in the lockfile; npm passes over those of other
  // platforms.
  if (!existsSync(join(bin, 'node'))) {
    const platform = `${process.platform}-${process.arch}`
    process.stderr.write(`✗ runtime_missing  There is no package with Node for ${platform}.\n`)
    process.stderr.write(
      '  packages/gateway/package.json lists those that exist (optionalDependencies), or npm was told to omit them.\n',
    )
    process.stderr.write('  Try: npm ci --include=optional\n')
    process.exit(1)
  }
}

const env = { ...process.env, PATH: bin + delimiter + (process.env.PATH ?? '') }
launch(join(bin, 'node'), process.argv.slice(2), env, 'a system with glibc; there, npm ci')
