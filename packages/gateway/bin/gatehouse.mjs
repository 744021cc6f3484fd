#!/usr/bin/env node
// Starts the `gatehouse` command on the Node that this package brings (one optional dependency per platform), because
// it needs a newer one than most machines have. Plain JavaScript that Node 18 and newer can read: this file and
// launch.mjs run on the machine's own Node.
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { launch } from './launch.mjs'

/** First version that runs the command as it is. */
const nodeMajorLeast = 26

// A checkout has sources, which this Node runs without a build; the published package has what was built of them.
const source = new URL('../src/cli/main.ts', import.meta.url)
const main = existsSync(source) ? source : new URL('../dist/cli/main.js', import.meta.url)

if (Number.parseInt(process.versions.node, 10) >= nodeMajorLeast) {
  process.argv[1] = fileURLToPath(main)
  await import(main.href)
} else {
  const runtime = findRuntime()
  if (runtime === null) {
    process.stderr.write(
      `✗ runtime_missing  Node ${process.versions.node} is too old, and no package with Node ${nodeMajorLeast} is installed.\n` +
        `  One comes with this package for Linux, macOS and Windows, unless npm was told to omit optional dependencies.\n` +
        `  Try: npm install --include=optional\n`,
    )
    process.exit(1)
  }
  const next = `install Node ${nodeMajorLeast} or newer; gatehouse then runs on it`
  launch(runtime, [fileURLToPath(main), ...process.argv.slice(2)], process.env, next)
}

/** Path of the packaged Node for this platform; null when npm did not install it. */
function findRuntime() {
  const require = createRequire(import.meta.url)
  const program = process.platform === 'win32' ? 'node.exe' : 'node'
  for (const prefix of ['node', 'node-bin']) {
    const platform = process.platform === 'win32' ? 'win' : process.platform
    try {
      const manifest = require.resolve(`${prefix}-${platform}-${process.arch}/package.json`)
      const path = join(dirname(manifest), 'bin', program)
      if (existsSync(path)) return path
    } catch {
      // Not installed under this name.
    }
  }
  return null
}
