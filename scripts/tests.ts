/** The list of tests and the way to run them: the same for `npm test` and `npm run chaos`. */
import { globSync, readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'

/** Every test file, in the order of their names. */
export function testFiles(): readonly string[] {
  return globSync([
    'packages/*/src/**/*.test.ts',
    'test/**/*.test.ts',
    'bench/**/*.test.ts',
    'scripts/**/*.test.ts',
  ]).sort()
}

/** Test files whose outcome depends on `GATEHOUSE_TEST_SEED`. */
export function seededTestFiles(): readonly string[] {
  return testFiles().filter(file => /from 'fast-check'|seedOfRun/.test(readFileSync(file, 'utf8')))
}

/**
 * Arguments of `node` that run these files, with a fixed seed. As many files at once as there are cores: each starts
 * servers and threads of its own.
 */
export function testArguments(files: readonly string[]): readonly string[] {
  return [
    '--import=./test/support/seeded.ts',
    '--test',
    `--test-concurrency=${availableParallelism()}`,
    '--test-timeout=300000',
    ...files,
  ]
}
