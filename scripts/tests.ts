/** The lists of tests and the way to run them: the same for `npm test`, `npm run chaos` and `npm run interop`. */
import { globSync, readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { dirname, join } from 'node:path'

/** Every test file of `npm test`. The runner sorts them by their paths. */
export function testFiles(): readonly string[] {
  const apart = new Set(interopFiles())
  return ['test/**/*.test.ts', 'scripts/**/*.test.ts', 'packages/*/src/**/*.test.ts', 'bench/**/*.test.ts'].flatMap(
    pattern =>
      globSync(pattern)
        .filter(file => !apart.has(file))
        .sort(),
  )
}

/** Test files that need programs which Maven fetches. */
export function interopFiles(): readonly string[] {
  return globSync('test/interop/**/*.test.ts').sort()
}

/** Test files whose outcome depends on `GATEHOUSE_TEST_SEED`. */
export function seededTestFiles(): readonly string[] {
  return testFiles().filter(file => /from 'fast-check'|seedOfRun/.test(readFileSync(file, 'utf8')))
}

/**
 * Arguments of `node` that run these files, with a fixed seed. Two files at once for each core, and one more: a file
 * that waits for a process, a page or a window of a limit leaves its core idle.
 * @param fileMsMax Longest time for a file. The longest takes one minute, and five where others use the cores too.
 */
export function testArguments(files: readonly string[], fileMsMax = 600_000): readonly string[] {
  return [
    '--import=./test/support/seeded.ts',
    '--test',
    `--test-concurrency=${2 * availableParallelism() + 1}`,
    `--test-timeout=${fileMsMax}`,
    ...files,
  ]
}

/**
 * Environment of the tests. Compiled code is kept: every file is a process of its own and imports hundreds of modules,
 * and so do the processes that tests start.
 */
export function testEnvironment(seed: number): NodeJS.ProcessEnv {
  return {
    ...process.env,
    GATEHOUSE_TEST_SEED: String(seed),
    NODE_COMPILE_CACHE: join(dirname(import.meta.dirname), 'node_modules', '.cache', 'tests'),
  }
}
