/**
 * Loaded before every test file: properties without a seed of their own take the seed of the run, so that two runs of
 * the same code try the same values. `npm run chaos` runs them with new seeds. A file that does not end after its last
 * test is ended.
 */
import { after } from 'node:test'
import { isMainThread } from 'node:worker_threads'
import fc from 'fast-check'
import { seedOfRun } from './random.ts'

const lingerSecondsMax = 60

fc.configureGlobal({ seed: seedOfRun() })

// The runner gives time limits to tests alone: it would wait without end for a file that something keeps alive. It sets
// this variable for the processes of test files, in which their threads load this module too.
if (isMainThread && process.env['NODE_TEST_CONTEXT'] !== undefined) {
  after(() => {
    // Seconds in which the process could run: hooks that remove large folders block it, and it ends right after them.
    let seconds = 0
    setInterval(() => {
      seconds += 1
      if (seconds < lingerSecondsMax) return
      const left = process.getActiveResourcesInfo().join(', ')
      process.stderr.write(
        `✗ ${process.argv[1]} has not ended ${lingerSecondsMax} s after its last test. Left: ${left}\n`,
      )
      process.exit(1)
    }, 1_000).unref()
  })
}
